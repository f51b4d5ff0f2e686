#include <gtest/gtest.h>

#include "control/loop_bench.hpp"

namespace bayestuner::control {
namespace {

TEST(LoopCore, ClimbsToTheLargestBatchThatTheCapAllows) {
  Bench bench(95.0);
  bench.run(10.0);
  EXPECT_EQ(bench.batch(), 8u);
  ASSERT_GT(bench.windows.size(), 10u);
  EXPECT_EQ(bench.core->status().windows_within, bench.core->status().windows);
  EXPECT_EQ(bench.faults(), 0u);
  EXPECT_NEAR(bench.windows.back().throughput, 8 / 0.05, 1e-6);
  EXPECT_NEAR(bench.windows.back().power_w, 90.0, 0.01);
}

TEST(LoopCore, AWindowHoldsOnlyWhatBelongsToItsSetting) {
  Bench bench(95.0);
  bench.run(10.0);
  double before_s = -1.0;
  for (const LoopWindow& w : bench.windows) {
    EXPECT_GE(w.seconds, 0.5);
    EXPECT_GE(w.readings, 3u);
    EXPECT_GT(w.time_s, before_s);
    before_s = w.time_s;
    // Without the rule a window after a change would hold power of the setting before.
    double expected = 60.0;
    for (std::uint32_t b = w.served.batch; b > 1; b /= 2) expected += 10.0;
    EXPECT_NEAR(w.power_max_w, expected, 0.01);
    EXPECT_NEAR(w.power_mean_w, expected, 0.01);
  }
}

TEST(LoopCore, FollowsACapThatChangesWhileItRuns) {
  Bench bench(95.0);
  bench.run(10.0);
  Limits lower = bench.limits;
  lower.power_cap_w = 75.0;
  bench.core->set_limits(lower, bench.now_s);
  bench.run(10.0);
  EXPECT_EQ(bench.batch(), 2u);
  EXPECT_EQ(bench.count("limits"), 1u);
  bench.core->set_limits(bench.limits, bench.now_s);
  bench.run(10.0);
  EXPECT_EQ(bench.batch(), 8u);
}

TEST(LoopCore, DryRunDecidesAndSetsNothing) {
  ControlLoopOptions options;
  options.dry_run = true;
  Bench bench(95.0, {}, options);
  bench.run(10.0);
  EXPECT_TRUE(bench.server->asked.empty());
  ASSERT_FALSE(bench.windows.empty());
  EXPECT_EQ(bench.windows.front().served.batch, 7u);  // the server's own
  EXPECT_EQ(bench.windows.back().next.batch, 16u);    // what would have been tried by then
  bench.core->end(bench.now_s);
  EXPECT_FALSE(bench.server->released);
}

TEST(LoopCore, GivesTheServerBackAtItsEnd) {
  Bench bench(95.0);
  bench.run(1.0);
  bench.core->end(bench.now_s);
  EXPECT_TRUE(bench.server->released);
  EXPECT_EQ(bench.events.back().name, "stopped");
}

// Faults: docs/control.md, "Faults". Each is one event and ends in the state that stands there.

TEST(LoopFaults, ASilentMeterFreezesThenGoesToTheLeastSettingThenCallsForHelp) {
  ControlLoopOptions options;
  options.fail_safe.emergency_after_s = 10.0;
  Bench bench(95.0, {}, options);
  bench.run(10.0);
  const auto silent = [] { return std::vector<double>{}; };
  bench.run(1.5, silent);
  EXPECT_EQ(bench.core->status().trust, Trust::frozen);
  EXPECT_EQ(bench.batch(), 8u);
  bench.run(1.5, silent);
  EXPECT_EQ(bench.core->status().trust, Trust::safe);
  EXPECT_EQ(bench.batch(), 1u);
  EXPECT_EQ(bench.core->status().reason, Reason::silence);
  EXPECT_EQ(bench.count("meter_silent"), 1u);
  EXPECT_EQ(bench.emergencies, 0);
  bench.run(60.0, silent);
  EXPECT_EQ(bench.emergencies, 1);
  EXPECT_EQ(bench.count("meter_silent"), 1u);
  bench.run(10.0);
  EXPECT_EQ(bench.batch(), 8u);
  EXPECT_EQ(bench.count("meter_back"), 1u);
}

TEST(LoopFaults, NoNumberNegativeOrAboveTheBoardNeverMovesUpwards) {
  for (const auto& [watts, event] : {std::pair{std::nan(""), "meter_not_a_power"},
                                     {-3.0, "meter_not_a_power"},
                                     {std::numeric_limits<double>::infinity(), "meter_not_a_power"},
                                     {1e4, "meter_above_board"}}) {
    Bench bench(95.0);
    bench.run(1.2);
    const std::uint32_t before = bench.batch();
    bench.most_batch = 0;
    bench.run(5.0, [w = watts] { return std::vector{w}; });
    EXPECT_LE(bench.most_batch, before) << watts;
    EXPECT_EQ(bench.batch(), 1u) << watts;
    EXPECT_EQ(bench.count(event), 1u) << watts;
    EXPECT_EQ(bench.faults(), 1u) << watts;
  }
}

TEST(LoopFaults, AStuckMeterGoesToTheLeastSetting) {
  Bench bench(95.0);
  bench.run(10.0);
  bench.run(8.0, [] { return std::vector{65.0}; });
  EXPECT_EQ(bench.batch(), 1u);
  EXPECT_EQ(bench.count("meter_stuck"), 1u);
  EXPECT_EQ(bench.faults(), 1u);
}

TEST(LoopFaults, ASpikeIsLeftOutAndARealStepIsNot) {
  Bench bench(95.0);
  bench.run(10.0);
  int n = 0;
  bench.run(3.0, [&] { return std::vector{++n == 5 ? 400.0 : bench.power_w()}; });
  EXPECT_EQ(bench.batch(), 8u);
  EXPECT_EQ(bench.count("meter_spike"), 1u);
  bench.run(1.0, [] { return std::vector{400.0}; });
  EXPECT_LT(bench.batch(), 8u);
  EXPECT_EQ(bench.count("meter_spike"), 1u);
}

TEST(LoopFaults, ASlowServerKeepsItsSettingAndIsToldOnce) {
  Bench bench(95.0);
  bench.run(10.0);
  bench.server->hangs = true;
  bench.run(20.0);
  EXPECT_EQ(bench.batch(), 8u);
  EXPECT_EQ(bench.count("server_slow"), 1u);
  bench.server->hangs = false;
  bench.run(5.0);
  EXPECT_EQ(bench.count("server_quick"), 1u);
  EXPECT_EQ(bench.batch(), 8u);
}

TEST(LoopFaults, ADeadServerGetsItsSettingAgainWhenItIsBack) {
  Bench bench(95.0);
  bench.run(10.0);
  bench.server->dead = true;
  bench.run(20.0);
  EXPECT_EQ(bench.count("server_dead"), 1u);
  EXPECT_FALSE(bench.core->status().server_answers);
  bench.server->dead = false;
  bench.server->setting = {.batch = 7};  // a new process
  bench.run(1.0);
  EXPECT_EQ(bench.batch(), 8u);
  EXPECT_EQ(bench.count("server_back"), 1u);
}

TEST(LoopFaults, AServerThatIgnoresASettingIsNotBelieved) {
  Bench bench(95.0);
  bench.run(10.0);
  bench.server->refuses = true;
  Limits lower = bench.limits;
  lower.power_cap_w = 75.0;
  bench.core->set_limits(lower, bench.now_s);
  bench.run(5.0);
  EXPECT_EQ(bench.count("setting_refused"), 1u);
  EXPECT_EQ(bench.core->status().served.batch, 8u);  // what is true, not what was asked for
  bench.server->refuses = false;
  bench.run(10.0);
  EXPECT_EQ(bench.count("setting_taken"), 1u);
  EXPECT_EQ(bench.batch(), 2u);
}

TEST(LoopFaults, BatchesThatFailGoToTheLeastSettingForAWhile) {
  Bench bench(95.0);
  bench.run(10.0);
  bench.server->fails = true;
  bench.run(1.0);
  EXPECT_EQ(bench.batch(), 1u);
  EXPECT_EQ(bench.core->status().reason, Reason::blocked);
  bench.server->fails = false;
  bench.run(20.0);
  EXPECT_EQ(bench.batch(), 1u);
  bench.run(20.0);
  EXPECT_EQ(bench.batch(), 8u);
  EXPECT_EQ(bench.count("batches_fail"), 1u);
  EXPECT_EQ(bench.count("batches_succeed"), 1u);
}

TEST(LoopFaults, ACapBelowTheSmallestBatchIsServedWithTheLeastAndTold) {
  Bench bench(40.0);
  bench.run(10.0);
  EXPECT_EQ(bench.batch(), 1u);
  EXPECT_TRUE(bench.core->status().infeasible);
  EXPECT_EQ(bench.count("cap_not_attainable"), 1u);
  EXPECT_EQ(bench.faults(), 1u);
  bench.core->set_limits(Bench(95.0).limits, bench.now_s);
  bench.run(10.0);
  EXPECT_EQ(bench.count("cap_attainable"), 1u);
  EXPECT_EQ(bench.batch(), 8u);
}

TEST(LoopFaults, ACapAboveTheLargestBatchIsNoFault) {
  Bench bench(400.0);
  bench.run(10.0);
  EXPECT_EQ(bench.batch(), 16u);
  EXPECT_EQ(bench.count("cap_not_binding"), 1u);
  EXPECT_EQ(bench.faults(), 0u);
}

TEST(LoopFaults, ALoadThatGoesToZeroKeepsTheSetting) {
  Bench bench(95.0);
  bench.run(10.0);
  bench.server->idle = true;
  const std::size_t windows = bench.windows.size();
  // The estimate of a server that does nothing is the same number for hours: no stuck meter.
  bench.run(60.0, [] { return std::vector{20.0}; });
  EXPECT_EQ(bench.batch(), 8u);
  EXPECT_LE(bench.windows.size(), windows + 1);
  EXPECT_EQ(bench.count("idle"), 1u);
  EXPECT_EQ(bench.faults(), 0u);
  bench.server->idle = false;
  bench.run(5.0);
  EXPECT_EQ(bench.count("busy"), 1u);
  EXPECT_EQ(bench.batch(), 8u);
}

TEST(LoopFaults, AClockThatStepsDropsTheWindowAndNothingElse) {
  for (const double step_s : {-3600.0, 3600.0}) {
    Bench bench(95.0);
    bench.run(10.0);
    bench.now_s += step_s;
    bench.server->next_end_s = bench.now_s;
    bench.run(5.0);
    EXPECT_EQ(bench.batch(), 8u) << step_s;
    EXPECT_EQ(bench.count("clock_step"), 1u) << step_s;
    EXPECT_EQ(bench.faults(), 1u) << step_s;
    double before_s = -1.0;
    for (const LoopWindow& w : bench.windows) {
      EXPECT_GT(w.time_s, before_s) << step_s;
      EXPECT_LT(w.seconds, 2.0) << step_s;
      before_s = w.time_s;
    }
  }
}

TEST(LoopFaults, ReportsFromAnotherClockAreLeftOut) {
  Bench bench(95.0);
  bench.run(10.0);
  bench.server->clock_offset_s = 3600.0;
  const std::size_t windows = bench.windows.size();
  bench.run(5.0);
  EXPECT_LE(bench.windows.size(), windows + 1);  // what was there already
  EXPECT_EQ(bench.batch(), 8u);
  EXPECT_EQ(bench.count("clock_step"), 1u);
}

}  // namespace
}  // namespace bayestuner::control
