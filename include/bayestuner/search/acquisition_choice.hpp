#pragma once
/// Which acquisition a Bayesian optimisation uses, and how its scores meet the probability of feasibility.

#include <Eigen/Core>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/expected_improvement.hpp"
#include "bayestuner/acquisition/log_expected_improvement.hpp"
#include "bayestuner/acquisition/probability_of_improvement.hpp"
#include "bayestuner/acquisition/upper_confidence_bound.hpp"

namespace bayestuner::search {

/// What a score measures: this decides how feasibility enters.
enum class ScoreKind {
  logarithm,  ///< of a gain or a probability: ln PF is added
  gain,       ///< not negative: its logarithm, and ln PF
  level       ///< any other: it orders the rows with PF >= 1/2; the rest stand below them, ordered by PF
};

/// Scores candidates for one objective, given the incumbent in the model's own (standardised, minimised) unit.
class AcquisitionChoice {
 public:
  using Score = std::function<Eigen::VectorXd(const Posterior&)>;

  /// `make(incumbent)` gives any model of Acquisition.
  template <class Make>
    requires acquisition::Acquisition<std::invoke_result_t<const Make&, double>>
  AcquisitionChoice(Make make, ScoreKind kind)
      : make_([make = std::move(make)](double incumbent) { return Score(make(incumbent)); }), kind_(kind) {}

  /// Scores (n) from a belief and ln PF (n).
  Eigen::VectorXd operator()(const Posterior& belief, double incumbent, const Eigen::VectorXd& log_feasible) const {
    Eigen::VectorXd score = make_(incumbent)(belief);
    if (kind_ == ScoreKind::gain) score = score.array().max(std::numeric_limits<double>::min()).log();
    if (kind_ != ScoreKind::level) return score + log_feasible;
    const double lowest = score.size() > 0 ? score.minCoeff() : 0.0;
    for (Eigen::Index i = 0; i < score.size(); ++i) {
      if (log_feasible[i] < std::log(0.5)) score[i] = lowest + log_feasible[i];
    }
    return score;
  }

 private:
  std::function<Score(double)> make_;
  ScoreKind kind_;
};

inline AcquisitionChoice choose_log_expected_improvement() {
  return {[](double incumbent) { return acquisition::LogExpectedImprovement(incumbent); }, ScoreKind::logarithm};
}
inline AcquisitionChoice choose_expected_improvement() {
  return {[](double incumbent) { return acquisition::ExpectedImprovement(incumbent); }, ScoreKind::gain};
}
inline AcquisitionChoice choose_probability_of_improvement() {
  return {[](double incumbent) { return acquisition::LogProbabilityOfImprovement(incumbent); }, ScoreKind::logarithm};
}
inline AcquisitionChoice choose_upper_confidence_bound(double kappa = 1.5) {
  return {[bound = acquisition::UpperConfidenceBound(kappa)](double) { return bound; }, ScoreKind::level};
}

}  // namespace bayestuner::search
