#include "bayestuner/runner/stop.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "bayestuner/study/trial.hpp"

namespace bayestuner::runner {

void throw_if_stopped(const Stop& stop) {
  if (wants_stop(stop)) throw study::TrialFailed(study::FailureReason::cancelled, "stopped on request");
}

void sleep_until(double until_s, const Stop& stop) {
  constexpr double longest_s = 0.05;
  while (!wants_stop(stop)) {
    const double left = until_s - monotonic_s();
    if (left <= 0.0) return;
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, longest_s)));
  }
}

}  // namespace bayestuner::runner
