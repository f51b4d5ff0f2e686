#pragma once

#include <map>
#include <string>
#include <vector>

#include "bayestuner/meter/any_meter.hpp"
#include "bayestuner/runner/any_workload.hpp"

namespace bayestuner::runner {

/// How long and how well to measure.
struct MeasureOptions {
  double warm_up_s = 2.0;        ///< discarded
  double settle_s = 10.0;        ///< how much longer the warm-up may last until the rate shows no trend
  double min_s = 4.0;            ///< shortest window
  double max_s = 15.0;           ///< longest window
  double precision = 0.05;       ///< the window ends once the 95 % half width is below this share of the mean
  double drift = 0.02;           ///< share of the mean that a trend may amount to in a steady run
  bool require_steady = true;    ///< a run that never settles fails the trial; else it is only noted
  double noise_limit = 0.05;     ///< share of the machine that others may use before a trial is noted as noisy
  bool watch_throughput = true;  ///< false where the load sets the rate (open loop)
  bool watch_latency = false;    ///< whether the mean latency must be precise as well

  /// Throws InvalidArgument that names the option.
  void check() const;
};

/// What a window showed.
struct Measurement {
  meter::Metrics metrics;
  /// About the measurement: window_s, converged, half_width, outside_cpu_share, noisy, outliers, first_problem.
  std::map<std::string, std::string> notes;
};

/// Warms up, waits for a steady rate, then measures with `meters` around exactly the window until the stop rule holds.
/// Metrics: throughput (items/s), latency_mean_s, latency_p50_s, latency_p95_s, latency_p99_s, correct, errors, what
/// the meters and the workload report, and energy_per_item_j; each with its standard error. Throughput counts from one
/// completed item to another, so that bursts of batches do not count in parts.
/// Stop rule: Taylor, Nobre & Leather, LCTES 2018 (batch means, Student's t); steadiness: slope of at least ten
/// batches. `until_s`: when the trial's time is over. Throws study::TrialFailed.
Measurement measure(AnyWorkload& workload, std::vector<meter::AnyMeter>& meters, const meter::Target& target,
                    const MeasureOptions& options, const Stop& stop, double until_s);

/// Rate of completed items over consecutive slices; see measure().
struct Rate {
  double per_s = 0.0;
  double standard_error = 0.0;
  std::vector<double> parts;  ///< rates of the stretches between completions, in order
};
Rate completion_rate(const std::vector<Slice>& slices);

/// energy_per_item_j from power_w and throughput, if both are there.
void derive_energy_per_item(meter::Metrics& metrics);

}  // namespace bayestuner::runner
