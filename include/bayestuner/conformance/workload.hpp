#pragma once

#include <gtest/gtest.h>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/runner/concepts.hpp"

namespace bayestuner::conformance {

/// What the runner relies on for any workload: it may be stopped at any time, serves between ready and stop, reports
/// times and counts that fit together, and can be started again.
/// `start` must lead to a workload that is ready within `ready_s` and does something within half a second.
inline void expect_contract(runner::Workload auto& w, const runner::Start& start, double ready_s = 10.0) {
  w.stop();  // before any start
  EXPECT_EQ(w.pid(), 0) << "a workload that is not started has no process";
  for (int round = 0; round < 2; ++round) {
    w.start(start);
    EXPECT_GT(w.pid(), 0);
    w.wait_ready(monotonic_s() + ready_s);
    double items = 0.0;
    std::size_t readings = 0;
    double last_end_s = monotonic_s();
    for (int i = 0; i < 5; ++i) {
      const runner::Slice slice = w.run(monotonic_s() + 0.1);
      EXPECT_GE(slice.begin_s, last_end_s - 1e-9) << "slices must not overlap";
      EXPECT_GE(slice.end_s, slice.begin_s);
      EXPECT_GE(slice.items, 0.0);
      EXPECT_LE(slice.correct, slice.checked);
      EXPECT_LE(slice.checked, slice.answers);
      EXPECT_LE(slice.errors, slice.answers);
      for (const double latency : slice.latencies_s) EXPECT_GE(latency, 0.0);
      if (slice.items > 0.0) {
        EXPECT_GE(slice.last_item_s, slice.begin_s - 1e-9);
        EXPECT_LE(slice.last_item_s, slice.end_s + 1e-9);
      }
      last_end_s = slice.end_s;
      items += slice.items;
      readings += slice.readings.size();
    }
    EXPECT_TRUE(items > 0.0 || readings > 0) << "it did and reported nothing";
    const runner::Slice rest = w.finish();
    EXPECT_GE(rest.end_s, rest.begin_s);
    w.stop();
    w.stop();
    EXPECT_EQ(w.pid(), 0);
  }
  // A stop request ends a run soon, whatever is under way.
  bool stop = false;
  runner::Start stoppable = start;
  stoppable.stop = [&stop] { return stop; };
  w.start(stoppable);
  w.wait_ready(monotonic_s() + ready_s);
  stop = true;
  const double asked_s = monotonic_s();
  EXPECT_ANY_THROW(w.run(monotonic_s() + 30.0));
  EXPECT_LT(monotonic_s() - asked_s, 2.0);
  w.stop();
}

}  // namespace bayestuner::conformance
