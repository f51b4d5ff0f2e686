#include <gtest/gtest.h>

#include "bayestuner/conformance/selection.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/selection/any_selector.hpp"
#include "bayestuner/selection/basic_selector.hpp"
#include "bayestuner/selection/estimators.hpp"
#include "bayestuner/selection/model_selector.hpp"
#include "clusters.hpp"

namespace bayestuner::selection {

namespace {

template <class S>
S learnt(S selector, const Clusters& train) {
  selector.fit(train.x, train.scores, train.costs);
  return selector;
}

const std::vector<double> at_left{0.0, 0.0}, at_right{12.0, 0.0};

}  // namespace

TEST(BasicSelector, MeetsTheContractWithEveryEstimatorAndPolicy) {
  const Clusters train = clusters(200, 1);
  const auto check = [&](const auto& selector) {
    for (const auto& x : {at_left, at_right}) conformance::expect_contract(selector, x);
    Decision d;
    selector.select(at_left, d);
    EXPECT_EQ(d.model, 0);
    selector.select(at_right, d);
    EXPECT_EQ(d.model, 1);
    EXPECT_EQ(d.expected_cost, 3.0);
  };
  check(learnt(BasicSelector<KnnEstimator, BestTradeOff>(KnnEstimator(5), {.lambda = 0.1}), train));
  check(learnt(BasicSelector<LogisticEstimator, CheapestLikely>(), train));
  check(learnt(BasicSelector<TreesEstimator, BestTradeOff>(), train));
  check(learnt(BasicSelector<AnyEstimator, BestTradeOff>(make_estimator("mix")), train));
}

TEST(BasicSelector, DecidesAsModelSelectorDoes) {
  const Clusters train = clusters(300, 1, 2.0), test = clusters(500, 2, 2.0);
  const auto basic = learnt(BasicSelector<KnnEstimator, BestTradeOff>(KnnEstimator(), {.lambda = 0.2}), train);
  const auto whole =
      learnt(ModelSelector({.estimator = "knn", .policy = Policy::trade_off(0.2), .calibrate = false}), train);
  Decision a, b;
  for (Eigen::Index i = 0; i < test.x.rows(); ++i) {
    const std::vector<double> x{test.x.values(i, 0), test.x.values(i, 1)};
    basic.select(x, a);
    whole.select(x, b);
    ASSERT_EQ(a.scores, b.scores);
    ASSERT_EQ(a.model, b.model);
  }
}

TEST(BasicSelector, DeclinesWhatThePolicyHasNoAnswerTo) {
  const auto selector =
      learnt(BasicSelector<ConstantEstimator, CheapestLikely>(ConstantEstimator(), {.least = 0.9}), clusters(200, 1));
  Decision d;
  selector.select(at_left, d);
  EXPECT_EQ(d.model, -1);
  EXPECT_EQ(d.status, Status::declined);
}

TEST(BasicSelector, RefusesBeforeFitAndRowsThatDiffer) {
  const BasicSelector<KnnEstimator, BestTradeOff> blank;
  Decision d;
  EXPECT_THROW(blank.select(at_left, d), InvalidArgument);
  BasicSelector<KnnEstimator, BestTradeOff> selector;
  Clusters c = clusters(100, 1);
  c.scores.values.conservativeResize(99, 2);
  EXPECT_THROW(selector.fit(c.x, c.scores), InvalidArgument);
}

TEST(ChoicePolicy, MeetsItsContract) {
  Eigen::MatrixXd scores(3, 3);
  scores << 0.9, 0.9, 0.1, 0.2, 0.4, 0.95, 0.0, 0.0, 0.0;
  const std::vector<double> cost{3.0, 1.0, 9.0};
  conformance::expect_contract(BestTradeOff{.lambda = 0.05}, scores, cost);
  conformance::expect_contract(CheapestLikely{}, scores, cost);
  const auto row = [&](Eigen::Index i) { return std::vector<double>{scores(i, 0), scores(i, 1), scores(i, 2)}; };
  EXPECT_EQ(CheapestLikely{}(row(0), cost), 1);
  EXPECT_EQ(CheapestLikely{}(row(1), cost), 2);
  EXPECT_EQ(CheapestLikely{}(row(2), cost), -1);
  EXPECT_EQ(BestTradeOff{.lambda = 0.1}(row(1), cost), 1);  // 0.4 - 0.1 against 0.95 - 0.9
}

TEST(AnySelector, HoldsAnySelector) {
  const Clusters train = clusters(200, 1);
  std::vector<AnySelector> all{learnt(BasicSelector<KnnEstimator, BestTradeOff>(), train),
                               learnt(ModelSelector({.estimator = "logistic"}), train)};
  all.push_back(all.front());
  for (const AnySelector& selector : all) {
    conformance::expect_contract(selector, at_right);
    Decision d;
    selector.select(at_right, d);
    EXPECT_EQ(selector.models().at(static_cast<std::size_t>(d.model)), "right");
  }
}

}  // namespace bayestuner::selection
