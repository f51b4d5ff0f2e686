#pragma once
/// Choosing for a stream: a budget that is kept while inputs come, and trying other models now and then.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/decision.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace bayestuner::selection {

struct StreamOptions {
  double max_mean_cost = 0.0;  ///< of a call; 0: that of the selector's policy max_score
  int horizon = 1000;          ///< inputs over which the mean is kept; shorter follows faster and chooses worse
  /// Cost that may be spent ahead of the budget; the total is never above budget * inputs + allowance. Infinite: the
  /// mean settles at the budget without such a bound.
  double allowance = std::numeric_limits<double>::infinity();
};

/// Keeps the mean cost of a stream at a budget: lambda begins where training left it and follows what was spent.
///
/// argmax score - lambda * cost, then lambda += step * (cost - budget), not below 0: stochastic dual ascent, with
/// step = 1 / (range of costs^2 * sqrt(horizon)) for scores in [0, 1]. As lambda sums up what was overspent, the total
/// stays within (lambda's change) / step of the budget, also when inputs drift.
/// Source of the method: Agrawal & Devanur 2015, "Fast algorithms for online stochastic convex programming".
class StreamBudget {
 public:
  /// `selector` must be fitted with costs and outlive this. Throws InvalidArgument for options out of range, and for a
  /// budget below the cheapest model's cost, which it names.
  explicit StreamBudget(const ModelSelector& selector, const StreamOptions& options = {});

  /// Chooses for `x` (d) and charges the mean cost of the chosen model. `available` as in ModelSelector::select. Takes
  /// no memory after the first call with the same `decision`.
  void select(std::span<const double> x, Decision& decision, std::span<const char> available = {});
  /// Replaces what `decision` was charged by what it really cost. Throws InvalidArgument for a cost below 0 or not
  /// finite.
  void settle(const Decision& decision, double cost);

  double lambda() const { return lambda_; }
  double budget() const { return budget_; }
  std::uint64_t inputs() const { return inputs_; }
  double spent() const { return spent_; }

 private:
  void charge(double cost);

  const ModelSelector* selector_;
  double budget_ = 0.0, allowance_, lambda_, step_ = 0.0, spent_ = 0.0;
  std::uint64_t inputs_ = 0;
  std::vector<char> offered_;
};

/// How a decision came about, to be logged: `propensity` is the probability with which this model was run.
struct Exploration {
  bool explored = false;  ///< drawn at random, not the policy's choice
  double propensity = 1.0;
};

/// Runs a model drawn at random for a share of the inputs, so that scores of models that are never chosen become known:
/// give them to ModelSelector::partial_fit. Weighing each by 1 / propensity keeps means free of the choice's bias.
/// Source: Horvitz & Thompson 1952, doi:10.1080/01621459.1952.10483446.
class Explorer {
 public:
  /// Throws InvalidArgument unless `share` is in [0, 1].
  explicit Explorer(double share, std::uint64_t seed = 0);

  /// Perhaps puts another of the models that `selector` offers and that are `available` in place of the chosen one. A
  /// declined decision stays.
  Exploration operator()(const ModelSelector& selector, Decision& decision, std::span<const char> available = {});

 private:
  double share_;
  Random random_;
};

}  // namespace bayestuner::selection
