#include "bayestuner/knob/cores.hpp"

#include <algorithm>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cpu_list.hpp"

namespace bayestuner::knob {

static_assert(Knob<Cores>);

namespace {

space::Parameter counts(const CoresOptions& options, std::size_t usable) {
  const auto most = static_cast<std::int64_t>(std::max<std::size_t>(usable, 1));
  return detail::narrowed(options.parameter, space::integer(options.name, 1, most), 1.0, static_cast<double>(most));
}

}  // namespace

Cores::Cores(const CgroupLayout& layout, CoresOptions options)
    : confinement_(layout, options.mechanism),
      order_(core_order(*layout.filesystem(), confinement_.usable())),
      name_(options.parameter ? options.parameter->name() : options.name),
      thread_variables_(options.thread_variables),
      parameter_(counts(options, confinement_.usable().size())) {}

Description Cores::describe() const {
  std::vector<std::string> effects;
  for (const std::string& variable : thread_variables_) effects.push_back("sets " + variable + " for the workload");
  return {.kind = uses_cpuset() ? "cpuset" : "affinity",
          .mechanism = confinement_.mechanism(),
          .unit = "CPUs",
          .scope = uses_cpuset() ? Scope::group : Scope::process,
          .allowed = to_text(parameter_.low()) + ".." + to_text(parameter_.high()) + " of CPUs " +
                     format_cpu_list(confinement_.usable()),
          .side_effects = std::move(effects),
          .privilege = uses_cpuset() ? "root or a delegated cgroup" : "none"};
}

std::set<int> Cores::cpus(std::size_t count) const {
  return first_cores(order_, count);
}

Plan Cores::plan(const space::Value& count) const {
  detail::require_available(name_, confinement_.availability());
  const auto cores = static_cast<std::size_t>(parameter_.number(parameter_.require_code(count)));
  Plan plan{.knob = name_, .value = count, .resource = "host-cpu", .writes = confinement_.steps(name_, cpus(cores))};
  for (const std::string& variable : thread_variables_) {
    plan.writes.push_back({.action = Action::set_environment, .target = variable, .value = std::to_string(cores)});
  }
  plan.writes.push_back({.action = Action::set_argument, .target = name_, .value = std::to_string(cores)});
  return plan;
}

}  // namespace bayestuner::knob
