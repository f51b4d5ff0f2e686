#pragma once

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/detail/standard_score.hpp"

namespace bayestuner::acquisition {

/// Expected gain over the incumbent under a Gaussian posterior (minimising).
/// EI = d * Phi(d / s) + s * phi(d / s), d = incumbent - mean; s = 0 gives max(d, 0).
/// Source: Jones, Schonlau & Welch 1998, doi:10.1023/A:1008306431147, eq. 15.
class ExpectedImprovement {
 public:
  /// `incumbent`: best value so far, objective's unit. Throws InvalidArgument if not finite.
  explicit ExpectedImprovement(double incumbent)
      : incumbent_(require_finite("ExpectedImprovement: incumbent", incumbent)) {}

  /// Scores (n) >= 0, objective's unit.
  Eigen::VectorXd operator()(const Posterior& p) const {
    require_posterior("ExpectedImprovement", p);
    return bayestuner::detail::by_blocks(p.mean.size(), [&](Eigen::Index first, Eigen::Index count) {
      const detail::NormalBlock z = detail::standard_score(p, incumbent_, first, count), u = z.abs();
      // max(d, 0) + s * (h(z) - max(z, 0)): no cancellation on either side.
      const detail::NormalBlock gain = bayestuner::detail::negative_exp<detail::NormalBlock>(-0.5 * z * z) *
                                       bayestuner::detail::gain_ratio(u) / sqrt_two_pi;
      return detail::NormalBlock((incumbent_ - p.mean.segment(first, count).array()).max(0.0) +
                                 p.stddev.segment(first, count).array() * gain);
    });
  }

 private:
  double incumbent_;
};
static_assert(Acquisition<ExpectedImprovement>);

}  // namespace bayestuner::acquisition
