#pragma once

#include <Eigen/Core>
#include <cmath>
#include <concepts>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::acquisition {

// The half of Acquisition beside copying, named so that a compiler's refusal says what is missing.
template <class A>
concept ScoresPosterior = requires(const A a, const Posterior& p) {
                            { a(p) } -> std::same_as<Eigen::VectorXd>;
                          };

/// Scores candidates; a higher score is measured sooner (objectives are minimised).
/// `a(p)`: one score per row of `p` (n), same order, never NaN; pure, so equal input gives equal output.
/// Throws InvalidArgument where the sizes differ, a mean is not finite, or a standard deviation is negative or not
/// finite.
/// Models: ExpectedImprovement, LogExpectedImprovement, ProbabilityOfImprovement, LogProbabilityOfImprovement,
/// UpperConfidenceBound, Constrained. Checked by conformance/acquisition.hpp.
template <class A>
concept Acquisition = std::copyable<A> && ScoresPosterior<A>;

/// Scores candidates for several objectives: `a(beliefs)` takes one belief an objective about the same n candidates and
/// gives one score a candidate, on the terms of Acquisition.
/// Models: LogExpectedHypervolumeImprovement, LogHypervolumeProbabilityOfImprovement, LogProbabilityOfFrontImprovement,
/// Constrained. Checked by conformance/acquisition.hpp.
template <class A>
concept FrontAcquisition = std::copyable<A> && requires(const A a, const std::vector<Posterior>& beliefs) {
                                                 { a(beliefs) } -> std::same_as<Eigen::VectorXd>;
                                               };

/// Throws InvalidArgument, naming `where`, unless `p` is a belief: equal sizes, finite means, finite stddev >= 0.
inline void require_posterior(const char* where, const Posterior& p) {
  require_same_size(where, p.mean, p.stddev);
  if (p.mean.allFinite() && p.stddev.allFinite() && (p.stddev.array() >= 0.0).all()) return;
  for (Eigen::Index i = 0; i < p.mean.size(); ++i) {
    const std::string row = "[" + std::to_string(i) + "]: ";
    if (!std::isfinite(p.mean[i])) {
      throw InvalidArgument(std::string(where) + ": mean" + row + to_text(p.mean[i]) + " is not finite");
    }
    if (!std::isfinite(p.stddev[i]) || p.stddev[i] < 0.0) {
      throw InvalidArgument(std::string(where) + ": stddev" + row + to_text(p.stddev[i]) + " is not in [0, inf)");
    }
  }
}

/// `value`, or InvalidArgument naming `what` where it is not finite.
inline double require_finite(const char* what, double value) {
  if (!std::isfinite(value)) throw InvalidArgument(std::string(what) + ": " + to_text(value) + " is not finite");
  return value;
}

}  // namespace bayestuner::acquisition
