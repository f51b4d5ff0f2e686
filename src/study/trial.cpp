#include "bayestuner/study/trial.hpp"

#include <array>

namespace bayestuner::study {

namespace {
constexpr std::array states{"waiting", "running", "complete", "pruned", "fail"};
constexpr std::array reasons{"none",       "out_of_memory", "timed_out", "crashed", "knob_refused",
                             "not_steady", "invalid",       "cancelled", "lost"};

template <class E, class Names>
E parse(const Names& names, const std::string& text, const char* what) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (text == names[i]) return static_cast<E>(i);
  }
  throw InvalidArgument(std::string(what) + ": '" + text + "' is unknown");
}
}  // namespace

const char* to_string(TrialState state) {
  return states[static_cast<std::size_t>(state)];
}
const char* to_string(FailureReason reason) {
  return reasons[static_cast<std::size_t>(reason)];
}
TrialState trial_state_from_string(const std::string& text) {
  return parse<TrialState>(states, text, "state");
}
FailureReason failure_reason_from_string(const std::string& text) {
  return parse<FailureReason>(reasons, text, "reason");
}

}  // namespace bayestuner::study
