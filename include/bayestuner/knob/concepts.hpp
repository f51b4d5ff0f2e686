#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "bayestuner/core/availability.hpp"
#include "bayestuner/knob/plan.hpp"
#include "bayestuner/space/parameter.hpp"

namespace bayestuner::knob {

/// How far a knob's effect reaches.
enum class Scope { host, group, process, file };

std::string to_text(Scope scope);

/// What a knob is, for people and for the check that a meter can see it.
struct Description {
  std::string kind;       ///< "cpuset", "cpu_quota", "memory", "affinity", "threads", … as Meter's `sees`
  std::string mechanism;  ///< "cgroup v1", "sched_setaffinity", "environment", …
  std::string unit;       ///< SI; empty for labels
  Scope scope = Scope::process;
  std::string allowed;                    ///< the values that can be set here, in words: `1..28`
  std::vector<std::string> side_effects;  ///< what else changes
  std::string privilege;                  ///< what the kernel asks for
};

/// A setting of hardware or software that trials may vary.
/// `parameter()`: the allowed values found on this machine, ready for a space; the name is `name()`.
/// `plan(v)`: the writes that set it to `v`, without I/O; throws InvalidArgument for a value outside the limits found.
/// `availability()`: whether it can be set here, else why not and what would help.
/// A user may narrow the limits, never widen them. Session applies plans, verifies them and undoes them.
/// Models: Cores, Cpuset, Affinity, CpuQuota, MemoryLimit, Environment, Argument, ConfigFile, Callable, FileValue.
/// Checked by conformance/knob.hpp.
template <class K>
concept Knob = std::copyable<K> && requires(const K k, const space::Value& v) {
                                     { k.name() } -> std::convertible_to<std::string>;
                                     { k.describe() } -> std::same_as<Description>;
                                     { k.availability() } -> std::same_as<Availability>;
                                     { k.parameter() } -> std::same_as<space::Parameter>;
                                     { k.plan(v) } -> std::same_as<Plan>;
                                   };

}  // namespace bayestuner::knob
