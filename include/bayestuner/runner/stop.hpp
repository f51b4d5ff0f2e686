#pragma once

#include <functional>

#include "bayestuner/core/clock.hpp"

namespace bayestuner::runner {

/// Says whether to stop now; empty: never. Asked at least every 50 ms, by the thread that runs the trial.
using Stop = std::function<bool()>;

inline bool wants_stop(const Stop& stop) {
  return stop && stop();
}

/// Throws study::TrialFailed, reason cancelled, if `stop` says so.
void throw_if_stopped(const Stop& stop);

/// Sleeps until the monotonic clock shows `until_s`, or until `stop` says so.
void sleep_until(double until_s, const Stop& stop);

}  // namespace bayestuner::runner
