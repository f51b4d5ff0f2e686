#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bayestuner/knob/any_knob.hpp"
#include "bayestuner/knob/cgroup.hpp"
#include "bayestuner/knob/session.hpp"
#include "bayestuner/meter/any_meter.hpp"
#include "bayestuner/runner/any_workload.hpp"
#include "bayestuner/runner/measure.hpp"
#include "bayestuner/study/study.hpp"

namespace bayestuner::runner {

/// What a trial is doing.
enum class Phase { applying, starting, measuring, stopping, cooling_down };
const char* to_string(Phase phase);

struct TrialRunnerOptions {
  std::vector<knob::AnyKnob> knobs = {};  ///< set where the configuration has a parameter of their name
  std::vector<meter::AnyMeter> meters = {};
  MeasureOptions measure = {};
  double timeout_s = 120.0;                  ///< of a whole trial
  double cool_down_s = 0.0;                  ///< after a trial
  bool account = true;                       ///< put processes into groups of ours where the machine lets us
  std::filesystem::path log_directory = {};  ///< keeps a folder per trial; empty: logs go when the runner goes
  knob::SessionOptions session = {};
  std::shared_ptr<const knob::Filesystem> filesystem = {};  ///< empty: the machine
  Stop stop = {};
  std::function<void(Phase)> phase = {};
};

/// One trial on this machine: configuration in, metrics or the reason of a failure out. Sets the knobs, starts the
/// workload, waits until it is ready, checks that the knobs hold, measures, stops it, gives the machine back; whatever
/// ends the trial, the last two happen. Callable as the objective of study::Study.
class TrialRunner {
 public:
  /// Takes the resources of the knobs for its whole life. Throws InvalidArgument for options out of range, DeviceError
  /// for a knob or meter that is unavailable, BusyError where another process tunes the same.
  explicit TrialRunner(AnyWorkload workload, TrialRunnerOptions options = {});
  ~TrialRunner();
  TrialRunner(TrialRunner&&) noexcept;
  TrialRunner& operator=(TrialRunner&&) noexcept;

  /// Throws study::TrialFailed with reason and message; RestoreError where the machine could not be given back.
  study::Metrics operator()(const study::Trial& trial) { return run(trial.params); }
  study::Metrics run(const space::Configuration& params);
  /// This runner as study::Study takes it: a copyable function that refers to it.
  study::Study::Function objective() {
    return [this](const study::Trial& trial) { return (*this)(trial); };
  }

  /// About the last trial: see Measurement::notes; log where logs are kept.
  const std::map<std::string, std::string>& notes() const;
  /// What was put back for dead tuners when this runner began.
  const knob::RestoreReport& recovered() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Metrics that a meter reports, energy_per_item_j included where it follows from them.
std::vector<std::string> metrics_of(const meter::AnyMeter& meter);

/// Refuses meters that cannot see a knob with more than one value, for the metrics of `wanted` that they report.
/// Throws InvalidArgument.
void refuse_blind_meters(const std::vector<meter::AnyMeter>& meters, const std::vector<knob::AnyKnob>& knobs,
                         const std::vector<std::string>& wanted);

}  // namespace bayestuner::runner
