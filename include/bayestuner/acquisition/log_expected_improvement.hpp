#pragma once

#include <limits>

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/detail/standard_score.hpp"

namespace bayestuner::acquisition {

/// Logarithm of ExpectedImprovement, ln s + ln h(d / s), exact where EI itself underflows: far from the optimum that is
/// most of the space, and an argmax over zeros is arbitrary.
/// s = 0 gives ln d where the mean is below the incumbent, else a very low finite number.
/// Source: Ament et al. 2023, arXiv:2310.20708, eq. 9.
class LogExpectedImprovement {
 public:
  /// `incumbent`: best value so far, objective's unit. Throws InvalidArgument if not finite.
  explicit LogExpectedImprovement(double incumbent)
      : incumbent_(require_finite("LogExpectedImprovement: incumbent", incumbent)) {}

  /// Scores (n), logarithm of the objective's unit.
  Eigen::VectorXd operator()(const Posterior& p) const {
    using detail::NormalBlock;
    require_posterior("LogExpectedImprovement", p);
    return bayestuner::detail::by_blocks(p.mean.size(), [&](Eigen::Index first, Eigen::Index count) {
      const NormalBlock z = detail::standard_score(p, incumbent_, first, count);
      const NormalBlock above = z.max(0.0), below = z.min(0.0), u = z.abs();
      // The factor exp(-z^2/2) of the lower tail is taken out of the logarithm, that of the upper tail stays in it.
      const NormalBlock rest =
          bayestuner::detail::negative_exp<NormalBlock>(-0.5 * above * above) * bayestuner::detail::gain_ratio(u);
      const NormalBlock gain = (incumbent_ - p.mean.segment(first, count).array()).max(0.0) +
                               p.stddev.segment(first, count).array() * rest / sqrt_two_pi;
      return NormalBlock(bayestuner::detail::positive_log(gain) - 0.5 * below * below);
    });
  }

  /// Score of one point, d score / d mean and d score / d stddev (for stddev > 0): what a continuous search climbs.
  struct WithGradient {
    double value, by_mean, by_stddev;
  };
  WithGradient with_gradient(double mean, double stddev) const {
    const double s = std::max(stddev, detail::sharpest), z = (incumbent_ - mean) / s;
    const double slope = log_h_derivative(z);  // d ln h / dz
    // 1 - z * slope = phi / h: the form without cancellation.
    const double u = std::abs(bayestuner::detail::within_reach(z));
    const double density = z < 0.0 ? 1.0 / bayestuner::detail::gain_ratio(u) : normal_pdf(z) / normal_gain(z);
    return {std::log(s) + log_h(z), -slope / s, density / s};
  }

 private:
  double incumbent_;
};
static_assert(Acquisition<LogExpectedImprovement>);

}  // namespace bayestuner::acquisition
