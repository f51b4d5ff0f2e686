#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "bayestuner/runner/concepts.hpp"

namespace bayestuner::runner {

/// What one call of a workload's function did.
struct CallResult {
  double items = 1.0;                          ///< processed in this call
  std::optional<bool> correct = {};            ///< whether the answers were right, if known
  std::map<std::string, double> metrics = {};  ///< further metrics, averaged over the calls
};

/// A loop of this process: a function is called again and again with the configuration. It answers with the items it
/// processed (a number), with metrics by name, with a CallResult, or with nothing (one item).
/// Knobs that act on a process (CPU sets, memory limits, environment) cannot act on it and fail the trial; parameters
/// are read from the configuration, or set through knob::Callable.
class CallableWorkload {
 public:
  using Function = std::function<CallResult(const space::Configuration&)>;
  using Hook = std::function<void(const space::Configuration&)>;

  /// `prepare` runs before the first call of a trial (load the network), `tidy_up` after the last, also after failures.
  /// Throws InvalidArgument for an empty function.
  template <class F>
    requires std::invocable<F&, const space::Configuration&>
  explicit CallableWorkload(F function, Hook prepare = {}, Hook tidy_up = {})
      : CallableWorkload(Made{}, adapt(std::move(function)), std::move(prepare), std::move(tidy_up)) {}

  void start(const Start& start);
  void wait_ready(double until_s);
  Slice run(double until_s);
  Slice finish();
  void stop() noexcept;
  bool is_process() const { return false; }
  pid_t pid() const;

 private:
  struct Made {};
  CallableWorkload(Made, Function function, Hook prepare, Hook tidy_up);

  template <class F>
  static Function adapt(F function) {
    using Result = std::invoke_result_t<F&, const space::Configuration&>;
    if constexpr (!std::is_empty_v<F> && std::is_constructible_v<bool, const F&>) {  // a lambda is never empty
      if (!static_cast<bool>(function)) return {};
    }
    if constexpr (std::is_same_v<Result, CallResult>) {
      return function;
    } else if constexpr (std::is_void_v<Result>) {
      return [f = std::move(function)](const space::Configuration& c) mutable {
        f(c);
        return CallResult{};
      };
    } else if constexpr (std::is_arithmetic_v<Result>) {
      return [f = std::move(function)](const space::Configuration& c) mutable {
        return CallResult{.items = static_cast<double>(f(c))};
      };
    } else {
      return [f = std::move(function)](const space::Configuration& c) mutable { return CallResult{.metrics = f(c)}; };
    }
  }

  Function function_;
  Hook prepare_, tidy_up_;
  Start start_;
  bool started_ = false;
};
static_assert(Workload<CallableWorkload>);

}  // namespace bayestuner::runner
