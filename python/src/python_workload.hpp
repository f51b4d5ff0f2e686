#pragma once
// Python objects as workloads and loads, and workloads that Python variables may hold.

#include "call_python.hpp"

#include "bayestuner/runner/any_workload.hpp"
#include "bayestuner/runner/load.hpp"

namespace bayestuner::python {

// A workload behind a shared handle.
class SharedWorkload {
 public:
  explicit SharedWorkload(std::shared_ptr<runner::AnyWorkload> workload) : workload_(std::move(workload)) {}
  void start(const runner::Start& start) { workload_->start(start); }
  void wait_ready(double until_s) { workload_->wait_ready(until_s); }
  runner::Slice run(double until_s) { return workload_->run(until_s); }
  runner::Slice finish() { return workload_->finish(); }
  void stop() noexcept { workload_->stop(); }
  bool is_process() const { return workload_->is_process(); }
  pid_t pid() const { return workload_->pid(); }

 private:
  std::shared_ptr<runner::AnyWorkload> workload_;
};

// An object with run(until_s). Optional: start(start), wait_ready(until_s), finish(), stop(), is_process, pid.
class PythonWorkload {
 public:
  explicit PythonWorkload(py::object object);
  void start(const runner::Start& start);
  void wait_ready(double until_s);
  runner::Slice run(double until_s);
  runner::Slice finish();
  void stop() noexcept;
  bool is_process() const { return is_process_; }
  pid_t pid() const;

 private:
  Handle object_;
  runner::Stop stop_;
  bool is_process_ = false, started_ = false;
};

// An object with run(until_s). Optional: begin(start), finish(), end().
class PythonLoad {
 public:
  explicit PythonLoad(py::object object);
  void begin(const runner::LoadStart& start);
  runner::Slice run(double until_s);
  runner::Slice finish();
  void end() noexcept;

 private:
  Handle object_;
  runner::Stop stop_;
};

// A workload made here, any object that can stand in for one, or a function of a configuration. Throws InvalidArgument
// that says what is missing.
runner::AnyWorkload to_workload(const py::object& object);

}  // namespace bayestuner::python
