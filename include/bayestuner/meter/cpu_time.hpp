#pragma once

#include "bayestuner/meter/concepts.hpp"
#include "bayestuner/meter/window.hpp"

namespace bayestuner::meter {

/// CPU time of the workload: the cgroup's account (v1 cpuacct.usage, v2 cpu.stat) or, without a group, the sum over the
/// process tree from /proc (time of children that ended unwaited is lost). Metrics cpu_time_s, cpu_share (CPUs busy).
class CpuTime {
 public:
  std::string name() const { return "cpu_time"; }
  Description describe() const;
  Availability availability() const { return Availability::available(); }
  void begin(const Target& target);
  void sample();
  Metrics end();

  /// Seconds used so far.
  static double read_s(const Target& target);

 private:
  Target target_;
  CounterWindow window_;
};
static_assert(Meter<CpuTime>);

}  // namespace bayestuner::meter
