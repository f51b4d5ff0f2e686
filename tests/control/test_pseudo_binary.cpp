#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "bayestuner/conformance/controller.hpp"
#include "bayestuner/control/aimd.hpp"
#include "bayestuner/control/batch_then_clock.hpp"
#include "bayestuner/control/bracket.hpp"
#include "bayestuner/control/dvfs.hpp"
#include "bayestuner/control/pseudo_binary.hpp"
#include "bayestuner/control/stairs.hpp"

namespace bayestuner::control {
namespace {

const std::vector<std::uint32_t> powers_of_two{1, 2, 4, 8, 16, 32, 64, 128, 256};
const std::vector<double> few_clocks{0.5e9, 0.7e9, 0.9e9, 1.1e9, 1.3e9, 1.5e9};
const std::vector<double> linear{60, 75, 90, 105, 120, 135, 150, 165, 180};

// One window of ten batches at the controller's setting, `power` by position, without noise.
template <class C>
Decision decide(C& controller, double& now_s, double power_w, double per_s = 0.0) {
  Measurement m;
  m.setting = controller.setting();
  m.batches = 10;
  m.batch_size = controller.grid().batch(m.setting);
  m.items = 10 * m.batch_size;
  m.service_s = per_s > 0.0 ? m.items / per_s : 4.0;
  m.time_s = now_s += m.service_s;
  m.power = {.count = 5, .max_w = power_w, .mean_w = power_w, .quantile_w = power_w};
  return controller.step(m);
}

// Positions served, one entry a decision, the first before any.
template <class C>
std::vector<int> positions(C& controller, const std::vector<double>& power_w, std::size_t decisions) {
  std::vector<int> out;
  double now_s = 0.0;
  for (std::size_t i = 0; i < decisions; ++i) {
    out.push_back(controller.setting().batch_index);
    decide(controller, now_s, power_w[controller.setting().batch_index]);
  }
  return out;
}

PseudoBinary paper(double cap_w, PseudoBinaryOptions options = {.reopen = false}) {
  return PseudoBinary(KnobGrid(powers_of_two), {.power_cap_w = cap_w}, options);
}

using Positions = std::vector<int>;

TEST(PseudoBinary, FollowsThePublishedSequences) {
  const auto of = [](double cap_w, std::size_t n) {
    PseudoBinary controller = paper(cap_w);
    return positions(controller, linear, n);
  };
  EXPECT_EQ(of(130, 5), (Positions{0, 4, 4, 4, 4}));
  EXPECT_EQ(of(100, 5), (Positions{0, 4, 2, 2, 2}));
  EXPECT_EQ(of(70, 4), (Positions{0, 0, 0, 0}));
  EXPECT_EQ(of(55, 4), (Positions{0, 0, 0, 0}));
  EXPECT_EQ(of(250, 6), (Positions{0, 4, 6, 7, 8, 8}));
}

TEST(PseudoBinary, SaysThatACapBelowTheSmallestBatchIsNotAttainable) {
  PseudoBinary controller = paper(55);
  double now_s = 0.0;
  const Decision decision = decide(controller, now_s, 60.0);
  EXPECT_EQ(decision.reason, Reason::not_attainable);
  EXPECT_TRUE(decision.infeasible);
  EXPECT_FALSE(decision.changed);
  PseudoBinary in_band = paper(70);
  EXPECT_EQ(decide(in_band, now_s, 60.0).reason, Reason::in_band);
}

TEST(PseudoBinary, FollowsACapThatChanges) {
  const auto of = [](double first, double second, PseudoBinaryOptions options) {
    PseudoBinary controller = paper(first, options);
    positions(controller, linear, 8);
    controller.on_limits({.time_s = 100.0, .power_cap_w = second});
    // The eighth decision was taken under the old cap: what it chose is the first entry here.
    return positions(controller, linear, 6);
  };
  EXPECT_EQ(of(190, 80, {.reopen = false}), (Positions{7, 6, 3, 1, 1, 1}));
  EXPECT_EQ(of(100, 190, {.reopen = false}), (Positions{2, 3, 4, 4, 4, 4}));
  EXPECT_EQ(of(100, 190, {.reopen = true}), (Positions{2, 3, 4, 6, 7, 7}));
}

TEST(PseudoBinary, AlternatesBetweenNeighboursUnlessItHolds) {
  std::vector<double> steep;
  for (int i = 0; i < 9; ++i) steep.push_back(50.0 * std::pow(1.3, i));
  PseudoBinary published = paper(108);
  EXPECT_EQ(positions(published, steep, 8), (Positions{0, 4, 2, 3, 2, 3, 2, 3}));
  PseudoBinary holding = paper(108, {.reopen = false, .hold = 25});
  EXPECT_EQ(positions(holding, steep, 7), (Positions{0, 4, 2, 3, 2, 2, 2}));
}

TEST(PseudoBinary, DecidesOnceInTenWholeBatches) {
  PseudoBinary controller = paper(130);
  Measurement m;
  m.batch_size = m.items = 1;
  m.service_s = 0.1;
  m.power = {.count = 1, .max_w = 60, .mean_w = 60, .quantile_w = 60};
  Decision last;
  for (int i = 1; i <= 9; ++i) {
    m.time_s = 0.1 * i;
    EXPECT_EQ(controller.step(m).reason, Reason::recorded);
  }
  Measurement other = m;  // of another setting, and one cut short: neither counts as the tenth
  other.setting.batch_index = 3;
  EXPECT_EQ(controller.step(other).reason, Reason::recorded);
  other = m;
  other.partial = true;
  EXPECT_EQ(controller.step(other).reason, Reason::recorded);
  last = controller.step(m);
  EXPECT_EQ(last.reason, Reason::too_low);
  EXPECT_EQ(last.setting.batch_index, 4);
}

TEST(PseudoBinary, ReadsTheLargestValueNotTheLast) {
  PseudoBinary controller = paper(130, {.window = {.batches = 20}, .reopen = false});
  double now_s = 0.0;
  decide(controller, now_s, 120.0);
  EXPECT_EQ(decide(controller, now_s, 50.0).reason, Reason::in_band);
}

TEST(PseudoBinary, LiteralReadingsOnlyEverPushDown) {
  PseudoBinary controller = paper(100, {.reopen = false, .literal = true});
  EXPECT_EQ(positions(controller, linear, 6), (Positions{0, 4, 2, 1, 0, 0}));
}

TEST(PseudoBinary, TakesTheSmallestBatchThatIsAsFast) {
  PseudoBinary controller = paper(250, {.reopen = true, .saturation = true});
  double now_s = 0.0;
  const auto per_s = [](int i) { return 100.0 * std::min(i, 5); };  // nothing gained beyond position 5
  for (int i = 0; i < 14; ++i) {
    const int at = controller.setting().batch_index;
    decide(controller, now_s, linear[at], 1.0 + per_s(at));
  }
  EXPECT_EQ(controller.setting().batch_index, 5);
  const auto rest = decide(controller, now_s, linear[5], 501.0);
  EXPECT_EQ(rest.reason, Reason::saturated);
  EXPECT_FALSE(rest.changed);
  controller.on_limits({.time_s = now_s, .power_cap_w = 140.0});  // opens it again
  EXPECT_NE(decide(controller, now_s, linear[5], 501.0).reason, Reason::saturated);
}

TEST(PseudoBinary, KeepsItsBoundsInOrder) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t n = 1 + random.below(9);
    const std::vector<std::uint32_t> sizes(powers_of_two.begin(), powers_of_two.begin() + static_cast<long>(n));
    PseudoBinary controller(KnobGrid(sizes), {.power_cap_w = 100.0},
                            {.reopen = random.below(2) == 1, .hold = static_cast<std::uint32_t>(random.below(3) * 5)});
    double now_s = 0.0;
    for (int i = 0; i < 50; ++i) {
      if (random.below(8) == 0) controller.on_limits({.time_s = now_s, .power_cap_w = random.uniform(50.0, 200.0)});
      decide(controller, now_s, random.below(20) == 0 ? std::nan("") : random.uniform(40.0, 210.0));
      ASSERT_TRUE(controller.bounds_in_order());
      ASSERT_LT(controller.setting().batch_index, n);
    }
  }
}

