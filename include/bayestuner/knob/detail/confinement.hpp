#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bayestuner/core/availability.hpp"
#include "bayestuner/knob/cgroup.hpp"
#include "bayestuner/space/parameter.hpp"

namespace bayestuner::knob {

/// How a workload is kept on its CPUs. A cpuset binds every thread it will ever have; an affinity can be undone by the
/// workload itself. `automatic`: the cpuset where one can be had, else the affinity.
enum class CpuMechanism { automatic, cpuset, affinity };

namespace detail {

/// What Cores, Cpuset and Affinity share: which CPUs may be given away, and the steps that confine a workload to some.
class Confinement {
 public:
  Confinement(const CgroupLayout& layout, CpuMechanism mechanism);

  const std::set<int>& usable() const { return usable_; }
  const Availability& availability() const { return availability_; }
  bool uses_cpuset() const { return uses_cpuset_; }
  /// "cgroup v1 cpuset", or "sched_setaffinity" with the reason why there is no cpuset.
  const std::string& mechanism() const { return mechanism_; }
  /// Throws InvalidArgument for a CPU that is not usable.
  std::vector<PrimitiveWrite> steps(const std::string& knob, const std::set<int>& cpus) const;

 private:
  GroupSite site_;
  std::set<int> usable_;
  std::string mems_;  // v1 wants memory nodes before the first task
  bool uses_cpuset_ = false;
  Availability availability_ = Availability::available();
  std::string mechanism_;
};

/// The user's `given`, which may narrow [low, high] and not widen it, else `found`. Throws InvalidArgument:
/// `cores: high 64 is outside [1, 16]`.
space::Parameter narrowed(const std::optional<space::Parameter>& given, const space::Parameter& found, double low,
                          double high);

/// Throws DeviceError with reason and remedy where `availability` says no.
void require_available(const std::string& knob, const Availability& availability);

/// Name of the lock of a file: one tuner writes it at a time.
std::string resource_of_file(const std::string& path);

}  // namespace detail
}  // namespace bayestuner::knob
