#pragma once

#include <algorithm>

#include "bayestuner/control/blocked.hpp"
#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/windowed.hpp"

namespace bayestuner::control {

struct StairsOptions {
  Setting first{4, 3, 1};  ///< to start at; positions beyond the grid's ends count as its ends
  double alpha = 0.92;     ///< up only where `quiet` windows in a row lie below this share of the cap
  std::uint32_t quiet = 3;
  std::uint32_t hold = 12;                       ///< windows that a violator is blocked for, doubled each time
  double far_over = 0.10, very_far_over = 0.25;  ///< excess, share of the cap, that costs two and three clock levels
  double far_below = 0.6;                        ///< share of the cap below which the batch rises by two
  WindowPolicy window{.seconds = 3.0};

  template <class Archive>
  void fields(Archive& archive) {
    archive(first, alpha, quiet, hold, far_over, very_far_over, far_below, window);
  }
};

/// A joint rule without a model: clocks are cheap watts, batches are cheap throughput. Above the cap the clock falls at
/// once by one to three levels, the batch only when the clock is at its lowest; after three quiet windows the batch
/// rises, then the clock. A setting that violated is blocked, and all that is as large, for a time that doubles; a
/// raised cap frees all.
class Stairs : public detail::Windowed<Stairs> {
 public:
  /// Throws InvalidArgument.
  Stairs(const KnobGrid& grid, const Limits& limits, const StairsOptions& options = {})
      : Windowed(grid, limits, within(grid, options.first), options.window), options_(options) {
    detail::require_alpha(options.alpha);
    if (options.quiet < 1) throw InvalidArgument("quiet: 0 windows; at least 1 is needed");
    if (options.hold < 1) throw InvalidArgument("hold: 0 windows; at least 1 is needed");
  }

  static constexpr std::uint64_t kind = 0x57;
  const StairsOptions& options() const noexcept { return options_; }
  detail::Choice decide(double power_w, double per_s) noexcept;
  template <class Archive>
  void own_state(Archive& archive) {
    archive(blocked_, windows_, low_, largest_low_w_);
  }

 private:
  friend detail::Base<Stairs>;
  friend detail::Windowed<Stairs>;
  static constexpr bool acts_at_once = true;

  static Setting within(const KnobGrid& grid, Setting s) {
    s.batch_index = static_cast<std::uint16_t>(std::min<std::size_t>(s.batch_index, grid.batch_count() - 1));
    s.clock_index = static_cast<std::uint16_t>(std::min<std::size_t>(s.clock_index, grid.clock_count() - 1));
    s.instances = std::clamp<std::uint16_t>(s.instances, 1, grid.max_instances());
    return s;
  }
  void limits_changed(const Limits& before) noexcept {
    if (limits_.power_cap_w > before.power_cap_w) blocked_.clear();
  }

  StairsOptions options_;
  Blocked blocked_;
  std::uint32_t windows_ = 0, low_ = 0;
  double largest_low_w_ = 0.0;
};

inline detail::Choice Stairs::decide(double power_w, double) noexcept {
  const double cap_w = limits_.power_cap_w;
  ++windows_;
  Setting to = setting_;
  if (power_w > cap_w) {
    blocked_.block(setting_, windows_, options_.hold);
    low_ = 0;
    const double excess = power_w / cap_w - 1.0;
    const std::uint16_t levels =
        static_cast<std::uint16_t>(1 + (excess > options_.far_over) + (excess > options_.very_far_over));
    const auto lower = [&](std::uint16_t position) {
      return static_cast<std::uint16_t>(position > levels ? position - levels : 0);
    };
    if (to.clock_index > 0) {
      to.clock_index = lower(to.clock_index);
    } else if (to.instances > 1) {
      --to.instances;
    } else if (to.batch_index > 0) {
      to.batch_index = lower(to.batch_index);
    } else {
      return {to, Reason::not_attainable, true};
    }
    return {to, Reason::violated};
  }
  if (power_w >= options_.alpha * cap_w) {
    low_ = 0;
    return {to, Reason::in_band};
  }
  largest_low_w_ = low_ == 0 ? power_w : std::max(largest_low_w_, power_w);
  if (++low_ < options_.quiet) return {to, Reason::in_band};
  const int far = largest_low_w_ < options_.far_below * cap_w ? 2 : 1;
  low_ = 0;
  bool was_blocked = false;
  const auto tries = [&](int batches, int clocks, int instances) {
    Setting next = setting_;
    next.batch_index = static_cast<std::uint16_t>(next.batch_index + batches);
    next.clock_index = static_cast<std::uint16_t>(next.clock_index + clocks);
    next.instances = static_cast<std::uint16_t>(next.instances + instances);
    if (!grid_.contains(next)) return false;
    if (blocked_.is_blocked(next, windows_)) {
      was_blocked = true;
      return false;
    }
    to = next;
    return true;
  };
  if (tries(far, 0, 0) || tries(1, 0, 0) || tries(0, 1, 0) || tries(0, 0, 1)) return {to, Reason::too_low};
  return {to, was_blocked ? Reason::blocked : Reason::at_largest};
}

static_assert(Controller<Stairs>);

}  // namespace bayestuner::control