TEST(PseudoBinary, RefusesABandThatIsNone) {
  EXPECT_THROW(paper(100, {.alpha = 1.0}), InvalidArgument);
  EXPECT_THROW(paper(100, {.alpha = std::nan("")}), InvalidArgument);
  EXPECT_THROW(paper(100, {.window = {.seconds = -1.0}}), InvalidArgument);
  EXPECT_THROW(PseudoBinary(KnobGrid(powers_of_two), {}, {}, 1), InvalidArgument);
}

TEST(PseudoBinary, MeetsTheContract) {
  conformance::expect_controller(paper(100));
  conformance::expect_controller(paper(100, {.reopen = true, .hold = 5, .saturation = true}));
  conformance::expect_controller(PseudoBinary(KnobGrid(std::vector<std::uint32_t>{7}), {.power_cap_w = 100.0}));
}

TEST(DvfsSearch, SearchesTheClockAtItsBatch) {
  DvfsSearch controller(KnobGrid(powers_of_two, few_clocks), {.power_cap_w = 100.0});
  EXPECT_EQ(controller.setting(), (Setting{4, 0, 1}));
  double now_s = 0.0;
  decide(controller, now_s, 60.0);
  EXPECT_EQ(controller.setting(), (Setting{4, 3, 1}));
  decide(controller, now_s, 105.0);
  EXPECT_EQ(controller.setting(), (Setting{4, 1, 1}));
  conformance::expect_controller(controller);
}

TEST(DvfsStep, MovesByOneLevel) {
  DvfsStep controller(KnobGrid(powers_of_two, few_clocks), {.power_cap_w = 100.0}, {.clock_index = 4});
  EXPECT_EQ(controller.setting(), (Setting{8, 4, 1}));
  double now_s = 0.0;
  decide(controller, now_s, 105.0);
  EXPECT_EQ(controller.setting().clock_index, 3);
  decide(controller, now_s, 90.0);
  EXPECT_EQ(controller.setting().clock_index, 3);
  decide(controller, now_s, 79.0);
  EXPECT_EQ(controller.setting().clock_index, 4);
  conformance::expect_controller(controller);
}

