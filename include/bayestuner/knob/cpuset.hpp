#pragma once

#include <optional>
#include <string>

#include "bayestuner/knob/concepts.hpp"
#include "bayestuner/knob/detail/confinement.hpp"

namespace bayestuner::knob {

struct CpusetOptions {
  std::string name = "cpuset";
  /// Labels are CPU lists such as `0-3,8`; found: the growing sets of Cores. Its name wins.
  std::optional<space::Parameter> parameter = {};
};

/// Which CPUs the workload may use, by list. Thread counts are left to other knobs.
class Cpuset {
 public:
  /// `mechanism`: automatic falls back to the affinity. Throws InvalidArgument for a label that is no list of usable
  /// CPUs.
  explicit Cpuset(const CgroupLayout& layout, CpusetOptions options = {},
                  CpuMechanism mechanism = CpuMechanism::cpuset);

  const std::string& name() const { return name_; }
  Description describe() const;
  Availability availability() const { return confinement_.availability(); }
  space::Parameter parameter() const { return parameter_; }
  Plan plan(const space::Value& cpu_list) const;

 private:
  detail::Confinement confinement_;
  std::string name_;
  space::Parameter parameter_;
};

/// The same by sched_setaffinity before the workload starts: needs no right, and the workload could undo it.
class Affinity : public Cpuset {
 public:
  explicit Affinity(const CgroupLayout& layout, CpusetOptions options = {.name = "affinity", .parameter = {}})
      : Cpuset(layout, std::move(options), CpuMechanism::affinity) {}
};

}  // namespace bayestuner::knob
