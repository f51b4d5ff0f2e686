#pragma once

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/detail/standard_score.hpp"

namespace bayestuner::acquisition {

/// Logarithm of the probability to be better than the incumbent, ln Phi((incumbent - mean) / s).
/// Source: Kushner 1964, doi:10.1115/1.3653121.
class LogProbabilityOfImprovement {
 public:
  /// `incumbent`: best value so far, objective's unit. Throws InvalidArgument if not finite.
  explicit LogProbabilityOfImprovement(double incumbent)
      : incumbent_(require_finite("LogProbabilityOfImprovement: incumbent", incumbent)) {}

  /// Scores (n) <= 0.
  Eigen::VectorXd operator()(const Posterior& p) const {
    require_posterior("LogProbabilityOfImprovement", p);
    return bayestuner::detail::by_blocks(p.mean.size(), [&](Eigen::Index first, Eigen::Index count) {
      return bayestuner::detail::log_normal_cdf(detail::standard_score(p, incumbent_, first, count));
    });
  }

 private:
  double incumbent_;
};
static_assert(Acquisition<LogProbabilityOfImprovement>);

/// Probability to be better than the incumbent, Phi((incumbent - mean) / s); s = 0 gives 1, 1/2 or 0.
class ProbabilityOfImprovement {
 public:
  /// `incumbent`: best value so far, objective's unit. Throws InvalidArgument if not finite.
  explicit ProbabilityOfImprovement(double incumbent)
      : incumbent_(require_finite("ProbabilityOfImprovement: incumbent", incumbent)) {}

  /// Scores (n) in [0, 1].
  Eigen::VectorXd operator()(const Posterior& p) const {
    require_posterior("ProbabilityOfImprovement", p);
    Eigen::VectorXd score(p.mean.size());
    for (Eigen::Index i = 0; i < score.size(); ++i) {
      const double d = incumbent_ - p.mean[i], s = std::max(p.stddev[i], detail::sharpest);
      score[i] = normal_cdf(d / s);
    }
    return score;
  }

 private:
  double incumbent_;
};
static_assert(Acquisition<ProbabilityOfImprovement>);

}  // namespace bayestuner::acquisition
