#pragma once
// Two clusters of inputs; model `left` is right on one, `right` on the other.

#include <string>

#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace bayestuner::selection {

struct Clusters {
  FeatureMatrix x;
  ScoreMatrix scores;
  CostModel costs;
};

inline Clusters clusters(Eigen::Index n, std::uint64_t seed, double gap = 12.0) {
  Random random(seed);
  Eigen::MatrixXd x(n, 2), y(n, 2);
  for (Eigen::Index i = 0; i < n; ++i) {
    const bool second = random.uniform() < 0.5;
    x(i, 0) = random.normal() + (second ? gap : 0.0);
    x(i, 1) = random.normal();
    y(i, 0) = second ? 0.0 : 1.0;
    y(i, 1) = second ? 1.0 : 0.0;
  }
  return {features(x), {.models = {"left", "right"}, .values = y}, {.per_call = Eigen::Vector2d(1.0, 3.0)}};
}

}  // namespace bayestuner::selection
