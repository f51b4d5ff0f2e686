#pragma once
/// What a controller is told after each batch.

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "bayestuner/control/limits.hpp"
#include "bayestuner/control/setting.hpp"

namespace bayestuner::control {

/// What one power reading stands for.
enum class PowerKind : std::uint8_t { instant, average, energy_counter };

/// The power readings that fell into a batch. NaN: not known. A reading that is no number, negative or above
/// Limits::board_limit_w is a fault of the meter: the caller passes it on as it came.
struct PowerSummary {
  std::uint32_t count = 0;  ///< readings inside; 0: none, the other fields are ignored
  double max_w = std::numeric_limits<double>::quiet_NaN();
  double mean_w = std::numeric_limits<double>::quiet_NaN();
  double quantile_w = std::numeric_limits<double>::quiet_NaN();  ///< at Limits::power_quantile
  PowerKind kind = PowerKind::instant;
  double update_period_s = 0.0;     ///< how often the meter has a new value
  double averaging_window_s = 0.0;  ///< of PowerKind::average
  double age_s = 0.0;               ///< from the last reading to Measurement::time_s

  /// The number the cap holds for.
  double value_w(const Limits& limits) const noexcept {
    switch (limits.power_statistic) {
      case PowerStatistic::mean:
        return mean_w;
      case PowerStatistic::quantile:
        return quantile_w;
      case PowerStatistic::max:
        break;
    }
    return max_w;
  }
};

/// Latencies of requests, waiting included, over the caller's window (control::summarise makes it from a histogram).
struct LatencySummary {
  std::uint64_t count = 0;  ///< requests behind the quantiles; 0: none
  /// One for each of Limits::latency, in its order; NaN while fewer than 10 / (1 - quantile) requests were seen.
  std::array<double, Limits::max_latency_limits> quantile_s{
      std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN(),
      std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
};

/// One batch, or several batches of one size in a row, as the server ran them.
struct Measurement {
  double time_s = 0.0;           ///< end of the last batch on the caller's monotonic clock
  Setting setting;               ///< in force while they ran, as read back
  std::uint32_t batches = 1;     ///< complete ones; with `partial` those that were cut
  std::uint32_t batch_size = 0;  ///< really used; smaller than the setting's where a queue ran out
  std::uint32_t items = 0;       ///< requests answered
  double service_s = 0.0;        ///< from the start of the first batch to the end of the last
  bool partial = false;          ///< a time-out or an empty queue cut the batch
  PowerSummary power;
  LatencySummary latency;
  double queue_length = std::numeric_limits<double>::quiet_NaN();    ///< requests waiting at time_s; NaN: not known
  double arrivals_per_s = std::numeric_limits<double>::quiet_NaN();  ///< offered load; NaN: not known, or saturated
};

}  // namespace bayestuner::control
