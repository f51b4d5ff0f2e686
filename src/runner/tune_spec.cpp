#include "bayestuner/runner/tune_spec.hpp"

#include <algorithm>
#include <set>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::runner {

space::DynamicSpace TuneSpec::space() const {
  std::vector<space::Parameter> all;
  for (const ParameterSpec& p : parameters) all.push_back(p.parameter);
  std::vector<space::Constraint> rules;
  for (const std::string& text : constraints) rules.emplace_back(text);
  space::DynamicSpace made(std::move(all), std::move(rules));
  if (made.is_finite() && made.count() == 0) throw InvalidArgument("constraints: no configuration satisfies them");
  if (!made.count()) {  // only drawing shows whether something is there
    Random random(0);
    static_cast<void>(made.sample(random));
  }
  return made;
}

std::optional<space::Configuration> TuneSpec::baseline() const {
  space::Configuration found;
  std::vector<std::string> missing;
  const auto is_active = [&](const ParameterSpec& p) {
    const auto& when = p.parameter.condition();
    if (!when) return true;
    return found.contains(when->parameter) &&
           std::any_of(when->values.begin(), when->values.end(), [&](const space::Value& value) {
             return space::values_equal(value, found.at(when->parameter));
           });
  };
  // A condition may name a parameter further down: go round until nothing changes.
  for (std::size_t round = 0; round < parameters.size(); ++round) {
    for (const ParameterSpec& p : parameters) {
      if (p.current && is_active(p)) found.set(p.parameter.name(), *p.current);
    }
  }
  for (const ParameterSpec& p : parameters) {
    if (!p.current && is_active(p)) missing.push_back(p.parameter.name());
  }
  if (found.empty()) return std::nullopt;
  if (!missing.empty()) {
    throw InvalidArgument("default: missing for " + join(missing) +
                          "; the configuration in force today needs them all");
  }
  const space::DynamicSpace all = space();
  return all.configuration(all.point(found));
}

std::vector<std::string> TuneSpec::known_metrics() const {
  if (load.type != LoadSpec::Type::http) return {};
  std::vector<std::string> names = {"throughput",    "latency_mean_s", "latency_p50_s", "latency_p95_s",
                                    "latency_p99_s", "correct",        "errors"};
  for (const std::string& meter : measure.meters) {
    if (meter == "cpu_time") {
      names.insert(names.end(), {"cpu_time_s", "cpu_share"});
    } else if (meter == "memory") {
      names.push_back("memory_peak_bytes");
    } else if (meter == "pressure") {
      names.insert(names.end(), {"cpu_pressure", "memory_pressure", "io_pressure"});
    } else {
      names.insert(names.end(), {"power_w", "energy_j", "energy_per_item_j"});
    }
  }
  return names;
}

void TuneSpec::check() const {
  const auto metrics = known_metrics();
  for (const std::string& metric : problem.metrics()) {
    if (!metrics.empty() && std::find(metrics.begin(), metrics.end(), metric) == metrics.end()) {
      throw InvalidArgument(metric + ": is never reported; with this load and these meters there are " + join(metrics));
    }
  }
  if (problem.has_relative_constraint() && !baseline()) {
    throw InvalidArgument("subject_to: a constraint relative to the baseline needs the default of every parameter");
  }
  static_cast<void>(baseline());

  std::vector<std::string> names;
  for (const ParameterSpec& p : parameters) names.push_back(p.parameter.name());
  std::set<std::string> used;
  const auto look = [&](const std::string& where, const std::string& text) {
    check_template(where, text, names);
    for (const std::string& name : placeholders(text)) used.insert(name);
  };
  for (const std::string& text : workload.command) look("workload.command", text);
  for (const auto& [name, text] : workload.environment) look("workload.environment." + name, text);
  for (const std::string& text : {workload.ready.http, workload.ready.tcp, workload.ready.line, workload.ready.file}) {
    look("workload.ready", text);
  }
  for (const std::string& text : load.command) look("load.command", text);
  look("load.url", load.http.url);
  for (const ParameterSpec& p : parameters) {
    const bool fixed = p.parameter.is_finite() && p.parameter.level_count() == 1;
    const bool template_only = !p.knob || p.knob->type == "argument";
    if (!fixed && template_only && !used.contains(p.parameter.name())) {
      throw InvalidArgument(p.parameter.name() + ": this parameter changes nothing: it has no knob, and {" +
                            p.parameter.name() + "} is in no template");
    }
  }
  const bool ends = study.trials || study.seconds || study.joules || study.stop_without_gain;
  if (!ends && !space().is_finite()) {
    throw InvalidArgument("study: trials, seconds or joules must say when to stop: the space has no end");
  }
}

}  // namespace bayestuner::runner
