#include "bayestuner/control/control_run.hpp"

#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/knob/launch.hpp"
#include "bayestuner/meter/discover.hpp"
#include "bayestuner/runner/process_workload.hpp"
#include "bayestuner/study/trial.hpp"
#include "runner/scratch_directory.hpp"

namespace bayestuner::control {

namespace {

constexpr double look_s = 0.1;  // between two looks at windows, limits and signals

using study::FailureReason;
using study::TrialFailed;

// A load in the background of a control loop: a server that hangs is the loop's finding and ends nothing. Without an
// inner load it lets time pass.
class BackgroundLoad {
 public:
  struct Seen {
    std::map<std::string, std::string> values;  // placeholders of the workload, its port among them
    std::string problem;
  };
  BackgroundLoad(std::optional<runner::AnyLoad> load, std::shared_ptr<Seen> seen)
      : load_(std::move(load)), seen_(std::move(seen)) {}

  void begin(const runner::LoadStart& start) {
    seen_->values = start.values;
    stop_ = start.stop;
    if (load_) load_->begin(start);
  }
  runner::Slice run(double until_s) {
    if (!load_) {
      runner::sleep_until(until_s, stop_);
      return {};
    }
    try {
      return load_->run(until_s);
    } catch (const TrialFailed& failure) {
      if (failure.reason != FailureReason::timed_out) throw;
      if (seen_->problem.empty()) seen_->problem = failure.what();
      return {};
    }
  }
  runner::Slice finish() { return load_ ? load_->finish() : runner::Slice{}; }
  void end() noexcept {
    if (load_) load_->end();
  }

 private:
  std::optional<runner::AnyLoad> load_;
  std::shared_ptr<Seen> seen_;
  runner::Stop stop_;
};

/// One run of run_control(). Everything that can be refused is made in the constructor; the destructor gives back.
class Run {
 public:
  Run(const ControlSpec& spec, const ControlCallbacks& callbacks, runner::Stop stop)
      : spec_(spec),
        callbacks_(callbacks),
        stop_(std::move(stop)),
        controller_(make_controller(spec.controller, spec.grid(), spec.limits, spec.options)),
        meter_(make_power_meter()) {
    make_level();
    make_workload();
  }

  ControlResult operator()();

 private:
  meter::AnyMeter make_power_meter() const;
  void make_level();
  void make_workload();
  pid_t start_server();
  void look(ControlLoop& loop);
  void serve_until(double until_s);

