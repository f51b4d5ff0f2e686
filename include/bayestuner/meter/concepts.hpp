#pragma once
/// Meters: what a window of time cost.

#include <sys/types.h>

#include <concepts>
#include <map>
#include <string>
#include <vector>

#include "bayestuner/core/availability.hpp"
#include "bayestuner/core/metric.hpp"

namespace bayestuner::meter {

/// What is measured: the workload's processes. Meters of the whole machine ignore it.
struct Target {
  pid_t pid = 0;             ///< root of the process tree; 0: none
  std::string cpu_group;     ///< cgroup folder that accounts CPU time; empty: the process tree is walked
  int cpu_version = 0;       ///< 1 or 2
  std::string memory_group;  ///< cgroup folder that accounts memory
  int memory_version = 0;
};

enum class Kind { counter, gauge, histogram };

/// What a meter says of itself.
struct Description {
  Kind kind = Kind::counter;
  std::string unit;                 ///< SI
  std::string domain;               ///< what the number covers: `package 0`, `workload`, `whole box`
  double update_period_s = 0.0;     ///< how often the source changes; 0: exact at any time
  double averaging_window_s = 0.0;  ///< of a gauge that averages
  double expected_error = 0.0;      ///< relative, systematic
  Provenance provenance = Provenance::measured;
  std::vector<std::string> sees = {};  ///< kinds of knobs whose effect reaches the number; empty: all
  std::string source;                  ///< file, call or formula
};

using Metrics = std::map<std::string, Metric>;

/// Measures between begin() and end(). `sample()` is called a few times a second in between, from the same thread; a
/// meter takes its standard error from those parts. end() gives metrics by name; a metric that could not be had is
/// absent, never 0. All three throw DeviceError where a source that was there is gone.
/// Models: CpuTime, MemoryUse, RaplPowercap, RaplPerf, HwmonPower, EstimatedPower, Pressure.
/// Checked by conformance/meter.hpp.
template <class M>
concept Meter = std::movable<M> && requires(M m, const M c, const Target& t) {
                                     { c.name() } -> std::convertible_to<std::string>;
                                     { c.describe() } -> std::same_as<Description>;
                                     { c.availability() } -> std::same_as<Availability>;
                                     m.begin(t);
                                     m.sample();
                                     { m.end() } -> std::same_as<Metrics>;
                                   };

/// Refuses an objective whose meter cannot see a knob that is varied: tuning it would optimise noise. Throws
/// InvalidArgument that names meter, metric and knob.
void refuse_blind(const std::string& meter, const Description& description, const std::string& metric,
                  const std::vector<std::string>& knob_kinds);

}  // namespace bayestuner::meter
