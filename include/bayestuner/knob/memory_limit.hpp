#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bayestuner/knob/cgroup.hpp"
#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::knob {

struct MemoryLimitOptions {
  std::string name = "memory";
  std::optional<space::Parameter> parameter = {};  ///< within [one page, memory of the machine]; its name wins
  std::int64_t unit_bytes = 1;                     ///< what 1 means: 1 = bytes, 1048576 = MiB
  /// v2: lower the limit step by step while the workload runs, where that is safe. Otherwise lowering below what is
  /// used is refused, and the workload must be restarted under the new limit.
  bool shrink_live = false;
};

/// Memory the workload may use, without swapping, in units of `unit_bytes`. Beyond it the kernel kills the workload.
/// v1 refuses a limit below what is used; v2 would kill at once, so this knob refuses in its place.
class MemoryLimit {
 public:
  /// Throws InvalidArgument where the user's values are wider than what is there.
  explicit MemoryLimit(const CgroupLayout& layout, MemoryLimitOptions options = {});

  const std::string& name() const { return name_; }
  Description describe() const;
  Availability availability() const { return site_.availability; }
  space::Parameter parameter() const { return parameter_; }
  Plan plan(const space::Value& limit) const;

 private:
  GroupSite site_;
  std::string name_;
  std::int64_t unit_bytes_;
  bool shrink_live_;
  bool counts_swap_;  // v1: swap accounting is on
  space::Parameter parameter_;
};

}  // namespace bayestuner::knob
