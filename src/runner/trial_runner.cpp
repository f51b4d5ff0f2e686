#include "bayestuner/runner/trial_runner.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <set>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "runner/clean_text.hpp"
#include "runner/scratch_directory.hpp"

namespace bayestuner::runner {
namespace {

using study::FailureReason;
using study::TrialFailed;

void require(bool holds, const std::string& message) {
  if (!holds) throw InvalidArgument(message);
}

meter::Target target_of(const AnyWorkload& workload, const knob::LaunchPlan& launch) {
  meter::Target target;
  target.pid = workload.pid();
  // v1 counts CPU time in cpuacct; v2 in every group.
  for (const char* const controller : {"cpuacct", "cpu", "cpuset", "memory"}) {
    const auto group = launch.group(controller);
    if (!group || (group->version == 1 && std::string(controller) != "cpuacct")) continue;
    target.cpu_group = group->path;
    target.cpu_version = group->version;
    break;
  }
  if (const auto group = launch.group("memory")) {
    target.memory_group = group->path;
    target.memory_version = group->version;
  }
  return target;
}

}  // namespace

const char* to_string(Phase phase) {
  constexpr const char* names[] = {"applying", "starting", "measuring", "stopping", "cooling down"};
  return names[static_cast<int>(phase)];
}

struct TrialRunner::State {
  State(AnyWorkload given, TrialRunnerOptions settings)
      : workload(std::move(given)), options(std::move(settings)), scratch(options.log_directory) {}

  AnyWorkload workload;
  TrialRunnerOptions options;
  ScratchDirectory scratch;
  std::optional<knob::Session> session;  // none where nothing outside this process is touched
  std::vector<knob::Plan> accounting;
  std::map<std::string, std::string> notes;
  double cool_until_s = 0.0;
  int runs = 0;

