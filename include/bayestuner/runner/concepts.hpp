#pragma once
/// Workloads: what a trial runs.

#include <sys/types.h>

#include <concepts>
#include <filesystem>
#include <functional>

#include "bayestuner/knob/launch.hpp"
#include "bayestuner/runner/slice.hpp"
#include "bayestuner/runner/stop.hpp"
#include "bayestuner/space/configuration.hpp"

namespace bayestuner::runner {

/// One start of a workload.
struct Start {
  space::Configuration params = {};
  knob::LaunchPlan launch = {};                      ///< what the knobs add to its processes
  std::filesystem::path directory = {};              ///< folder for its logs; exists
  std::function<void(pid_t)> register_process = {};  ///< to be called for each process of ours before it execs
  Stop stop = {};
};

/// Something whose cost under a configuration is measured: a server under load, a batch job, a loop of this process.
/// `start(s)` launches it; `wait_ready(t)` returns once it can serve, at the latest when the monotonic clock shows `t`.
/// `run(t)` lets it serve until about `t` and says what it did; work goes on between two calls that follow each other.
/// `finish()` ends the load and says what was still under way. `stop()` ends everything it has started and throws
/// nothing; it may be called at any time and repeatedly, and the workload may be started again.
/// `is_process()`: whether it starts processes, which knobs can confine; `pid()`: their root, 0 when not started; this
/// process for a workload inside it.
/// The first four throw study::TrialFailed with the reason: crashed, timed_out, out_of_memory, cancelled, invalid.
/// Models: ProcessWorkload, CallableWorkload. Checked by conformance/workload.hpp.
template <class W>
concept Workload = requires(W w, const W c, const Start& s, double until_s) {
                     w.start(s);
                     w.wait_ready(until_s);
                     { w.run(until_s) } -> std::same_as<Slice>;
                     { w.finish() } -> std::same_as<Slice>;
                     { w.stop() } noexcept;
                     { c.is_process() } -> std::same_as<bool>;
                     { c.pid() } -> std::same_as<pid_t>;
                   } && std::movable<W>;

}  // namespace bayestuner::runner
