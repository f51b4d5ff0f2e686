#include "bayestuner/knob/detail/confinement.hpp"

#include <algorithm>
#include <iterator>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cpu_list.hpp"

namespace bayestuner::knob::detail {

Confinement::Confinement(const CgroupLayout& layout, CpuMechanism mechanism) : site_(layout.site("cpuset")) {
  const Filesystem& files = *layout.filesystem();
  usable_ = usable_cpus(files);
  uses_cpuset_ = mechanism != CpuMechanism::affinity && static_cast<bool>(site_.availability);
  if (uses_cpuset_) {
    const bool v1 = site_.version == 1;
    const auto effective = files.try_read(site_.parent + (v1 ? "/cpuset.effective_cpus" : "/cpuset.cpus.effective"));
    const std::string text = effective ? *effective : files.try_read(site_.parent + "/cpuset.cpus").value_or("");
    const std::set<int> parent = parse_cpu_list(text);
    std::set<int> both;
    std::set_intersection(usable_.begin(), usable_.end(), parent.begin(), parent.end(),
                          std::inserter(both, both.end()));
    usable_ = both;
    if (v1) {
      mems_ = files.try_read(site_.parent + "/cpuset.effective_mems").value_or("");
      if (mems_.empty()) mems_ = files.try_read(site_.parent + "/cpuset.mems").value_or("0");
    }
    mechanism_ = "cgroup v" + std::to_string(site_.version) + " cpuset";
  } else {
    mechanism_ = "sched_setaffinity";
    if (mechanism == CpuMechanism::automatic) mechanism_ += " (no cpuset: " + site_.availability.reason() + ")";
    if (mechanism == CpuMechanism::cpuset) availability_ = site_.availability;
  }
  if (availability_ && usable_.empty())
    availability_ = Availability::unavailable("no CPU is left that we may give away");
}

std::vector<PrimitiveWrite> Confinement::steps(const std::string& knob, const std::set<int>& cpus) const {
  const std::string list = format_cpu_list(cpus);
  if (cpus.empty() || !std::includes(usable_.begin(), usable_.end(), cpus.begin(), cpus.end())) {
    throw InvalidArgument(knob + ": CPUs \"" + list + "\" are not within " + format_cpu_list(usable_));
  }
  if (!uses_cpuset_) return {{.action = Action::set_affinity, .value = list}};
  std::vector<PrimitiveWrite> steps = site_.make_and_join();
  // Before the join, which is done by the child: cpus, then mems; without both the kernel refuses every task.
  const std::string group = site_.group();
  steps.push_back({.action = Action::write_file,
                   .target = group + "/cpuset.cpus",
                   .value = list,
                   .verify = group + (site_.version == 1 ? "/cpuset.effective_cpus" : "/cpuset.cpus.effective")});
  if (!mems_.empty()) {
    steps.push_back({.action = Action::write_file, .target = group + "/cpuset.mems", .value = mems_});
  }
  steps.push_back({.action = Action::expect_cpus, .value = list});
  return steps;
}

space::Parameter narrowed(const std::optional<space::Parameter>& given, const space::Parameter& found, double low,
                          double high) {
  if (!given) return found;
  const auto refuse = [&](const char* which, double bound) {
    throw InvalidArgument(given->name() + ": " + which + " " + to_text(bound) + " is outside [" + to_text(low) + ", " +
                          to_text(high) + "]");
  };
  if (!given->is_numeric() || given->kind() == space::ParameterKind::boolean) {
    throw InvalidArgument(given->name() + ": this knob takes numbers");
  }
  if (given->low() < low || given->low() > high) refuse("low", given->low());
  if (given->high() > high) refuse("high", given->high());
  return *given;
}

void require_available(const std::string& knob, const Availability& availability) {
  if (availability) return;
  throw DeviceError(knob + ": cannot be set here: " + availability.reason() +
                    (availability.remedy().empty() ? "" : "; " + availability.remedy()));
}

std::string resource_of_file(const std::string& path) {
  std::string resource = "file";
  for (const char c : path) resource += c == '/' ? '-' : c;
  return resource;
}

}  // namespace bayestuner::knob::detail
