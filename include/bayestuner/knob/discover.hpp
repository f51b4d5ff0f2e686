#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bayestuner/knob/any_knob.hpp"
#include "bayestuner/knob/cgroup.hpp"
#include "bayestuner/knob/cores.hpp"

namespace bayestuner::knob {

/// One line of `bayestuner doctor`.
struct KnobReport {
  std::string type;  ///< as make_knob() takes it
  Availability availability;
  Description description;
};

/// Every type of knob: whether it can be set here, else why not and what would help.
std::vector<KnobReport> discover(const std::shared_ptr<const Filesystem>& filesystem = real_filesystem());

/// What a file or a script says about a knob.
struct KnobSpec {
  /// "cores", "cpuset", "affinity", "memory", "cpu_quota", "environment", "argument", "config_file", "file_value".
  std::string type = "argument";
  std::vector<std::string> threads = {};             ///< cores: variables; empty: those of CoresOptions
  std::string variable = {};                         ///< environment; empty: the parameter's name
  std::string path = {};                             ///< config_file, file_value
  std::string text = {};                             ///< config_file: the template
  std::string kind = {};                             ///< software knobs: what a meter must see; empty: "software"
  CpuMechanism mechanism = CpuMechanism::automatic;  ///< cores, cpuset
  double period_s = 0.1;                             ///< cpu_quota
  std::int64_t unit_bytes = 1;                       ///< memory
};

/// The knob of `spec` for the values of `parameter`. Throws InvalidArgument for an unknown type (naming those there
/// are) and for values outside what this machine has.
AnyKnob make_knob(const KnobSpec& spec, const space::Parameter& parameter, const CgroupLayout& layout);

}  // namespace bayestuner::knob
