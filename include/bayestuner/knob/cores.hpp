#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bayestuner/knob/concepts.hpp"
#include "bayestuner/knob/detail/confinement.hpp"

namespace bayestuner::knob {

struct CoresOptions {
  std::string name = "cores";
  std::optional<space::Parameter> parameter = {};  ///< counts to try, within [1, usable CPUs]; its name wins
  /// Set to the count before the start: runtimes size their thread pools from the host and not from the cpuset.
  std::vector<std::string> thread_variables = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"};
  CpuMechanism mechanism = CpuMechanism::automatic;
};

/// The joint number of cores: CPUs of the workload and its thread counts, both set before it starts.
/// Takes one hardware thread of every physical core first, then the siblings.
class Cores {
 public:
  /// Looks at this machine. Throws InvalidArgument where the user's values are wider than what is there.
  explicit Cores(const CgroupLayout& layout, CoresOptions options = {});

  const std::string& name() const { return name_; }
  Description describe() const;
  Availability availability() const { return confinement_.availability(); }
  bool uses_cpuset() const { return confinement_.uses_cpuset(); }
  space::Parameter parameter() const { return parameter_; }
  /// Throws InvalidArgument for a count that is not allowed, DeviceError where the knob is unavailable.
  Plan plan(const space::Value& count) const;
  /// CPUs that `count` cores are.
  std::set<int> cpus(std::size_t count) const;

 private:
  detail::Confinement confinement_;
  std::vector<int> order_;
  std::string name_;
  std::vector<std::string> thread_variables_;
  space::Parameter parameter_;
};

}  // namespace bayestuner::knob
