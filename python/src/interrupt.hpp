#pragma once
// Ctrl-C while C++ works.

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>

#include "casters.hpp"

namespace bayestuner::python {

// Asks Python whether a signal came, and keeps what its handler raised (KeyboardInterrupt as a rule) until the C++ call
// has tidied up. Python runs handlers in the main thread alone: other threads learn of it through `winding_down`.
class Interrupt {
 public:
  Interrupt() = default;
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether to stop; from any thread, with or without the interpreter's lock.
  bool operator()() {
    if (raised_ || winding_down > 0) return true;
    const py::gil_scoped_acquire lock;
    if (PyErr_CheckSignals() == 0) return false;
    keep(py::error_already_set());
    return true;
  }

  // Keeps an error to be thrown later; the first one counts.
  void keep(const py::error_already_set& error) {
    const std::lock_guard guard(mutex_);
    if (!error_) error_.emplace(error);
    raised_ = true;
  }

  bool raised() const { return raised_; }

  // Throws what was kept, if anything.
  void rethrow() const {
    if (error_) throw py::error_already_set(*error_);
  }

  // Number of calls that were interrupted and wait for their trials in other threads to end.
  inline static std::atomic<int> winding_down{0};

 private:
  std::atomic<bool> raised_{false};
  std::mutex mutex_;
  std::optional<py::error_already_set> error_;
};

// Runs `work` in a thread of its own while this one, without the interpreter's lock, looks for signals: once one came,
// `stop` is called and the work may end in its own time. For work whose threads are none of Python's.
template <class Work, class Stop>
auto run_watched(Interrupt& interrupt, Work work, Stop stop) {
  auto result = std::async(std::launch::async, std::move(work));
  bool told = false;
  while (result.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    if (told || !interrupt()) continue;
    told = true;
    ++Interrupt::winding_down;
    stop();
  }
  if (told) --Interrupt::winding_down;
  return result.get();
}

}  // namespace bayestuner::python
