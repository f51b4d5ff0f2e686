#include "python_workload.hpp"

#include <unistd.h>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/runner/callable_workload.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::python {

using runner::Slice;

static_assert(runner::Workload<SharedWorkload> && runner::Workload<PythonWorkload> && runner::Load<PythonLoad>);

namespace {

// What run() and finish() may return: a Slice, the items processed, a dict of metrics, or None. Times and counts that
// were left out are filled in.
Slice to_slice(const py::object& object, double begin_s) {
  Slice slice;
  if (py::isinstance<Slice>(object)) {
    slice = object.cast<Slice>();
  } else if (py::isinstance<py::dict>(object)) {
    slice.readings.push_back(object.cast<std::map<std::string, double>>());
  } else if (!object.is_none()) {
    slice.items = object.cast<double>();
    slice.answers = slice.items > 0.0;
  }
  const double now = monotonic_s();
  if (slice.begin_s == 0.0) slice.begin_s = begin_s;
  if (slice.end_s == 0.0) slice.end_s = now;
  if (slice.items > 0.0 && slice.last_item_s == 0.0) slice.last_item_s = slice.end_s;
  if (slice.answers == 0) {
    slice.answers = static_cast<std::int64_t>(slice.latencies_s.size());
    if (slice.answers == 0 && slice.items > 0.0) slice.answers = 1;
  }
  return slice;
}

Slice call_for_slice(const Handle& object, const char* method, std::optional<double> until_s,
                     const runner::Stop& stop) {
  runner::throw_if_stopped(stop);
  const double begin_s = monotonic_s();
  return with_python([&] {
    if (!until_s && !py::hasattr(*object, method)) return Slice{.begin_s = begin_s, .end_s = begin_s};
    const py::object function = (*object).attr(method);
    return to_slice(until_s ? function(*until_s) : function(), begin_s);
  });
}

void call_quietly(const Handle& object, const char* method) noexcept {
  const py::gil_scoped_acquire lock;
  try {
    if (py::hasattr(*object, method)) (*object).attr(method)();
  } catch (py::error_already_set& error) {
    error.discard_as_unraisable(method);  // the trial's own result or failure is what counts
  }
}

}  // namespace

PythonWorkload::PythonWorkload(py::object object) : object_(object) {
  require_methods("workload", object, {"run"});
  is_process_ = value_or_call(object, "is_process", py::bool_(false)).cast<bool>();
  if (is_process_ && !py::hasattr(object, "pid")) {
    throw InvalidArgument("workload: " + py::repr(object).cast<std::string>() +
                          " is a process and needs pid: the root of what it has started, 0 when not started");
  }
}

void PythonWorkload::start(const runner::Start& start) {
  stop();
  const knob::LaunchPlan& launch = start.launch;
  if (!is_process_ && (!launch.groups.empty() || !launch.cpus.empty() || !launch.environment.empty())) {
    throw study::TrialFailed(study::FailureReason::knob_refused,
                             "a workload inside this process can be given no CPUs, groups or environment by a knob; "
                             "read the parameter from the configuration");
  }
  stop_ = start.stop;
  started_ = true;
  with_python([&] {
    if (py::hasattr(*object_, "start")) (*object_).attr("start")(py::cast(start));
  });
}

void PythonWorkload::wait_ready(double until_s) {
  runner::throw_if_stopped(stop_);
  with_python([&] {
    if (py::hasattr(*object_, "wait_ready")) (*object_).attr("wait_ready")(until_s);
  });
}

Slice PythonWorkload::run(double until_s) {
  return call_for_slice(object_, "run", until_s, stop_);
}

Slice PythonWorkload::finish() {
  return call_for_slice(object_, "finish", std::nullopt, stop_);
}

void PythonWorkload::stop() noexcept {
  if (!std::exchange(started_, false)) return;
  call_quietly(object_, "stop");
}

pid_t PythonWorkload::pid() const {
  if (!started_) return 0;
  if (!is_process_) return ::getpid();
  return with_python([&] { return value_or_call(*object_, "pid").cast<pid_t>(); });
}

PythonLoad::PythonLoad(py::object object) : object_(object) {
  require_methods("load", object, {"run"});
}

void PythonLoad::begin(const runner::LoadStart& start) {
  stop_ = start.stop;
  with_python([&] {
    if (py::hasattr(*object_, "begin")) (*object_).attr("begin")(py::cast(start));
  });
}

Slice PythonLoad::run(double until_s) {
  return call_for_slice(object_, "run", until_s, stop_);
}

Slice PythonLoad::finish() {
  return call_for_slice(object_, "finish", std::nullopt, stop_);
}

void PythonLoad::end() noexcept {
  call_quietly(object_, "end");
}

}  // namespace bayestuner::python
