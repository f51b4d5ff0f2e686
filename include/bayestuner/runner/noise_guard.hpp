#pragma once

#include "bayestuner/meter/concepts.hpp"

namespace bayestuner::runner {

/// CPU time of the machine that neither the workload nor this process used, as a share of all CPUs over a window.
/// Reads /proc/stat; the share is 0 where that cannot be read.
class NoiseGuard {
 public:
  explicit NoiseGuard(const meter::Target& target);
  struct Share {
    double outside = 0.0;  ///< other processes
    double stolen = 0.0;   ///< the hypervisor ran somebody else
  };
  Share since_begin() const;

 private:
  struct Times {
    double busy_s = 0.0, stolen_s = 0.0, ours_s = 0.0, total_s = 0.0;
  };
  Times read() const;
  meter::Target target_;
  Times begin_;
};

}  // namespace bayestuner::runner