  void enter(Phase phase) const {
    if (options.phase) options.phase(phase);
  }
  std::vector<knob::Plan> plans(const space::Configuration& params) const;
  Measurement measure_once(const space::Configuration& params, double until_s);
  void give_back();
};

std::vector<knob::Plan> TrialRunner::State::plans(const space::Configuration& params) const {
  std::vector<knob::Plan> all = accounting;
  for (const knob::AnyKnob& k : options.knobs) {
    if (params.contains(k.name())) all.push_back(k.plan(params.at(k.name())));
  }
  return all;
}

Measurement TrialRunner::State::measure_once(const space::Configuration& params, double until_s) {
  enter(Phase::applying);
  Start start{.params = params, .directory = scratch.next(runs++), .stop = options.stop};
  if (session) {
    try {
      start.launch = session->apply(plans(params));
    } catch (const InvalidArgument& error) {
      throw TrialFailed(FailureReason::knob_refused, error.what());
    } catch (const DeviceError& error) {
      throw TrialFailed(FailureReason::knob_refused, error.what());
    }
    start.register_process = [this](pid_t pid) { session->register_process(pid); };
  }
  enter(Phase::starting);
  workload.start(start);
  workload.wait_ready(until_s);
  const auto verify = [&] {
    if (!session || !workload.is_process()) return;
    try {
      session->verify(workload.pid(), start.launch);
    } catch (const DeviceError& error) {
      throw TrialFailed(FailureReason::knob_refused, error.what());
    }
  };
  verify();
  enter(Phase::measuring);
  Measurement result =
      measure(workload, options.meters, target_of(workload, start.launch), options.measure, options.stop, until_s);
  return result;
}

/// Stops the workload and undoes the knobs, whatever happened before.
void TrialRunner::State::give_back() {
  std::exception_ptr interruption;  // a callback that throws must not keep us from tidying up
  try {
    enter(Phase::stopping);
  } catch (...) {
    interruption = std::current_exception();
  }
  workload.stop();
  cool_until_s = monotonic_s() + options.cool_down_s;
  if (session) {
    const knob::RestoreReport report = session->restore();
    if (!report.complete()) {
      throw knob::RestoreError("the machine could not be given back as it was found; run `bayestuner restore`: " +
                               clean_text(report.to_text(), 2000));
    }
  }
  if (interruption) std::rethrow_exception(interruption);
}

TrialRunner::TrialRunner(AnyWorkload workload, TrialRunnerOptions options) {
  options.measure.check();
  require(options.timeout_s > 0.0, "timeout_s: " + to_text(options.timeout_s) + " must be above 0");
  require(options.cool_down_s >= 0.0, "cool_down_s: " + to_text(options.cool_down_s) + " must be at least 0");
  std::set<std::string> names;
  for (const knob::AnyKnob& k : options.knobs) {
    require(names.insert(k.name()).second, k.name() + ": two knobs have this name");
    if (const Availability a = k.availability(); !a) {
      throw DeviceError(k.name() + ": cannot be set here: " + a.reason() +
                        (a.remedy().empty() ? "" : " (" + a.remedy() + ")"));
    }
  }
  for (const meter::AnyMeter& m : options.meters) {
    if (const Availability a = m.availability(); !a) {
      throw DeviceError(m.name() + ": cannot be read here: " + a.reason() +
                        (a.remedy().empty() ? "" : " (" + a.remedy() + ")"));
    }
  }
  const bool is_process = workload.is_process();
  state_ = std::make_unique<State>(std::move(workload), std::move(options));
  State& state = *state_;
  if (!is_process && state.options.knobs.empty()) return;
  knob::SessionOptions session = state.options.session;
  session.filesystem = state.options.filesystem;
  state.session.emplace(session);
  for (const knob::AnyKnob& k : state.options.knobs) {
    // Any value will do: what a knob takes from others does not depend on it.
    const space::Parameter parameter = k.parameter();
    state.session->hold(k.plan(parameter.value(parameter.code_at(0.0))).resource);
  }
  if (is_process && state.options.account) {
    const auto files = state.options.filesystem ? state.options.filesystem : knob::real_filesystem();
    knob::Plan plan = knob::accounting_plan(knob::CgroupLayout::discover(files));
    try {
      // A machine may show groups and refuse them all the same: then the process tree is walked instead.
      session.guardian = false;
      session.recover = false;
      knob::Session trial(session);
      trial.apply({plan});
      trial.restore();
      state.accounting.push_back(std::move(plan));
    } catch (const DeviceError&) {
    }
  }
}

TrialRunner::~TrialRunner() {
  if (state_) state_->workload.stop();
}
TrialRunner::TrialRunner(TrialRunner&&) noexcept = default;
TrialRunner& TrialRunner::operator=(TrialRunner&& other) noexcept {
  if (state_) state_->workload.stop();
  state_ = std::move(other.state_);
  return *this;
}

study::Metrics TrialRunner::run(const space::Configuration& params) {
  State& state = *state_;
  state.notes.clear();
  if (state.cool_until_s > monotonic_s()) {
    state.enter(Phase::cooling_down);
    sleep_until(state.cool_until_s, state.options.stop);
  }
  throw_if_stopped(state.options.stop);
  Measurement result;
  try {
    result = state.measure_once(params, monotonic_s() + state.options.timeout_s);
  } catch (const std::bad_alloc&) {
    state.give_back();
    throw TrialFailed(FailureReason::out_of_memory, "this process has no memory left");
  } catch (...) {
    state.give_back();
    throw;
  }
  state.give_back();
  state.notes = std::move(result.notes);
  return std::move(result.metrics);
}

const std::map<std::string, std::string>& TrialRunner::notes() const {
  return state_->notes;
}

const knob::RestoreReport& TrialRunner::recovered() const {
  static const knob::RestoreReport nothing;
  return state_->session ? state_->session->recovered() : nothing;
}

std::vector<std::string> metrics_of(const meter::AnyMeter& meter) {
  if (meter.name() == "cpu_time") return {"cpu_time_s", "cpu_share"};
  if (meter.name() == "memory") return {"memory_peak_bytes"};
  if (meter.name() == "pressure") return {"cpu_pressure", "memory_pressure", "io_pressure"};
  return {"power_w", "energy_j", "energy_per_item_j"};
}

void refuse_blind_meters(const std::vector<meter::AnyMeter>& meters, const std::vector<knob::AnyKnob>& knobs,
                         const std::vector<std::string>& wanted) {
  std::vector<std::string> kinds;
  for (const knob::AnyKnob& k : knobs) {
    const space::Parameter parameter = k.parameter();
    if (!parameter.is_finite() || parameter.level_count() > 1) kinds.push_back(k.describe().kind);
  }
  for (const meter::AnyMeter& m : meters) {
    for (const std::string& metric : metrics_of(m)) {
      if (std::find(wanted.begin(), wanted.end(), metric) == wanted.end()) continue;
      meter::refuse_blind(m.name(), m.describe(), metric, kinds);
    }
  }
}

}  // namespace bayestuner::runner
