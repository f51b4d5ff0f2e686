#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bayestuner/knob/cgroup.hpp"
#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::knob {

struct CpuQuotaOptions {
  std::string name = "cpu_quota";
  std::optional<space::Parameter> parameter = {};  ///< CPUs, within [1 ms a period, usable CPUs]; its name wins
  double period_s = 0.1;                           ///< within [0.001, 1]
};

/// CPU time per time, in CPUs: 1.5 lets the workload run 150 ms in every 100 ms, over all its threads, then stops it
/// until the next period. Runtimes do not see it: set thread counts as well, or latencies grow by the throttling.
/// Source: the kernel's CFS bandwidth control.
class CpuQuota {
 public:
  /// Throws InvalidArgument where the user's values are wider than what is there.
  explicit CpuQuota(const CgroupLayout& layout, CpuQuotaOptions options = {});

  const std::string& name() const { return name_; }
  Description describe() const;
  Availability availability() const { return site_.availability; }
  space::Parameter parameter() const { return parameter_; }
  Plan plan(const space::Value& cpus) const;

 private:
  GroupSite site_;
  std::string name_;
  std::int64_t period_us_;
  double most_;
  space::Parameter parameter_;
};

}  // namespace bayestuner::knob
