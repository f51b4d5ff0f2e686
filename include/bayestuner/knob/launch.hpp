#pragma once
/// What knobs add to a workload before its first instruction: environment, arguments, affinity, control groups.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bayestuner::knob {

/// A control group that the child starts in.
struct GroupRef {
  std::string controller;  ///< "cpuset", "memory", "cpu", "cpuacct", …; on v2 several entries may share one path
  int version = 0;         ///< 1 or 2
  std::string path;        ///< directory, absolute
  friend bool operator==(const GroupRef&, const GroupRef&) = default;
};

/// Result of Session::apply: how to start the workload so that the knobs hold from its first instruction.
struct LaunchPlan {
  std::map<std::string, std::string> environment;  ///< added to the child's environment, never to our own
  std::map<std::string, std::string> arguments;    ///< placeholder -> text for the argument template
  std::set<int> cpus;                              ///< CPUs the child must be confined to; empty: no matter
  bool set_affinity = false;                       ///< confine by sched_setaffinity (else the cpuset group does it)
  std::vector<GroupRef> groups;                    ///< groups to join, each path once a controller

  /// The group of `controller`, if the plan has one.
  std::optional<GroupRef> group(const std::string& controller) const;
};

/// A LaunchPlan with all its memory allocated, so that a forked child may enter it.
/// Make it before fork(); call enter() in the child before exec().
class PreparedLaunch {
 public:
  explicit PreparedLaunch(const LaunchPlan& plan);

  /// Joins the groups, then sets the affinity. Async-signal-safe. 0, or an errno with `step()` telling where.
  int enter() noexcept;

  /// Index of the step that failed in enter(): the group's index, or the number of groups for the affinity.
  std::size_t step() const noexcept { return step_; }
  /// One line for a person: which step failed and why; `step` and `error` may come from the child through a pipe.
  std::string explain(std::size_t step, int error) const;

 private:
  std::vector<std::string> procs_;   // cgroup.procs of each group
  std::vector<unsigned long> mask_;  // CPU bits, empty: leave the affinity
  std::size_t step_ = 0;
};

/// Processes the kernel killed for memory inside the plan's memory group; nullopt without such a group.
/// Read it before the session is restored.
std::optional<std::uint64_t> oom_kills(const LaunchPlan& plan);

/// `text` with every {name} replaced by `values`; braces around anything but a name stay (JSON). Throws InvalidArgument
/// for a name that is not in `values`.
std::string render_template(const std::string& text, const std::map<std::string, std::string>& values);

}  // namespace bayestuner::knob
