#pragma once
/// A selector put together by the compiler: an estimator and a policy of one's own, nothing else.

#include <Eigen/Core>
#include <concepts>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/selection/candidates.hpp"
#include "bayestuner/selection/concepts.hpp"
#include "bayestuner/selection/data.hpp"
#include "bayestuner/selection/decision.hpp"
#include "bayestuner/selection/feature_coder.hpp"
#include "bayestuner/selection/policy.hpp"

namespace bayestuner::selection {

/// Turns predicted scores into a choice.
/// `p(scores, cost)`: place of the model to run for the scores (m) predicted for an input and the models' mean costs
/// (m), or -1: none. Pure; takes no memory.
/// Models: BestTradeOff, CheapestLikely. Checked by conformance/selection.hpp.
template <class P>
concept ChoicePolicy =
    std::copyable<P> && requires(const P p, std::span<const double> scores, std::span<const double> cost) {
                          { p(scores, cost) } -> std::convertible_to<Eigen::Index>;
                        };

/// argmax score - lambda * cost; of equals the cheaper.
struct BestTradeOff {
  double lambda = 0.0;
  Eigen::Index operator()(std::span<const double> scores, std::span<const double> cost) const {
    return pick(scores, cost, lambda);
  }
};

/// The cheapest model whose score is at least `least`; of equals the earlier.
struct CheapestLikely {
  double least = 0.5;
  Eigen::Index operator()(std::span<const double> scores, std::span<const double> cost) const {
    return pick_cheapest(scores, cost, least);
  }
};
static_assert(ChoicePolicy<BestTradeOff> && ChoicePolicy<CheapestLikely>);

/// Features, estimator and policy without what ModelSelector adds: no calibration, no budget that is learnt, no choice
/// among estimators, no file. Both are called directly, so that the compiler sees through them.
///
/// An input that the policy has no answer to is declined.
template <class E, class P>
class BasicSelector {
  static_assert(Estimator<E>, "BasicSelector: the first argument is no Estimator (selection/concepts.hpp)");
  static_assert(ChoicePolicy<P>, "BasicSelector: the second argument is no ChoicePolicy");

 public:
  BasicSelector() = default;
  template <std::same_as<E> T>
  explicit BasicSelector(T estimator, P policy = P(), CoderOptions coder = {})
      : estimator_(std::move(estimator)), policy_(std::move(policy)), coder_options_(coder) {}

  /// Learns features (n, d), scores (n, m) and costs; without costs every call costs 0.
  /// Throws InvalidArgument for data that cannot be learnt.
  void fit(const FeatureMatrix& x, const ScoreMatrix& scores, const CostModel& costs = {}) {
    require_alike(x, scores, costs);
    FeatureCoder coder(x, coder_options_);
    const Eigen::VectorXd cost = costs.empty() ? Eigen::VectorXd::Zero(scores.values.cols()) : costs.means();
    TrainingSet data = make_training_set(coder, x, scores, cost);
    E estimator = estimator_;
    estimator.fit(data);
    estimator_ = std::move(estimator);
    coder_ = std::move(coder);
    index_ = std::move(data.index);
    models_ = scores.models;
    cost_.assign(cost.begin(), cost.end());
  }

  /// Chooses for `x` (d). Takes no memory after the first call with the same `decision`. Throws InvalidArgument before
  /// fit, for a wrong number of features, or one that is not finite.
  void select(std::span<const double> x, Decision& d) const {
    if (models_.empty()) throw InvalidArgument("selector: nothing has been learnt yet; call fit first");
    d.coded.resize(static_cast<std::size_t>(coder_.width()));
    d.scores.resize(models_.size());
    d.votes.clear();
    d.neighbours.clear();
    d.coding = coder_(x, d.coded);
    const int wanted = estimator_.neighbours();
    if (wanted > 0) index_.nearest(d.coded, static_cast<std::size_t>(wanted), d.neighbours);
    estimator_.predict(d.coded, d.neighbours, d.scores);
    d.distance = mean_distance(d.neighbours);
    d.supported = true;
    d.stage = -1;
    d.model = policy_(d.scores, cost_);
    d.status = d.model < 0 ? Status::declined : Status::chosen;
    d.probability = d.model < 0 ? 0.0 : d.scores[static_cast<std::size_t>(d.model)];
    d.expected_cost = d.model < 0 ? 0.0 : cost_[static_cast<std::size_t>(d.model)];
  }

  const std::vector<std::string>& models() const { return models_; }
  const E& estimator() const { return estimator_; }
  const P& policy() const { return policy_; }
  const FeatureCoder& coder() const { return coder_; }

 private:
  E estimator_;
  P policy_;
  CoderOptions coder_options_;
  FeatureCoder coder_;
  NeighbourIndex index_;
  std::vector<std::string> models_;
  std::vector<double> cost_;
};

}  // namespace bayestuner::selection
