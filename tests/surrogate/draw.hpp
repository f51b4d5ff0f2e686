#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "bayestuner/core/random.hpp"

namespace bayestuner::surrogate {

/// Uniform in [0, 1), shape (n, d).
inline Eigen::MatrixXd draw(Eigen::Index n, Eigen::Index d, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd x(n, d);
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = random.uniform();
  return x;
}

}  // namespace bayestuner::surrogate
