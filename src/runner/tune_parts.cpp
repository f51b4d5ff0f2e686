#include "runner/tune_parts.hpp"

#include <algorithm>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/knob/argument.hpp"
#include "bayestuner/meter/discover.hpp"
#include "bayestuner/runner/line_load.hpp"
#include "bayestuner/runner/tune.hpp"

namespace bayestuner::runner {
namespace {

AnyLoad make_load(const TuneSpec& spec) {
  switch (spec.load.type) {
    case LoadSpec::Type::http: {
      HttpLoadOptions options = spec.load.http;
      if (!spec.load.requests.empty()) options.requests = read_requests(spec.load.requests);
      return HttpLoad(std::move(options));
    }
    case LoadSpec::Type::command:
      return CommandLoad(spec.load.command, spec.workload.directory);
    case LoadSpec::Type::none:
      break;
  }
  return PrintedMetrics();
}

std::vector<knob::AnyKnob> make_knobs(const TuneSpec& spec) {
  const auto files = spec.filesystem ? spec.filesystem : knob::real_filesystem();
  const knob::CgroupLayout layout = knob::CgroupLayout::discover(files);
  std::vector<knob::AnyKnob> knobs;
  for (const ParameterSpec& p : spec.parameters) {
    // A condition is the space's business; the knob sees plain values.
    if (p.knob) {
      knobs.push_back(knob::make_knob(*p.knob, p.parameter, layout));
    } else {
      knobs.push_back(knob::Argument(p.parameter, "argument"));
    }
    const knob::AnyKnob& made = knobs.back();
    if (const Availability here = made.availability(); !here) {
      throw DeviceError(made.name() + ": cannot be set here: " + here.reason() +
                        (here.remedy().empty() ? "" : "; " + here.remedy()));
    }
  }
  return knobs;
}

std::vector<meter::AnyMeter> make_meters(const TuneSpec& spec, std::vector<std::string>& notes) {
  std::vector<meter::AnyMeter> meters;
  const auto wanted = spec.problem.metrics();
  for (const std::string& name : spec.measure.meters) {
    try {
      meter::AnyMeter made = meter::make_meter(name, spec.measure.allow_estimates);
      if (const Availability here = made.availability(); !here) {
        throw DeviceError(name + ": cannot be read here: " + here.reason() +
                          (here.remedy().empty() ? "" : "; " + here.remedy()));
      }
      meters.push_back(std::move(made));
    } catch (const InvalidArgument& error) {
      const auto is_wanted = [&](const char* metric) {
        return std::find(wanted.begin(), wanted.end(), metric) != wanted.end();
      };
      const bool needed = is_wanted("power_w") || is_wanted("energy_j") || is_wanted("energy_per_item_j");
      if (name != "power" || needed) throw;
      notes.push_back("power is not measured: " + std::string(error.what()));
    }
  }
  return meters;
}

}  // namespace

TuneParts make_parts(const TuneSpec& spec) {
  spec.check();
  std::vector<std::string> names, notes = spec.notes;
  for (const ParameterSpec& p : spec.parameters) names.push_back(p.parameter.name());
  TrialRunnerOptions options{.measure = spec.measure.options,
                             .timeout_s = spec.measure.timeout_s,
                             .cool_down_s = spec.measure.cool_down_s,
                             .log_directory = spec.measure.log_directory,
                             .filesystem = spec.filesystem};
  options.knobs = make_knobs(spec);
  options.meters = make_meters(spec, notes);
  refuse_blind_meters(options.meters, options.knobs, spec.problem.metrics());
  for (const knob::AnyKnob& k : options.knobs) {
    const knob::Description d = k.describe();
    if (d.scope != knob::Scope::process || d.kind == "affinity") notes.push_back(k.name() + ": set by " + d.mechanism);
  }
  for (const meter::AnyMeter& m : options.meters) {
    const meter::Description d = m.describe();
    if (d.unit == "W" || d.unit == "J") {
      notes.push_back("power_w: " + std::string(to_string(d.provenance)) +
                      (m.name() == "estimate" ? "" : " by " + m.name()) + " (" + d.source + ")");
    }
  }
  ProcessWorkload workload(spec.workload, make_load(spec), names);
  return {.workload = std::move(workload), .options = std::move(options), .notes = std::move(notes)};
}

TrialRunner make_trial_runner(const TuneSpec& spec, const Stop& stop, std::function<void(Phase)> phase) {
  TuneParts parts = make_parts(spec);
  parts.options.stop = stop;
  parts.options.phase = std::move(phase);
  return TrialRunner(std::move(parts.workload), std::move(parts.options));
}

}  // namespace bayestuner::runner
