// BAYESTUNER_DRIFT_SEEDS: how many streams the rates are counted on [40].
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>

#include "bayestuner/core/error.hpp"
#include "bayestuner/selection/drift.hpp"
#include "clusters.hpp"

namespace bayestuner::selection {

namespace {

ModelSelector two_clusters(std::uint64_t seed, const std::string& fallback = "best") {
  const Clusters train = clusters(400, seed);
  ModelSelector selector({.estimator = "cascade", .policy = Policy::optimum(), .fallback = fallback});
  selector.fit(train.x, train.scores, train.costs);
  return selector;
}

// The next inputs of `clusters`, the second cluster moved by `shift` standard deviations.
void stream(DriftMonitor& monitor, const ModelSelector& selector, Random& random, int count, double shift) {
  Decision d;
  std::vector<double> x(2);
  for (int i = 0; i < count; ++i) {
    const bool second = random.uniform() < 0.5;
    x[0] = random.normal() + (second ? 12.0 + shift : 0.0);
    x[1] = random.normal();
    selector.select(x, d);
    monitor.observe(x, d);
  }
}

int repetitions() {
  const char* given = std::getenv("BAYESTUNER_DRIFT_SEEDS");
  return given != nullptr ? std::atoi(given) : 40;
}

}  // namespace

// A cluster moves by two standard deviations after 10^4 inputs.
TEST(DriftMonitor, RaisesDriftWithin500InputsAndNotOnceIn10000Before) {
  int false_alarms = 0, late = 0;
  const int seeds = repetitions();
  for (int seed = 0; seed < seeds; ++seed) {
    const ModelSelector selector = two_clusters(static_cast<std::uint64_t>(seed));
    DriftMonitor monitor(selector);
    Random random(static_cast<std::uint64_t>(seed), 77);
    // Not always at the border of a window.
    stream(monitor, selector, random, 10000 + seed % 200, 0.0);
    for (const DriftEvent& e : monitor.events()) std::printf("seed %d: %s\n", seed, e.to_text().c_str());
    false_alarms += monitor.drifted();
    const auto before = monitor.events().size();
    stream(monitor, selector, random, 500, 2.0);
    late += monitor.events().size() == before;
  }
  std::printf("%d streams of 10^4 inputs: %d with a false alarm; %d moved clusters not found within 500 inputs\n",
              seeds, false_alarms, late);
  EXPECT_EQ(false_alarms, 0);
  EXPECT_EQ(late, 0);
}

TEST(DriftMonitor, NamesWhatMovedWithItsNumbers) {
  const ModelSelector selector = two_clusters(1);
  std::vector<DriftEvent> heard;
  DriftMonitor monitor(selector, {}, [&](const DriftEvent& e) { heard.push_back(e); });
  Random random(5);
  stream(monitor, selector, random, 400, 2.0);
  ASSERT_EQ(heard.size(), monitor.events().size());
  const auto moved = std::find_if(heard.begin(), heard.end(), [](const auto& e) { return e.feature == "x0"; });
  ASSERT_NE(moved, heard.end());
  EXPECT_EQ(moved->kind, DriftEvent::Kind::feature);
  EXPECT_EQ(moved->input, 200U);
  EXPECT_GT(moved->value, moved->threshold);
  EXPECT_LT(moved->expected, moved->threshold);
  EXPECT_GT(monitor.report().features.at(0).psi, 0.2);
  EXPECT_LT(monitor.report().features.at(1).psi, 0.2);
  EXPECT_NE(moved->to_text().find("feature 'x0' moved"), std::string::npos);
  // Raised once, and again after `reset`.
  const auto raised = [&] {
    return std::count_if(heard.begin(), heard.end(), [](const auto& e) { return e.feature == "x0"; });
  };
  stream(monitor, selector, random, 400, 2.0);
  EXPECT_EQ(raised(), 1);
  monitor.reset();
  EXPECT_FALSE(monitor.drifted());
  stream(monitor, selector, random, 200, 2.0);
  EXPECT_EQ(raised(), 2);
}

TEST(DriftMonitor, KnowsInputsFarFromEverything) {
  const ModelSelector selector = two_clusters(1);
  DriftMonitor monitor(selector);
  Random random(5);
  stream(monitor, selector, random, 200, 30.0);
  std::set<DriftEvent::Kind> kinds;
  for (const DriftEvent& e : monitor.events()) kinds.insert(e.kind);
  EXPECT_TRUE(kinds.contains(DriftEvent::Kind::out_of_range));
  EXPECT_TRUE(kinds.contains(DriftEvent::Kind::distance));
  EXPECT_NEAR(monitor.report().out_of_range, 0.5, 0.15);
  EXPECT_NEAR(monitor.report().unsupported, 0.5, 0.2);
}

TEST(DriftMonitor, CountsCategoriesAndLeavesOutWhatIsNotRead) {
  Clusters train = clusters(400, 1);
  train.x.values.conservativeResize(400, 4);
  train.x.values.col(2).setConstant(7.0);  // constant: not read
  for (Eigen::Index i = 0; i < 400; ++i) train.x.values(i, 3) = static_cast<double>(i % 3);
  train.x.columns.push_back({.name = "constant"});
  train.x.columns.push_back({.name = "colour", .category = true, .levels = {"blue", "green", "red"}});
  ModelSelector selector({.estimator = "knn"});
  selector.fit(train.x, train.scores, train.costs);
  DriftMonitor monitor(selector);
  ASSERT_EQ(monitor.report().features.size(), 3U);
  Random random(3);
  Decision d;
  const auto give = [&](int count, const auto& level) {
    for (int i = 0; i < count; ++i) {
      const bool second = random.uniform() < 0.5;
      const std::vector<double> x{random.normal() + (second ? 12.0 : 0.0), random.normal(), 7.0 + i,
                                  static_cast<double>(level())};
      monitor.select(x, d);
    }
  };
  give(2000, [&] { return static_cast<int>(random.below(3)); });
  EXPECT_FALSE(monitor.drifted());
  give(200, [&] { return random.uniform() < 0.9 ? 0 : 2; });
  ASSERT_TRUE(monitor.drifted());
  EXPECT_EQ(monitor.events().front().feature, "colour");
  monitor.reset();
  give(200, [&] { return -1; });  // a level never seen
  EXPECT_TRUE(std::any_of(monitor.events().begin(), monitor.events().end(),
                          [](const auto& e) { return e.kind == DriftEvent::Kind::out_of_range; }));
}

// The bound holds for the worst honest probabilities; a model that fails more than foretold is found.
TEST(DriftMonitor, HearsWhenAnswersAreWorseThanForetold) {
  const ModelSelector selector = two_clusters(1);
  for (const double p : {0.15, 0.5, 0.85, 0.95, 1.0}) {
    SCOPED_TRACE(p);
    DriftMonitor monitor(selector);
    Random random(11);
    for (int i = 0; i < 200000; ++i) monitor.observe_score(p, random.uniform() < p ? 1.0 : 0.0);
    EXPECT_FALSE(monitor.drifted());
  }
  DriftMonitor monitor(selector);
  Random random(12);
  int heard = -1;
  for (int i = 0; i < 500 && heard < 0; ++i) {
    monitor.observe_score(0.9, random.uniform() < 0.6 ? 1.0 : 0.0);
    if (monitor.drifted()) heard = i;
  }
  EXPECT_GE(heard, 0);
  EXPECT_EQ(monitor.events().front().kind, DriftEvent::Kind::calibration);
}

TEST(DriftMonitor, KeepsToItsRateWhereTheRateIsHigh) {
  const ModelSelector selector = two_clusters(1);
  DriftMonitor monitor(selector, {.false_alarms = 0.01});
  Random random(13);
  int alarms = 0;
  constexpr int inputs = 200000;
  for (int i = 0; i < inputs; ++i) {
    monitor.observe_score(0.85, random.uniform() < 0.85 ? 1.0 : 0.0);
    if (!monitor.drifted()) continue;
    ++alarms;
    monitor.reset();
  }
  EXPECT_GT(alarms, 0);
  EXPECT_LE(alarms, 0.01 * inputs);
}

TEST(DriftMonitor, SwitchesOnlyWhereItIsToldTo) {
  const ModelSelector selector = two_clusters(1, "left");
  const std::vector<double> second{12.0, 0.0};
  for (const OnDrift on_drift : {OnDrift::report, OnDrift::fallback}) {
    DriftMonitor monitor(selector, {.on_drift = on_drift});
    Decision d;
    monitor.select(second, d);
    EXPECT_EQ(d.model, 1);
    Random random(5);
    stream(monitor, selector, random, 400, 4.0);
    ASSERT_TRUE(monitor.drifted());
    monitor.select(second, d);
    EXPECT_EQ(d.model, on_drift == OnDrift::report ? 1 : 0);
    EXPECT_EQ(d.status, on_drift == OnDrift::report ? Status::chosen : Status::fallback);
  }
}

TEST(DriftMonitor, RefusesOptionsAndScoresOutOfRange) {
  const ModelSelector selector = two_clusters(1);
  const ModelSelector blank;
  EXPECT_THROW(DriftMonitor{blank}, InvalidArgument);
  EXPECT_THROW(DriftMonitor(selector, {.window = 10}), InvalidArgument);
  EXPECT_THROW(DriftMonitor(selector, {.bins = 1}), InvalidArgument);
  EXPECT_THROW(DriftMonitor(selector, {.false_alarms = 0.0}), InvalidArgument);
  EXPECT_THROW(DriftMonitor(selector, {.tolerated_residual = 0.0}), InvalidArgument);
  DriftMonitor monitor(selector);
  EXPECT_THROW(monitor.observe_score(1.5, 1.0), InvalidArgument);
  EXPECT_THROW(monitor.observe_score(0.5, std::numeric_limits<double>::quiet_NaN()), InvalidArgument);
  EXPECT_THROW(monitor.observe(std::vector<double>{1.0}, Decision()), InvalidArgument);
}

}  // namespace bayestuner::selection
