#pragma once
/// What a controller must keep.

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

/// Which number of a window's power readings the cap holds for. `max` suits instant meters; meters that average over a
/// second are judged by a high quantile or by the mean.
enum class PowerStatistic : std::uint8_t { max, mean, quantile };

/// The share `quantile` of the requests is answered within `limit_s`, waiting included.
struct LatencyLimit {
  double quantile = 0.99;
  double limit_s = std::numeric_limits<double>::infinity();

  friend bool operator==(const LatencyLimit&, const LatencyLimit&) = default;
  template <class Archive>
  void fields(Archive& archive) {
    archive(quantile, limit_s);
  }
};

/// All limits at once: a setting is feasible only if every one of them holds. Changing them is an event with a time.
struct Limits {
  static constexpr std::size_t max_latency_limits = 4;

  double time_s = 0.0;  ///< when they came into force, same clock as Measurement::time_s
  double power_cap_w = std::numeric_limits<double>::infinity();
  PowerStatistic power_statistic = PowerStatistic::max;
  double power_quantile = 0.99;                                    ///< for PowerStatistic::quantile
  double board_limit_w = std::numeric_limits<double>::infinity();  ///< a reading above it is a fault of the meter
  std::array<LatencyLimit, max_latency_limits> latency{};
  std::uint32_t latency_count = 0;  ///< how many of `latency` hold

  friend bool operator==(const Limits&, const Limits&) = default;
  template <class Archive>
  void fields(Archive& archive) {
    archive(time_s, power_cap_w, power_statistic, power_quantile, board_limit_w);
    for (LatencyLimit& limit : latency) limit.fields(archive);
    archive(latency_count);
  }
};

/// Throws InvalidArgument for a cap or limit that is NaN or not above 0, a quantile outside (0, 1), too many limits.
inline void require_valid(const Limits& limits) {
  const auto positive = [](const char* name, double value) {
    if (!(value > 0.0)) throw InvalidArgument(std::string(name) + ": " + to_text(value) + " is not above 0");
  };
  const auto share = [](const char* name, double value) {
    if (!(value > 0.0 && value < 1.0)) {
      throw InvalidArgument(std::string(name) + ": " + to_text(value) + " is outside (0, 1)");
    }
  };
  positive("power_cap_w", limits.power_cap_w);
  positive("board_limit_w", limits.board_limit_w);
  share("power_quantile", limits.power_quantile);
  if (limits.latency_count > Limits::max_latency_limits) {
    throw InvalidArgument("latency_count: " + std::to_string(limits.latency_count) + " is above " +
                          std::to_string(Limits::max_latency_limits));
  }
  for (std::uint32_t i = 0; i < limits.latency_count; ++i) {
    share("latency quantile", limits.latency[i].quantile);
    positive("latency limit_s", limits.latency[i].limit_s);
  }
}

}  // namespace bayestuner::control
