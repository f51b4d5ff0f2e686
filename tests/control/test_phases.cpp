#include <gtest/gtest.h>

#include "bayestuner/control/phases.hpp"

namespace bayestuner::control {
namespace {

LoopWindow window(double at_s, double cap_w, double power_w, std::uint32_t batch, double throughput) {
  LoopWindow w;
  w.time_s = at_s;
  w.seconds = 1.0;
  w.cap_w = cap_w;
  w.power_w = power_w;
  w.within = power_w <= cap_w;
  w.served.batch = batch;
  w.throughput = throughput;
  return w;
}

TEST(PhaseRecorder, SettlesAtTheFirstOfThreeWindowsInARowWithinTheCapAndWithOneSetting) {
  PhaseRecorder recorder;
  recorder.add(window(1, 100, 90, 1, 10));
  recorder.add(window(2, 100, 120, 8, 40));  // over: begins anew
  recorder.add(window(3, 100, 95, 4, 30));
  recorder.add(window(4, 100, 95, 2, 20));  // another setting: begins anew
  recorder.add(window(5, 100, 95, 2, 22));
  recorder.add(window(6, 100, 95, 2, 24));
  recorder.add(window(7, 100, 101, 2, 26));
  ASSERT_EQ(recorder.phases().size(), 1u);
  const Phase& phase = recorder.phases().front();
  EXPECT_EQ(phase.from_s, 0.0);
  EXPECT_EQ(phase.windows, 7u);
  EXPECT_EQ(phase.within, 5u);
  ASSERT_TRUE(phase.windows_to_settle);
  EXPECT_EQ(*phase.windows_to_settle, 3u);
  EXPECT_EQ(phase.settled_windows, 4u);
  EXPECT_EQ(phase.settled_within, 3u);
  EXPECT_DOUBLE_EQ(phase.throughput, 172.0 / 7.0);
  EXPECT_DOUBLE_EQ(phase.settled_throughput, 23.0);
  EXPECT_EQ(phase.last.batch, 2u);
}

TEST(PhaseRecorder, BeginsAPhaseWithEachCapAndMayNeverSettle) {
  PhaseRecorder recorder;
  for (int i = 0; i < 3; ++i) recorder.add(window(i, 100, 90, 4, 10));
  recorder.add(window(3, 50, 60, 4, 10));
  recorder.add(window(4, 50, 40, 1, std::nan("")));
  ASSERT_EQ(recorder.phases().size(), 2u);
  EXPECT_EQ(recorder.phases()[0].windows_to_settle, 0u);
  EXPECT_FALSE(recorder.phases()[1].windows_to_settle);
  EXPECT_TRUE(std::isnan(recorder.phases()[1].settled_throughput));
  EXPECT_DOUBLE_EQ(recorder.phases()[1].throughput, 5.0);
}

}  // namespace
}  // namespace bayestuner::control
