#pragma once

#include <string>
#include <vector>

#include "bayestuner/runner/trial_runner.hpp"
#include "bayestuner/runner/tune_spec.hpp"

namespace bayestuner::runner {

/// What a spec becomes on this machine; making it touches nothing.
struct TuneParts {
  AnyWorkload workload;
  TrialRunnerOptions options;
  std::vector<std::string> notes;  ///< mechanisms and sources, one line each
};

/// Throws InvalidArgument for values this machine does not have and meters that cannot see a knob, DeviceError for a
/// knob or meter that is not available.
TuneParts make_parts(const TuneSpec& spec);

}  // namespace bayestuner::runner
