#pragma once

#include "bayestuner/meter/concepts.hpp"
#include "bayestuner/meter/window.hpp"

namespace bayestuner::meter {

/// Constants of the estimate. Defaults: averages per virtual CPU and per gigabyte that Cloud Carbon Footprint derives
/// from SPECpower results (cloudcarbonfootprint.org, "Methodology": 0.74 W idle, 3.5 W busy, 0.392 W/GB). They are
/// averages over fleets: the absolute value may be wrong by a factor of two. Put in what you know of your machine.
struct EstimateOptions {
  double idle_w_per_cpu = 0.74;
  double busy_w_per_cpu = 3.5;
  double memory_w_per_gb = 0.392;
  int cpus = 0;  ///< CPUs whose idle power counts; 0: those this process may run on
};

/// Power where there is no sensor:
///   P = cpus · idle + (CPUs busy with the workload) · (busy − idle) + memory · W/GB.
/// A function of CPU time and memory alone: it cannot see clock rates, power caps or accelerators, and says so in
/// `sees`. Provenance `estimated` in every metric. power_w, energy_j.
class EstimatedPower {
 public:
  explicit EstimatedPower(EstimateOptions options = {});
  std::string name() const { return "estimate"; }
  Description describe() const;
  Availability availability() const { return Availability::available(); }
  void begin(const Target& target);
  void sample();
  Metrics end();

 private:
  EstimateOptions options_;
  Target target_;
  CounterWindow window_;
  GaugeWindow memory_bytes_;
};
static_assert(Meter<EstimatedPower>);

}  // namespace bayestuner::meter
