#pragma once

#include "bayestuner/core/normal.hpp"
#include "bayestuner/core/posterior.hpp"

namespace bayestuner::acquisition::detail {

using bayestuner::detail::NormalBlock;

// A certain belief (stddev 0) becomes a very sharp one: the scores keep their order and stay finite.
inline constexpr double sharpest = 1e-300;

/// (threshold - mean) / stddev for `count` rows from `first` on, kept where squares do not overflow.
inline NormalBlock standard_score(const Posterior& p, double threshold, Eigen::Index first, Eigen::Index count) {
  constexpr double reach = bayestuner::detail::largest_z;
  return ((threshold - p.mean.segment(first, count).array()) / p.stddev.segment(first, count).array().max(sharpest))
      .max(-reach)
      .min(reach);
}

}  // namespace bayestuner::acquisition::detail
