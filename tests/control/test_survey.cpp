#include <gtest/gtest.h>

#include <vector>

#include "bayestuner/conformance/controller.hpp"
#include "bayestuner/control/survey.hpp"

namespace bayestuner::control {
namespace {

const std::vector<std::uint32_t> sizes{1, 2, 4, 8, 16, 32, 64, 128};

Decision window(Survey& controller, double power_w, double per_s) {
  static double now_s = 0.0;
  Measurement m;
  m.time_s = now_s += 1e4;
  m.setting = controller.setting();
  m.batches = 10;
  m.batch_size = controller.grid().batch(m.setting);
  m.items = static_cast<std::uint32_t>(1e4 * per_s);
  m.service_s = 1e4;
  m.power = {.count = 5, .max_w = power_w, .mean_w = power_w, .quantile_w = power_w};
  return controller.step(m);
}

TEST(Survey, FindsTheBestSettingOfATableThatRisesAndFalls) {
  const std::vector<double> power_w{120, 118, 90, 95, 160, 110, 150, 100}, per_s{10, 30, 25, 60, 70, 80, 90, 40};
  Survey controller(KnobGrid(sizes), {.power_cap_w = 115.0});
  for (int i = 0; i < 12; ++i) {
    const auto at = controller.setting().batch_index;
    window(controller, power_w[at], per_s[at]);
  }
  EXPECT_EQ(controller.setting().batch_index, 5);
  EXPECT_EQ(window(controller, 110, 80).reason, Reason::in_band);
  // What was measured still holds under another cap.
  controller.on_limits({.power_cap_w = 97.0});
  for (int i = 0; i < 4; ++i) {
    const auto at = controller.setting().batch_index;
    window(controller, power_w[at], per_s[at]);
  }
  EXPECT_EQ(controller.setting().batch_index, 3);
}

TEST(Survey, SaysThatNothingFits) {
  Survey controller(KnobGrid(sizes), {.power_cap_w = 50.0});
  Decision last;
  for (int i = 0; i < 20; ++i) last = window(controller, 100.0 + controller.setting().batch_index, 10.0);
  EXPECT_TRUE(last.infeasible);
  EXPECT_EQ(last.setting.batch_index, 0);
}

TEST(Survey, MeetsTheContract) {
  const std::vector<double> clocks{1e9, 1.5e9, 2e9};
  conformance::expect_controller(Survey(KnobGrid(sizes, clocks, 2), {.power_cap_w = 120.0}));
  conformance::expect_controller(Survey(KnobGrid(std::vector<std::uint32_t>{3}), {.power_cap_w = 120.0}));
}

TEST(Survey, RefusesWhatItCannotUse) {
  std::vector<std::uint32_t> many(129);
  for (std::uint32_t i = 0; i < many.size(); ++i) many[i] = i + 1;
  EXPECT_THROW(Survey(KnobGrid(many), {}), InvalidArgument);
  EXPECT_THROW(Survey(KnobGrid(sizes), {}, {.gain = 0.0}), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::control
