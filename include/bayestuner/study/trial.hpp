#pragma once
/// One test run: what was set, what was measured, or why nothing was.

#include <cstdint>
#include <map>
#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/metric.hpp"
#include "bayestuner/space/configuration.hpp"

namespace bayestuner::study {

/// `waiting`: enqueued, not begun. `running`: asked, not told.
enum class TrialState { waiting, running, complete, pruned, fail };

/// Why a trial has no metrics, or only some.
enum class FailureReason {
  none,
  out_of_memory,
  timed_out,
  crashed,
  knob_refused,
  not_steady,
  invalid,
  cancelled,
  lost  ///< the process that ran it is gone
};

const char* to_string(TrialState state);
const char* to_string(FailureReason reason);
/// Inverses. Throw InvalidArgument.
TrialState trial_state_from_string(const std::string& text);
FailureReason failure_reason_from_string(const std::string& text);

using Metrics = std::map<std::string, Metric>;

struct Trial {
  std::int64_t number = -1;  ///< from 0, in order of asking
  space::Configuration params = {};
  TrialState state = TrialState::running;
  Metrics metrics = {};  ///< raw, never penalised; a failed trial keeps what it measured
  FailureReason reason = FailureReason::none;
  std::string message = {};  ///< why it failed, one line
  double started_s = 0.0;    ///< seconds since 1970 UTC
  double finished_s = 0.0;   ///< 0 while not finished
  std::int64_t told = -1;    ///< place in the order of telling; -1 while not finished
  bool is_baseline = false;  ///< relative constraints refer to this configuration
  bool is_verification = false;
  std::map<std::string, std::string> user_attrs = {};

  bool is_finished() const {
    return state == TrialState::complete || state == TrialState::fail || state == TrialState::pruned;
  }
};

/// Thrown by an objective function whose trial failed in a known way; the study records it and goes on.
class BAYESTUNER_EXPORT TrialFailed : public Error {
 public:
  TrialFailed(FailureReason why, const std::string& message, Metrics measured = {})
      : Error(message), reason(why), partial(std::move(measured)) {}
  FailureReason reason;
  Metrics partial;  ///< what was measured before it failed
};

}  // namespace bayestuner::study
