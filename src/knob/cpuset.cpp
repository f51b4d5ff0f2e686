#include "bayestuner/knob/cpuset.hpp"

#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cpu_list.hpp"

namespace bayestuner::knob {

static_assert(Knob<Cpuset>);
static_assert(Knob<Affinity>);

namespace {

space::Parameter lists(const CgroupLayout& layout, const CpusetOptions& options,
                       const detail::Confinement& confinement) {
  if (options.parameter) {
    if (options.parameter->kind() != space::ParameterKind::categorical) {
      throw InvalidArgument(options.parameter->name() + ": this knob takes CPU lists such as 0-3,8 as labels");
    }
    if (confinement.availability()) {
      for (const std::string& label : options.parameter->labels()) {
        confinement.steps(options.parameter->name(), parse_cpu_list(label));
      }
    }
    return *options.parameter;
  }
  std::vector<std::string> labels;
  std::set<int> cpus;
  for (const int cpu : core_order(*layout.filesystem(), confinement.usable())) {
    cpus.insert(cpu);
    labels.push_back(format_cpu_list(cpus));
  }
  if (labels.empty()) labels.push_back("none");
  return space::categorical(options.name, std::move(labels));
}

}  // namespace

Cpuset::Cpuset(const CgroupLayout& layout, CpusetOptions options, CpuMechanism mechanism)
    : confinement_(layout, mechanism),
      name_(options.parameter ? options.parameter->name() : options.name),
      parameter_(lists(layout, options, confinement_)) {}

Description Cpuset::describe() const {
  const bool cpuset = confinement_.uses_cpuset();
  return {.kind = cpuset ? "cpuset" : "affinity",
          .mechanism = confinement_.mechanism(),
          .unit = "",
          .scope = cpuset ? Scope::group : Scope::process,
          .allowed = "lists of CPUs " + format_cpu_list(confinement_.usable()),
          .side_effects = {},
          .privilege = cpuset ? "root or a delegated cgroup" : "none"};
}

Plan Cpuset::plan(const space::Value& cpu_list) const {
  detail::require_available(name_, confinement_.availability());
  parameter_.require_code(cpu_list);
  return {.knob = name_,
          .value = cpu_list,
          .resource = "host-cpu",
          .writes = confinement_.steps(name_, parse_cpu_list(std::get<std::string>(cpu_list)))};
}

}  // namespace bayestuner::knob
