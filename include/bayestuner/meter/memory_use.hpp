#pragma once

#include "bayestuner/meter/concepts.hpp"

namespace bayestuner::meter {

/// Most memory the workload used: the cgroup's peak since the workload began (v1 memory.max_usage_in_bytes, v2
/// memory.peak; page cache included), else the largest resident sum of the process tree seen. memory_peak_bytes.
class MemoryUse {
 public:
  std::string name() const { return "memory"; }
  Description describe() const;
  Availability availability() const { return Availability::available(); }
  void begin(const Target& target);
  void sample();
  Metrics end();

 private:
  Target target_;
  double peak_ = 0.0;
};
static_assert(Meter<MemoryUse>);

}  // namespace bayestuner::meter