  const ControlSpec& spec_;
  const ControlCallbacks& callbacks_;
  runner::Stop stop_;
  AnyController controller_;
  meter::AnyMeter meter_;
  std::optional<LevelKnob> level_;
  std::shared_ptr<BackgroundLoad::Seen> seen_ = std::make_shared<BackgroundLoad::Seen>();
  std::optional<runner::ScratchDirectory> scratch_;  // outlives the workload, whose log it holds
  std::optional<runner::ProcessWorkload> workload_;
  PhaseRecorder phases_;
  ControlResult result_;
};

meter::AnyMeter Run::make_power_meter() const {
  meter::AnyMeter made = meter::make_meter(spec_.meter.name, spec_.meter.allow_estimates);
  if (const Availability here = made.availability(); !here) {
    throw DeviceError(spec_.meter.name + ": cannot be read here: " + here.reason() +
                      (here.remedy().empty() ? "" : "; " + here.remedy()));
  }
  if (made.describe().provenance == Provenance::estimated && !spec_.workload) {
    if (spec_.pid == 0) {
      throw InvalidArgument(
          "server.pid: is missing; power is estimated here, from the CPU time of the server's process");
    }
    if (::kill(spec_.pid, 0) != 0 && errno == ESRCH) {
      throw InvalidArgument("server.pid: " + to_text(spec_.pid) + ": there is no such process");
    }
  }
  return made;
}

void Run::make_level() {
  std::vector<std::string> kinds = {"software"};  // the batch, and what the server sets by itself
  if (spec_.level && spec_.level->knob) {
    const LevelSpec& level = *spec_.level;
    level_ = LevelKnob{knob::make_knob(*level.knob, *level.parameter, knob::CgroupLayout::discover()), {}};
    for (std::int64_t i = 0; i < level.parameter->level_count(); ++i) {
      level_->values.push_back(level.parameter->value(static_cast<double>(i)));
    }
    if (const Availability here = level_->knob.availability(); !here) {
      throw DeviceError(level_->knob.name() + ": cannot be set here: " + here.reason() +
                        (here.remedy().empty() ? "" : "; " + here.remedy()));
    }
    kinds.push_back(level_->knob.describe().kind);
  }
  meter::refuse_blind(meter_.name(), meter_.describe(), "power_w", kinds);
}

void Run::make_workload() {
  if (!spec_.workload) return;
  std::optional<runner::AnyLoad> load;
  if (spec_.load.type == runner::LoadSpec::Type::http) {
    runner::HttpLoadOptions options = spec_.load.http;
    if (!spec_.load.requests.empty()) options.requests = runner::read_requests(spec_.load.requests);
    load = runner::HttpLoad(std::move(options));
  }
  scratch_.emplace(std::filesystem::path{});
  workload_.emplace(*spec_.workload, BackgroundLoad(std::move(load), seen_), std::vector<std::string>{});
}

pid_t Run::start_server() {
  if (!workload_) return spec_.pid;
  workload_->start({.directory = scratch_->next(0), .stop = stop_});
  workload_->wait_ready(monotonic_s() + spec_.workload->ready.timeout_s);
  return workload_->pid();
}

/// Tells what the loop has done since the last look.
void Run::look(ControlLoop& loop) {
  for (const LoopWindow& w : loop.take_windows()) {
    phases_.add(w);
    if (callbacks_.window) callbacks_.window(w);
  }
  for (const LoopEvent& e : loop.take_events()) {
    if (callbacks_.event) callbacks_.event(e);
  }
  result_.status = loop.status();
  if (callbacks_.status) callbacks_.status(result_.status);
}

void Run::serve_until(double until_s) {
  if (!workload_) return runner::sleep_until(until_s, stop_);
  const runner::Slice slice = workload_->run(until_s);
  result_.load_answers += slice.answers;
  result_.load_errors += slice.errors;
  if (result_.load_problem.empty()) {
    result_.load_problem = slice.first_problem.empty() ? seen_->problem : slice.first_problem;
  }
  for (const double latency_s : slice.latencies_s) result_.load_latencies.record(latency_s);
}

ControlResult Run::operator()() {
  const pid_t pid = start_server();
  HttpServerPortOptions server = spec_.server;
  server.url = knob::render_template(server.url, seen_->values);
  HttpServerPort port(server);
  const ServerSetting found = port.in_force();
  if (!server.level_name.empty() && std::isnan(found.level)) {
    throw InvalidArgument("level.name: " + server.url + " does not say its \"" + server.level_name + "\"");
  }

  const meter::Description meter = meter_.describe();
  const std::string name = meter_.name();
  meter::Target target;
  target.pid = pid;
  PowerFeed power(std::move(meter_), target, spec_.meter.period_s);
  ControlLoopOptions options = spec_.loop;
  options.level_knob = level_;
  ControlLoop loop(controller_, spec_.limits, std::move(port), std::move(power), std::move(options));
  loop.start();
  result_.beginning = {.meter = name,
                       .provenance = meter.provenance,
                       .source = meter.source,
                       .url = server.url,
                       .http_port = loop.http_port(),
                       .found = found};
  if (callbacks_.begin) callbacks_.begin(result_.beginning);

  const double begin_s = monotonic_s();
  const double end_s = spec_.seconds ? begin_s + *spec_.seconds : std::numeric_limits<double>::infinity();
  while (!runner::wants_stop(stop_) && monotonic_s() < end_s) {
    try {
      serve_until(std::min(end_s, monotonic_s() + look_s));
    } catch (const TrialFailed& failure) {
      if (failure.reason == FailureReason::cancelled) break;
      loop.stop();
      look(loop);
      throw;
    }
    if (callbacks_.new_limits) {
      if (const auto limits = callbacks_.new_limits()) loop.set_limits(*limits);
    }
    look(loop);
  }
  result_.stopped = runner::wants_stop(stop_);
  result_.not_given_back = loop.stop();
  look(loop);
  result_.seconds = monotonic_s() - begin_s;
  result_.phases = phases_.phases();
  return std::move(result_);
}

}  // namespace

ControlResult run_control(const ControlSpec& spec, const ControlCallbacks& callbacks, const runner::Stop& stop) {
  spec.check();
  try {
    return Run(spec, callbacks, stop)();
  } catch (const TrialFailed& failure) {
    if (failure.reason != FailureReason::cancelled) throw WorkloadError(failure.what());
    ControlResult result;  // before it began
    result.stopped = true;
    return result;
  }
}

}  // namespace bayestuner::control
