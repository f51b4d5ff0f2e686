#pragma once
/// Batches between two decisions, summed up.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "bayestuner/control/measurement.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::control {

/// When a window is full: when every bound is reached, and one valid power reading at least is in it. The paper decides
/// after 10 batches ({.batches = 10}), its authors' code after 3 s ({.seconds = 3}); ours waits for both and for
/// readings.
struct WindowPolicy {
  std::uint32_t batches = 1;   ///< complete batches of the size asked for
  double seconds = 0.0;        ///< of service
  std::uint32_t readings = 1;  ///< valid power readings

  template <class Archive>
  void fields(Archive& archive) {
    archive(batches, seconds, readings);
  }
};

inline void require_valid(const WindowPolicy& policy) {
  if (!(policy.seconds >= 0.0) || !std::isfinite(policy.seconds)) {
    throw InvalidArgument("window seconds: " + to_text(policy.seconds) + " is no finite number >= 0");
  }
}

/// The cap holds for the largest reading (PowerStatistic::max), the mean weighted by readings, or the largest of the
/// batches' quantiles (which errs on the safe side).
class Window {
 public:
  explicit Window(const WindowPolicy& policy) noexcept : policy_(policy) {}

  /// Forgets everything; `since_s`: readings from before it do not count (a meter's averaging included).
  void clear(double since_s = -std::numeric_limits<double>::infinity(), bool fresh = false) noexcept {
    const WindowPolicy policy = policy_;
    *this = Window(policy);
    since_s_ = since_s;
    fresh_ = fresh;
  }

  /// Whether `m` counts: it ran in `in_force`.
  bool add(const Measurement& m, const Limits& limits, const Setting& in_force, std::uint32_t size) noexcept {
    if (!(m.setting == in_force)) return false;
    const bool whole = !m.partial && m.batch_size == size;
    if (whole) batches_ += m.batches;
    if (m.service_s > 0.0) {
      seconds_ += m.service_s;
      // The first batch after a change is slower: it would understate the rate.
      if (!(fresh_ && m.batches <= 1)) {
        items_ += m.items;
        busy_s_ += m.service_s;
      }
    }
    fresh_ = false;
    for (std::size_t i = 0; i < limits.latency_count; ++i) {
      if (!std::isnan(m.latency.quantile_s[i])) latency_s_[i] = m.latency.quantile_s[i];
    }
    // Readings whose average began before the change took effect tell of the setting before.
    const double began_s =
        m.time_s - m.service_s - (m.power.kind == PowerKind::average ? m.power.averaging_window_s : 0);
    if (m.power.count > 0 && began_s >= since_s_ - 1e-9 * std::abs(since_s_)) {
      const double value = m.power.value_w(limits);
      if (is_valid_power(value, limits)) {
        const bool mean = limits.power_statistic == PowerStatistic::mean;
        const double n = static_cast<double>(m.power.count);
        power_w_ = mean ? (readings_ * (readings_ > 0 ? power_w_ : 0.0) + n * value) / (readings_ + n)
                        : (readings_ > 0 ? std::max(power_w_, value) : value);
        readings_ += n;
      }
    }
    return true;
  }

  bool full() const noexcept {
    return batches_ >= policy_.batches && seconds_ >= policy_.seconds * (1.0 - 1e-9) &&
           readings_ >= std::max<double>(1.0, policy_.readings);
  }
  bool has_power() const noexcept { return readings_ > 0; }
  /// Watts; meaningless without has_power().
  double power_w() const noexcept { return power_w_; }
  /// Items per second; NaN where only a first batch was seen.
  double rate_per_s() const noexcept { return busy_s_ > 0.0 ? items_ / busy_s_ : std::nan(""); }
  double seconds() const noexcept { return seconds_; }
  /// In the order of Limits::latency; NaN: not known.
  double latency_s(std::size_t i) const noexcept { return latency_s_[i]; }

  /// A finite number of watts, not negative, not above what the board can draw.
  static bool is_valid_power(double power_w, const Limits& limits) noexcept {
    return std::isfinite(power_w) && power_w >= 0.0 && power_w <= limits.board_limit_w;
  }

  template <class Archive>
  void fields(Archive& archive) {
    archive(batches_, seconds_, items_, busy_s_, power_w_, readings_, latency_s_, since_s_, fresh_);
  }

 private:
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  WindowPolicy policy_;
  std::uint32_t batches_ = 0;
  double seconds_ = 0.0, items_ = 0.0, busy_s_ = 0.0, power_w_ = 0.0, readings_ = 0.0;
  std::array<double, Limits::max_latency_limits> latency_s_{nan, nan, nan, nan};
  double since_s_ = -std::numeric_limits<double>::infinity();
  bool fresh_ = false;
};

}  // namespace bayestuner::control