TEST(BatchThenClock, MovesTheClockWhereTheBatchIsAtAnEnd) {
  BatchThenClock controller(KnobGrid(powers_of_two, few_clocks), {.power_cap_w = 100.0}, {.clock_index = 2});
  double now_s = 0.0;
  decide(controller, now_s, 120.0);
  EXPECT_EQ(controller.setting(), (Setting{0, 1, 1}));
  for (int i = 0; i < 5; ++i) decide(controller, now_s, 50.0);
  EXPECT_EQ(controller.setting(), (Setting{8, 2, 1}));
  conformance::expect_controller(controller);
}

TEST(Aimd, AddsAndMultiplies) {
  std::vector<std::uint32_t> every(255);
  for (std::uint32_t i = 0; i < 255; ++i) every[i] = i + 1;
  Aimd controller(KnobGrid(every), {.power_cap_w = 100.0});
  double now_s = 0.0;
  for (int i = 0; i < 4; ++i) decide(controller, now_s, 50.0);
  EXPECT_EQ(controller.grid().batch(controller.setting()), 17u);
  decide(controller, now_s, 101.0);
  EXPECT_EQ(controller.grid().batch(controller.setting()), 15u);
  EXPECT_THROW(Aimd(KnobGrid(every), {}, {.factor = 1.0}), InvalidArgument);
  conformance::expect_controller(controller);
}

TEST(Bracket, RestsOnTheLargestThatFitsAndNeverAlternates) {
  std::vector<double> steep;
  for (int i = 0; i < 9; ++i) steep.push_back(50.0 * std::pow(1.3, i));
  Bracket controller(KnobGrid(powers_of_two), {.power_cap_w = 108.0}, {.window = {.batches = 10}});
  double now_s = 0.0;
  std::vector<int> served;
  for (int i = 0; i < 10; ++i) {
    const int at = controller.setting().batch_index;
    served.push_back(at);
    decide(controller, now_s, steep[static_cast<std::size_t>(at)], 100.0 * (at + 1));
  }
  EXPECT_EQ(served, (Positions{0, 4, 2, 3, 2, 1, 2, 2, 2, 2}));  // 1: is the smaller one as fast?
  controller.on_limits({.time_s = now_s, .power_cap_w = 300.0});
  for (int i = 0; i < 8; ++i)
    decide(controller, now_s, steep[controller.setting().batch_index], 100.0 * (1 + controller.setting().batch_index));
  EXPECT_EQ(controller.setting().batch_index, 6);
  conformance::expect_controller(controller);
  EXPECT_THROW(Bracket(KnobGrid(powers_of_two), {}, {.tie = 1.0}), InvalidArgument);
}

TEST(Stairs, GoesDownAtOnceAndUpAfterThreeQuietWindows) {
  Stairs controller(KnobGrid(powers_of_two, few_clocks), {.power_cap_w = 100.0});
  double now_s = 0.0;
  EXPECT_EQ(controller.setting(), (Setting{4, 3, 1}));
  decide(controller, now_s, 130.0);  // far above: three levels
  EXPECT_EQ(controller.setting(), (Setting{4, 0, 1}));
  decide(controller, now_s, 80.0);
  decide(controller, now_s, 80.0);
  EXPECT_EQ(controller.setting(), (Setting{4, 0, 1}));
  EXPECT_EQ(decide(controller, now_s, 80.0).reason, Reason::too_low);
  EXPECT_EQ(controller.setting(), (Setting{5, 0, 1}));  // the batch before the clock
  conformance::expect_controller(controller);
  conformance::expect_controller(Stairs(KnobGrid(powers_of_two, few_clocks, 3), {.power_cap_w = 100.0}));
  EXPECT_THROW(Stairs(KnobGrid(powers_of_two), {}, {.quiet = 0}), InvalidArgument);
}

TEST(Stairs, DoesNotReturnToAViolatorUntilItsTimeIsUp) {
  Stairs controller(KnobGrid(std::vector<std::uint32_t>{1, 2}, few_clocks), {.power_cap_w = 100.0},
                    {.first = {1, 1, 1}, .quiet = 1, .hold = 4});
  double now_s = 0.0;
  decide(controller, now_s, 105.0);
  EXPECT_EQ(controller.setting(), (Setting{1, 0, 1}));
  EXPECT_EQ(decide(controller, now_s, 80.0).reason, Reason::blocked);
  decide(controller, now_s, 80.0);
  decide(controller, now_s, 80.0);
  EXPECT_EQ(decide(controller, now_s, 80.0).reason, Reason::too_low);
  decide(controller, now_s, 105.0);  // again: twice as long
  for (int i = 0; i < 7; ++i) EXPECT_EQ(decide(controller, now_s, 80.0).reason, Reason::blocked) << i;
  EXPECT_EQ(decide(controller, now_s, 80.0).reason, Reason::too_low);
}

}  // namespace
}  // namespace bayestuner::control
