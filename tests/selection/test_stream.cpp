#include <gtest/gtest.h>

#include <limits>

#include "bayestuner/core/error.hpp"
#include "bayestuner/selection/stream.hpp"
#include "clusters.hpp"

namespace bayestuner::selection {

namespace {

// Model `dear` (cost 4) is right more often than `cheap` (cost 1), the more so the greater the feature.
ModelSelector learnt(double budget, double above = 0.0) {
  Random random(1);
  Eigen::MatrixXd x(600, 1), y(600, 2);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    x(i, 0) = random.uniform();
    y.row(i) << (random.uniform() < 0.9 - 0.8 * x(i, 0)), random.uniform() < 0.9;
  }
  ModelSelector selector({.estimator = "logistic", .policy = Policy::max_score(budget + above)});
  selector.fit(features(x), {.models = {"cheap", "dear"}, .values = y}, {.per_call = Eigen::Vector2d(1.0, 4.0)});
  return selector;
}

// Inputs from [low, 1] instead of [0, 1]: more of them want the dear model.
double mean_cost(StreamBudget& stream, int count, double low, std::uint64_t seed) {
  Random random(seed);
  Decision d;
  const double before = stream.spent();
  for (int i = 0; i < count; ++i) stream.select(std::vector<double>{random.uniform(low, 1.0)}, d);
  return (stream.spent() - before) / count;
}

}  // namespace

TEST(StreamBudget, KeepsTheMeanWhereInputsDrift) {
  const ModelSelector selector = learnt(2.0);
  Decision d;
  double fixed = 0.0;
  Random random(3);
  for (int i = 0; i < 4000; ++i) {
    selector.select(std::vector<double>{random.uniform(0.5, 1.0)}, d);
    fixed += d.expected_cost / 4000.0;
  }
  EXPECT_GT(fixed, 2.3);  // lambda of the training rows spends too much on such inputs
  StreamBudget stream(selector);
  EXPECT_NEAR(mean_cost(stream, 4000, 0.5, 3), 2.0, 0.06);
  EXPECT_GT(stream.lambda(), selector.lambda());
  EXPECT_NEAR(mean_cost(stream, 4000, 0.0, 4), 2.0, 0.06);  // and back
  EXPECT_EQ(stream.inputs(), 8000U);
}

TEST(StreamBudget, NeverSpendsMoreThanItsAllowanceAhead) {
  const ModelSelector selector = learnt(2.0, 1.0);
  StreamBudget stream(selector, {.max_mean_cost = 1.5, .allowance = 5.0});
  Random random(5);
  Decision d;
  for (int i = 1; i <= 2000; ++i) {
    stream.select(std::vector<double>{random.uniform(0.8, 1.0)}, d);
    ASSERT_LE(stream.spent(), 1.5 * i + 5.0 + 1e-9);
  }
  EXPECT_GT(stream.spent() / 2000.0, 1.4);
}

TEST(StreamBudget, FollowsWhatCallsReallyCost) {
  const ModelSelector selector = learnt(2.0);
  StreamBudget stream(selector);
  Random random(6);
  Decision d;
  for (int i = 0; i < 6000; ++i) {
    stream.select(std::vector<double>{random.uniform()}, d);
    stream.settle(d, 1.5 * d.expected_cost);  // half as dear again as was learnt
  }
  EXPECT_NEAR(stream.spent() / 6000.0, 2.0, 0.06);
  EXPECT_THROW(stream.settle(d, -1.0), InvalidArgument);
}

TEST(StreamBudget, RefusesABudgetThatCannotBeKept) {
  const ModelSelector selector = learnt(2.0);
  EXPECT_THROW(StreamBudget(selector, {.max_mean_cost = 0.5}), InvalidArgument);
  EXPECT_THROW(StreamBudget(selector, {.horizon = 0}), InvalidArgument);
  EXPECT_THROW(StreamBudget(selector, {.allowance = -1.0}), InvalidArgument);
  const ModelSelector free = learnt(std::numeric_limits<double>::infinity());
  EXPECT_THROW(StreamBudget{free}, InvalidArgument);
  const ModelSelector blank;
  EXPECT_THROW(StreamBudget{blank}, InvalidArgument);
}

// Weighed by its propensity, what was seen of each model has the mean that all inputs would have shown.
TEST(Explorer, GivesPropensitiesThatUndoTheChoice) {
  const ModelSelector selector = learnt(2.0);
  Explorer explore(0.2, 7);
  Random random(8);
  Decision d;
  double explored = 0.0;
  std::vector<double> right(2, 0.0);
  constexpr int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double x = random.uniform();
    selector.select(std::vector<double>{x}, d);
    const Eigen::Index chosen = d.model;
    const Exploration e = explore(selector, d);
    explored += e.explored;
    EXPECT_DOUBLE_EQ(e.propensity, d.model == chosen ? 0.9 : 0.1);
    const double truth = random.uniform() < (d.model == 0 ? 0.9 - 0.8 * x : 0.9) ? 1.0 : 0.0;
    right[static_cast<std::size_t>(d.model)] += truth / e.propensity / n;
    EXPECT_DOUBLE_EQ(d.probability, d.scores[static_cast<std::size_t>(d.model)]);
  }
  EXPECT_NEAR(explored / n, 0.2, 0.02);
  EXPECT_NEAR(right[0], 0.5, 0.04);
  EXPECT_NEAR(right[1], 0.9, 0.06);
}

TEST(Explorer, KeepsToWhatIsAvailable) {
  const ModelSelector selector = learnt(2.0);
  Explorer explore(1.0), never(0.0);
  Decision d;
  for (int i = 0; i < 50; ++i) {
    selector.select(std::vector<double>{0.1}, d, std::vector<char>{1, 0});
    EXPECT_DOUBLE_EQ(explore(selector, d, std::vector<char>{1, 0}).propensity, 1.0);
    EXPECT_EQ(d.model, 0);
    EXPECT_FALSE(never(selector, d).explored);
  }
  EXPECT_THROW(Explorer(1.5), InvalidArgument);
}

}  // namespace bayestuner::selection
