#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bayestuner/conformance/controller.hpp"
#include "bayestuner/control/fail_safe.hpp"
#include "bayestuner/control/guard.hpp"
#include "bayestuner/control/pseudo_binary.hpp"

namespace bayestuner::control {
namespace {

const std::vector<std::uint32_t> batches{1, 2, 4, 8, 16, 32, 64, 128, 256};
const std::vector<double> clocks{0.544e9, 0.632e9, 0.734e9, 0.835e9, 0.949e9,
                                 1.063e9, 1.189e9, 1.303e9, 1.43e9,  1.531e9};

GuardPrior prior() {
  GuardPrior p = GuardPrior::generic(40.0, 1.063e9);
  return p;
}

// One window of the model server.
template <class C>
Decision window(C& controller, double& now_s, const conformance::ModelServer& server, double arrivals_per_s = NAN) {
  Measurement m = server.serve(controller.grid(), controller.setting(), now_s);
  m.batches = static_cast<std::uint32_t>(std::ceil(3.0 / m.service_s));
  m.items *= m.batches;
  m.service_s *= m.batches;
  m.time_s = now_s += m.service_s;
  m.arrivals_per_s = arrivals_per_s;
  return controller.step(m);
}

TEST(Guard, MeetsTheContract) {
  conformance::expect_controller(Guard(KnobGrid(batches, clocks), {.power_cap_w = 120.0}, prior()));
  conformance::expect_controller(Guard(KnobGrid(batches, {}, 4), {.power_cap_w = 120.0}, prior()));
  conformance::expect_controller(
      Guard(KnobGrid(std::vector<std::uint32_t>{7}), {.power_cap_w = 120.0}, prior(), {.budget = {5.0, 10.0}}));
  conformance::expect_controller(FailSafe(Guard(KnobGrid(batches, clocks), {.power_cap_w = 120.0}, prior()), {}));
}

TEST(Guard, FindsAFastSettingWithinTheCapAndRests) {
  const conformance::ModelServer server;
  const KnobGrid grid(batches, clocks);
  for (const double cap_w : {80.0, 110.0, 150.0, 190.0}) {
    Guard controller(grid, {.power_cap_w = cap_w}, prior());
    double now_s = 0.0, best = 0.0;
    for (std::size_t i = 0; i < grid.count(); ++i) {
      if (server.power_w(grid, grid.at(i)) <= cap_w) best = std::max(best, server.per_s(grid, grid.at(i)));
    }
    int changes = 0, over = 0;
    for (int i = 0; i < 60; ++i) {
      over += server.power_w(grid, controller.setting()) > cap_w;
      changes += window(controller, now_s, server).changed;
    }
    EXPECT_LE(server.power_w(grid, controller.setting()), cap_w);
    EXPECT_GE(server.per_s(grid, controller.setting()), 0.75 * best) << cap_w;
    EXPECT_LE(over, 2) << cap_w;
    EXPECT_LE(changes, 10) << cap_w;
  }
}

TEST(Guard, ActsOnALoweredCapInTheNextStep) {
  const conformance::ModelServer server;
  Guard controller(KnobGrid(batches, clocks), {.power_cap_w = 190.0}, prior());
  double now_s = 0.0;
  for (int i = 0; i < 40; ++i) window(controller, now_s, server);
  ASSERT_GT(server.power_w(controller.grid(), controller.setting()), 100.0);
  controller.on_limits({.time_s = now_s, .power_cap_w = 100.0});
  const Decision decision = controller.on_tick(now_s + 0.1);
  EXPECT_EQ(decision.reason, Reason::limits_changed);
  EXPECT_LE(server.power_w(controller.grid(), controller.setting()), 100.0);
}

TEST(Guard, SaysThatNothingFitsAndStaysAtTheLeast) {
  const conformance::ModelServer server;
  Guard controller(KnobGrid(batches, clocks), {.power_cap_w = 46.0}, prior());
  double now_s = 0.0;
  Decision last;
  for (int i = 0; i < 10; ++i) last = window(controller, now_s, server);
  EXPECT_TRUE(last.infeasible);
  EXPECT_EQ(last.setting, (Setting{0, 0, 1}));
}

TEST(Guard, TakesTheLeastPowerThatServesTheLoad) {
  const conformance::ModelServer server;
  const KnobGrid grid(batches, clocks);
  Guard full(grid, {.power_cap_w = 190.0}, prior()), light(grid, {.power_cap_w = 190.0}, prior());
  double now_full = 0.0, now_light = 0.0;
  for (int i = 0; i < 40; ++i) {
    window(full, now_full, server);
    window(light, now_light, server, 30.0);
  }
  EXPECT_GE(server.per_s(grid, light.setting()), 30.0);
  EXPECT_LT(server.power_w(grid, light.setting()), 0.7 * server.power_w(grid, full.setting()));
}

TEST(Guard, KeepsALatencyLimit) {
  const conformance::ModelServer server;
  const KnobGrid grid(batches, clocks);
  Limits limits{.power_cap_w = 190.0};
  limits.latency[0] = {.quantile = 0.99, .limit_s = 0.5};
  limits.latency_count = 1;
  Guard controller(grid, limits, prior());
  double now_s = 0.0;
  Decision last;
  for (int i = 0; i < 40; ++i) {
    Measurement m = server.serve(grid, controller.setting(), now_s);
    const double latency_s = 1.3 * m.service_s;
    m.batches = static_cast<std::uint32_t>(std::ceil(3.0 / m.service_s));
    m.items *= m.batches;
    m.service_s *= m.batches;
    m.time_s = now_s += m.service_s;
    m.latency.count = 5000;
    m.latency.quantile_s[0] = latency_s;
    last = controller.step(m);
  }
  EXPECT_LE(1.3 * grid.batch(controller.setting()) / server.per_s(grid, controller.setting()), 0.5);
  EXPECT_GE(grid.batch(controller.setting()), 16u);
  EXPECT_LE(last.batch_timeout_s, 0.5);
}

// A noise-free plant whose power jumps: above cap + X never for longer than Y while a safe setting exists.
TEST(Guard, NeverOverspendsItsSafetyBudget) {
  Random random(11);
  for (int round = 0; round < 100; ++round) {
    const KnobGrid grid(batches, clocks);
    const double cap_w = random.uniform(90.0, 200.0), excess_w = 5.0, seconds = 6.0;
    Guard controller(grid, {.power_cap_w = cap_w}, prior(), {.budget = {excess_w, seconds}});
    conformance::ModelServer server;
    double now_s = 0.0, over_s = 0.0;
    for (int i = 0; i < 400; ++i) {
      server.span_w = i < 200 ? 150.0 : 195.0;  // at a cap of 90 W the least setting draws 57 W still
      const Measurement m = server.serve(grid, controller.setting(), now_s);
      now_s = m.time_s;
      over_s = m.power.max_w > cap_w + excess_w ? over_s + m.service_s : 0.0;
      ASSERT_LE(over_s, seconds) << "round " << round << " batch " << i;
      ASSERT_FALSE(controller.step(m).emergency);
    }
  }
}

TEST(Guard, AsksForTheEmergencyActionWhereNothingIsSafe) {
  conformance::ModelServer server{.idle_w = 200.0};
  const KnobGrid grid(batches, clocks);
  Guard controller(grid, {.power_cap_w = 100.0}, prior(), {.budget = {5.0, 6.0}});
  double now_s = 0.0;
  bool emergency = false;
  for (int i = 0; i < 10; ++i) emergency |= window(controller, now_s, server).emergency;
  EXPECT_TRUE(emergency);
}

TEST(Guard, RefusesWhatItCannotUse) {
  std::vector<std::uint32_t> many(512);
  for (std::uint32_t i = 0; i < 512; ++i) many[i] = i + 1;
  EXPECT_THROW(Guard(KnobGrid(many, clocks), {}, prior()), InvalidArgument);
  EXPECT_THROW(Guard(KnobGrid(batches), {}, prior(), {.z = -1.0}), InvalidArgument);
  EXPECT_THROW(Guard(KnobGrid(batches), {}, prior(), {.budget = {0.0, 1.0}}), InvalidArgument);
  GuardPrior bad = prior();
  bad.power_mean[2] = std::nan("");
  EXPECT_THROW(Guard(KnobGrid(batches), {}, bad), InvalidArgument);
}

// --- the meter goes: silent, NaN, stuck, beyond the board ---------------------------------------------------------

using Safe = FailSafe<Guard>;

Safe settled(double& now_s, const conformance::ModelServer& server) {
  const Limits limits{.power_cap_w = 150.0, .board_limit_w = 300.0};
  Safe safe(Guard(KnobGrid(batches, clocks), limits, prior()), limits);
  for (int i = 0; i < 40; ++i) window(safe, now_s, server);
  EXPECT_GT(safe.setting().batch_index + safe.setting().clock_index, 3);
  return safe;
}

enum class Fault { silent, nan, negative, beyond, stuck };

class MeterFault : public ::testing::TestWithParam<Fault> {};

TEST_P(MeterFault, LeadsToTheLeastSettingWithinTwoWindowsAndNeverUp) {
  const conformance::ModelServer server;
  double now_s = 0.0;
  Safe safe = settled(now_s, server);
  const Setting before = safe.setting();
  const double began_s = now_s;
  Setting last = before;
  double safe_s = -1.0;
  Reason reason = Reason::recorded;
  bool emergency = false;
  while (now_s < began_s + 40.0) {
    Measurement m = server.serve(safe.grid(), safe.setting(), now_s);
    now_s = m.time_s;
    if (GetParam() == Fault::silent) m.power.count = 0;
    if (GetParam() == Fault::nan) m.power.max_w = std::nan("");
    if (GetParam() == Fault::negative) m.power.max_w = -1.0;
    if (GetParam() == Fault::beyond) m.power.max_w = 301.0;
    if (GetParam() == Fault::stuck) m.power.max_w = m.power.mean_w = 80.0;
    for (const Decision& d : {safe.step(m), safe.on_tick(now_s)}) {
      EXPECT_LE(d.setting.batch_index, last.batch_index);
      EXPECT_LE(d.setting.clock_index, last.clock_index);
      last = d.setting;
      if (d.changed) reason = d.reason;
      emergency |= d.emergency;
    }
    if (safe_s < 0.0 && last == Setting{}) safe_s = now_s - began_s;
  }
  EXPECT_EQ(last, Setting{});
  EXPECT_GE(safe_s, 0.0);
  EXPECT_LE(safe_s, 10.0);  // batches last 3 s here: two windows and the batch that ran
  EXPECT_EQ(reason, GetParam() == Fault::silent ? Reason::silence : Reason::faulty_reading);
  EXPECT_TRUE(emergency);
  // It comes back: three good readings, then the setting of before.
  for (int i = 0; i < 4; ++i) {
    Measurement m = server.serve(safe.grid(), safe.setting(), now_s);
    m.power.mean_w -= i;
    now_s = m.time_s;
    safe.step(m);
  }
  EXPECT_EQ(safe.setting(), before);
}

INSTANTIATE_TEST_SUITE_P(All, MeterFault,
                         ::testing::Values(Fault::silent, Fault::nan, Fault::negative, Fault::beyond, Fault::stuck));

TEST(FailSafe, FollowsItsControllerWhileTheMeterIsWell) {
  const conformance::ModelServer server;
  PseudoBinary alone(KnobGrid(batches), {.power_cap_w = 120.0});
  FailSafe safe(alone, {.power_cap_w = 120.0});
  double now_alone = 0.0, now_safe = 0.0;
  for (int i = 0; i < 30; ++i) ASSERT_EQ(window(alone, now_alone, server), window(safe, now_safe, server));
  EXPECT_THROW(FailSafe(alone, {}, {.silence_s = 0.0}), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::control
