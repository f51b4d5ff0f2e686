#pragma once

#include <chrono>

namespace bayestuner {

/// Seconds of the monotonic clock, from an arbitrary zero. Never the wall clock: that one jumps.
inline double monotonic_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Seconds since 1970-01-01 UTC, for records that people read.
inline double wall_clock_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace bayestuner
