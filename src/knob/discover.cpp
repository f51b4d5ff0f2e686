#include "bayestuner/knob/discover.hpp"

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/argument.hpp"
#include "bayestuner/knob/callable.hpp"
#include "bayestuner/knob/config_file.hpp"
#include "bayestuner/knob/cpu_quota.hpp"
#include "bayestuner/knob/cpuset.hpp"
#include "bayestuner/knob/environment.hpp"
#include "bayestuner/knob/file_value.hpp"
#include "bayestuner/knob/memory_limit.hpp"

namespace bayestuner::knob {

std::vector<KnobReport> discover(const std::shared_ptr<const Filesystem>& filesystem) {
  const CgroupLayout layout = CgroupLayout::discover(filesystem);
  std::vector<KnobReport> reports;
  const auto add = [&](const std::string& type, const AnyKnob& knob) {
    reports.push_back({type, knob.availability(), knob.describe()});
  };
  add("cores", Cores(layout));
  add("cpuset", Cpuset(layout));
  add("affinity", Affinity(layout));
  add("memory", MemoryLimit(layout));
  add("cpu_quota", CpuQuota(layout));
  const space::Parameter any = space::boolean("value");
  add("environment", Environment("VARIABLE", any));
  add("argument", Argument(any));
  add("config_file", ConfigFile("/tmp/example.conf", "{value}", any));
  add("callable", Callable(any, [](const space::Value&) {}));
  // The last ones are templates for what the user names.
  for (KnobReport& report : reports) {
    if (report.type == "environment") report.description.mechanism = "environment of the workload";
    if (report.type == "argument") report.description.mechanism = "argument template of the workload";
    if (report.type == "config_file") {
      report.description.mechanism = "configuration file of the workload";
      report.availability = Availability::available();
    }
  }
  return reports;
}

AnyKnob make_knob(const KnobSpec& spec, const space::Parameter& parameter, const CgroupLayout& layout) {
  const std::string kind = spec.kind.empty() ? "software" : spec.kind;
  if (spec.type == "cores") {
    CoresOptions options{.parameter = parameter, .mechanism = spec.mechanism};
    if (!spec.threads.empty()) options.thread_variables = spec.threads;
    return Cores(layout, options);
  }
  if (spec.type == "cpuset") return Cpuset(layout, {.parameter = parameter}, spec.mechanism);
  if (spec.type == "affinity") return Affinity(layout, {.parameter = parameter});
  if (spec.type == "memory") return MemoryLimit(layout, {.parameter = parameter, .unit_bytes = spec.unit_bytes});
  if (spec.type == "cpu_quota") return CpuQuota(layout, {.parameter = parameter, .period_s = spec.period_s});
  if (spec.type == "environment") {
    return Environment(spec.variable.empty() ? parameter.name() : spec.variable, parameter, kind);
  }
  if (spec.type == "argument") return Argument(parameter, kind);
  if (spec.type == "config_file") return ConfigFile(spec.path, spec.text, parameter, kind);
  if (spec.type == "file_value") {
    return FileValue(spec.path, parameter, {.filesystem = layout.filesystem(), .kind = kind});
  }
  throw InvalidArgument(parameter.name() + ": knob type \"" + spec.type +
                        "\" is none of cores, cpuset, affinity, memory, cpu_quota, environment, argument, "
                        "config_file, file_value");
}

}  // namespace bayestuner::knob
