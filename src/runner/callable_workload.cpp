#include "bayestuner/runner/callable_workload.hpp"

#include <unistd.h>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::runner {

using study::FailureReason;
using study::TrialFailed;

CallableWorkload::CallableWorkload(Made, Function function, Hook prepare, Hook tidy_up)
    : function_(std::move(function)), prepare_(std::move(prepare)), tidy_up_(std::move(tidy_up)) {
  if (!function_) throw InvalidArgument("workload: the function is empty");
}

void CallableWorkload::start(const Start& start) {
  stop();
  const knob::LaunchPlan& launch = start.launch;
  if (!launch.groups.empty() || !launch.cpus.empty() || !launch.environment.empty()) {
    throw TrialFailed(FailureReason::knob_refused,
                      "a workload inside this process can be given no CPUs, groups or environment by a knob; read the "
                      "parameter from the configuration");
  }
  start_ = start;
  started_ = true;
  if (prepare_) prepare_(start_.params);
}

void CallableWorkload::wait_ready(double) {
  if (!started_) throw TrialFailed(FailureReason::invalid, "the workload was not started");
}

Slice CallableWorkload::run(double until_s) {
  wait_ready(until_s);
  Slice slice{.begin_s = monotonic_s()};
  double now = slice.begin_s;
  do {
    throw_if_stopped(start_.stop);
    const CallResult result = function_(start_.params);
    const double done = monotonic_s();
    ++slice.answers;
    slice.latencies_s.push_back(done - now);
    if (result.correct) {
      ++slice.checked;
      slice.correct += *result.correct;
    }
    if (result.correct.value_or(true)) {
      slice.items += result.items;
      slice.last_item_s = done;
    } else if (slice.first_problem.empty()) {
      slice.first_problem = "a call reported a wrong answer";
    }
    if (!result.metrics.empty()) slice.readings.push_back(result.metrics);
    now = done;
  } while (now < until_s);
  slice.end_s = now;
  return slice;
}

Slice CallableWorkload::finish() {
  const double now = monotonic_s();
  return {.begin_s = now, .end_s = now};
}

void CallableWorkload::stop() noexcept {
  if (!started_) return;
  started_ = false;
  try {
    if (tidy_up_) tidy_up_(start_.params);
  } catch (...) {
    // The trial's own result or failure is what counts.
  }
}

pid_t CallableWorkload::pid() const {
  return started_ ? ::getpid() : 0;
}

}  // namespace bayestuner::runner
