#pragma once

#include <Eigen/Core>
#include <string>

#include "bayestuner/core/error.hpp"

namespace bayestuner {

/// Marginal normal beliefs about n points: what surrogates give and acquisitions take.
struct Posterior {
  Eigen::VectorXd mean;    ///< (n)
  Eigen::VectorXd stddev;  ///< (n), >= 0
};

/// Throws InvalidArgument, naming `where`, unless both have the same size.
inline void require_same_size(const char* where, const Eigen::Ref<const Eigen::VectorXd>& a,
                              const Eigen::Ref<const Eigen::VectorXd>& b) {
  if (a.size() != b.size()) {
    throw InvalidArgument(std::string(where) + ": sizes differ, " + std::to_string(a.size()) + " and " +
                          std::to_string(b.size()));
  }
}

}  // namespace bayestuner
