// Readings that scatter, repeats of one configuration, suggestions while others are pending.
#include <gtest/gtest.h>

#include "bayestuner/conformance/search_strategy.hpp"
#include "bayestuner/search/bayesian.hpp"
#include "bayestuner/search/detail/pooled.hpp"
#include "bayestuner/space/dynamic_space.hpp"

namespace bayestuner::search {
namespace {

// One knob; the cost rises with it and the load falls: feasible from 30 on, where the optimum is.
space::DynamicSpace one_knob() {
  return space::DynamicSpace({space::integer("a", 1, 60)});
}

History at_most_70(const space::DynamicSpace& s) {
  return {
      .space = &s,
      .task = {.metrics = {"cost", "load"}, .objectives = {{.metric = 0}}, .constraints = {{1, Bound::at_most, 70}}}};
}

space::Point point_of(const space::DynamicSpace& s, double a) {
  space::Configuration c;
  c.set("a", a);
  return s.point(c);
}

Observation truth(const space::DynamicSpace& s, double a, double error = 0.0) {
  return {.point = point_of(s, a),
          .values = Eigen::Vector2d(10.0 + a, 100.5 - a),
          .standard_errors = Eigen::Vector2d(error, error)};
}

double knob(const space::DynamicSpace& s, const space::Point& p) {
  return s.configuration(p).get<double>("a");
}

History with_a_lucky_reading(const space::DynamicSpace& s, double error = 0.0) {
  History history = at_most_70(s);
  for (const double a : {5.0, 15.0, 22.0, 26.0, 36.0, 44.0, 52.0, 60.0}) {
    history.observations.push_back(truth(s, a, error));
  }
  Observation lucky = truth(s, 20.0, error);
  lucky.values[1] = 69.5;  // 80.5 in truth
  history.observations.push_back(lucky);
  return history;
}

TEST(Pooled, MeansOfReadingsWithTheLargerOfClaimedAndSeenError) {
  const auto s = one_knob();
  History history = at_most_70(s);
  history.observations = {truth(s, 3.0, 2.0), truth(s, 7.0), truth(s, 3.0, 2.0)};
  history.observations[2].values += Eigen::Vector2d(0.0, 10.0);
  history.observations.push_back({.point = point_of(s, 7.0), .outcome = Outcome::pending});
  const auto rows = detail::pooled(history);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].readings, 2U);
  EXPECT_EQ(rows[0].first, 0);
  EXPECT_DOUBLE_EQ(rows[0].mean.values[1], 97.5 + 5.0);
  EXPECT_DOUBLE_EQ(rows[0].mean.standard_errors[0], std::sqrt(2.0));  // as claimed
  EXPECT_DOUBLE_EQ(rows[0].mean.standard_errors[1], 5.0);             // as seen
  EXPECT_FALSE(rows[0].measured_now);
  EXPECT_TRUE(rows[1].measured_now);
}

TEST(Pooled, WhatFailedOnceIsAFailure) {
  const auto s = one_knob();
  History history = at_most_70(s);
  history.observations = {truth(s, 40.0), {.point = point_of(s, 40.0), .outcome = Outcome::failed}};
  EXPECT_EQ(detail::pooled(history).front().mean.outcome, Outcome::failed);
}

TEST(BayesianOptimisation, ALuckyReadingDoesNotHideTheOptimum) {
  const auto s = one_knob();
  History history = with_a_lucky_reading(s);
  BayesianOptimisation<> strategy;
  bool found = false;
  for (int trial = 0; trial < 8 && !found; ++trial) {
    const auto point = strategy.suggest(history);
    ASSERT_TRUE(point);
    found = knob(s, *point) >= 30.0 && knob(s, *point) <= 32.0;
    history.observations.push_back(truth(s, knob(s, *point)));
  }
  EXPECT_TRUE(found) << "the search went on below a target that nothing feasible can beat";
}

TEST(BayesianOptimisation, ASecondReadingThatUndoesTheFirstIsBelieved) {
  const auto s = one_knob();
  History history = with_a_lucky_reading(s);
  history.observations.push_back(truth(s, 20.0));  // the mean of both is infeasible
  const auto prospect = BayesianOptimisation<>().prospect(history);
  ASSERT_TRUE(prospect);
  History never = history;
  never.observations.erase(never.observations.end() - 2);
  EXPECT_NEAR(prospect->expected_gain, BayesianOptimisation<>().prospect(never)->expected_gain, 0.1);
  EXPECT_GT(prospect->expected_gain, 0.01) << "36 is feasible, 30 is better";
}

TEST(BayesianOptimisation, ReadsADoubtfulIncumbentAgainIfAllowed) {
  const auto s = one_knob();
  const History history = with_a_lucky_reading(s, 3.0);
  const auto never = BayesianOptimisation<>().suggest(history);
  ASSERT_TRUE(never);
  EXPECT_NE(knob(s, *never), 20.0) << "a configuration twice, though nobody allowed it";

  BayesianOptions options;
  options.readings = 3;
  BayesianOptimisation<> careful(options);
  const auto again = careful.suggest(history);
  ASSERT_TRUE(again);
  EXPECT_EQ(knob(s, *again), 20.0);

  History waiting = history;
  waiting.observations.push_back({.point = *again, .outcome = Outcome::pending});
  EXPECT_NE(knob(s, *careful.suggest(waiting)), 20.0) << "the reading is under way";

  History sure = with_a_lucky_reading(s, 0.0);  // no known error: nothing to doubt
  EXPECT_NE(knob(s, *careful.suggest(sure)), 20.0);

  History enough = history;
  for (int i = 0; i < 2; ++i) enough.observations.push_back(history.observations.back());
  EXPECT_NE(knob(s, *careful.suggest(enough)), 20.0) << "three readings are all that was allowed";
}

double best_in_batches(const space::DynamicSpace& s, std::uint64_t seed, std::size_t batch, std::size_t trials) {
  const auto measure = conformance::synthetic_measure(s, 2);
  History history{
      .space = &s,
      .task = {.metrics = {"cost", "load"}, .objectives = {{.metric = 0}}, .constraints = {{1, Bound::at_most, 1.3}}},
      .seed = seed,
      .budget = trials};
  BayesianOptimisation<> strategy;
  double best = 10.0;
  while (history.observations.size() < trials) {
    const std::size_t told = history.observations.size();
    for (std::size_t k = 0; k < batch; ++k) {
      history.observations.push_back({.point = *strategy.suggest(history), .outcome = Outcome::pending});
    }
    for (std::size_t k = told; k < history.observations.size(); ++k) {
      history.observations[k] = measure(history.observations[k].point);
      if (is_feasible(history.observations[k], history.task)) {
        best = std::min(best, history.observations[k].values[0]);
      }
    }
  }
  return best;
}

TEST(BayesianOptimisation, BatchesOfFourReachNearlyWhatOneAtATimeDoes) {
  const space::DynamicSpace s({space::integer("a", 1, 28), space::integer("b", 1, 8), space::integer("c", 1, 32)});
  double one = 0.0, four = 0.0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    one += best_in_batches(s, seed, 1, 24) / 5;
    four += best_in_batches(s, seed, 4, 24) / 5;
  }
  EXPECT_LT(four, one + 0.01);
}

}  // namespace
}  // namespace bayestuner::search
