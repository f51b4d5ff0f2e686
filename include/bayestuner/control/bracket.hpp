#pragma once

#include <algorithm>
#include <array>

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/windowed.hpp"

namespace bayestuner::control {

struct BracketOptions {
  WindowPolicy window{.seconds = 3.0};
  double tie = 0.01;   ///< a smaller batch that is at most this much slower is taken
  double drift = 0.1;  ///< change of the resting setting's power, as a share, that opens the search again

  template <class Archive>
  void fields(Archive& archive) {
    archive(window, tie, drift);
  }
};

/// Bisection of the batch axis without a band: between the largest position seen to keep the cap and the smallest seen
/// to break it, the middle is tried until they touch; then smaller sizes that are as fast are taken. Rests within
/// log2 N + 1 decisions and the probes for saturation, never alternates; new limits or a resting power that has moved
/// open it again. The clock stays where it is.
class Bracket : public detail::Windowed<Bracket> {
 public:
  /// Throws InvalidArgument.
  Bracket(const KnobGrid& grid, const Limits& limits, const BracketOptions& options = {}, std::uint16_t clock_index = 0,
          std::uint16_t instances = 1)
      : Windowed(grid, limits, {0, clock_index, instances}, options.window), options_(options) {
    if (!(options.tie >= 0.0 && options.tie < 1.0)) {
      throw InvalidArgument("tie: " + to_text(options.tie) + " is outside [0, 1)");
    }
    if (!(options.drift > 0.0)) throw InvalidArgument("drift: " + to_text(options.drift) + " is not above 0");
    open();
  }

  static constexpr std::uint64_t kind = 0xb3;
  const BracketOptions& options() const noexcept { return options_; }
  detail::Choice decide(double power_w, double per_s) noexcept;
  template <class Archive>
  void own_state(Archive& archive) {
    archive(lo_, hi_, resting_w_, reason_, per_s_);
  }

 private:
  friend detail::Base<Bracket>;
  static constexpr bool acts_at_once = true;
  friend detail::Windowed<Bracket>;
  void limits_changed(const Limits&) noexcept { open(); }
  void open() noexcept {
    lo_ = -1;
    hi_ = static_cast<std::int32_t>(grid_.batch_count());
    resting_w_ = 0.0;
    per_s_.fill(-1.0);
  }
  detail::Choice at(std::int32_t position, Reason reason, bool infeasible = false) const noexcept {
    Setting to = setting_;
    to.batch_index = static_cast<std::uint16_t>(position);
    return {to, reason, infeasible};
  }

  BracketOptions options_;
  std::int32_t lo_ = -1, hi_ = 0;
  double resting_w_ = 0.0;  // 0: not at rest
  Reason reason_ = Reason::recorded;
  std::array<double, KnobGrid::max_batches> per_s_{};  // -1: not tried since it was opened
};

inline detail::Choice Bracket::decide(double power_w, double per_s) noexcept {
  const auto current = static_cast<std::int32_t>(setting_.batch_index);
  const bool over = power_w > limits_.power_cap_w;
  if (resting_w_ > 0.0) {
    if (!over && std::abs(power_w - resting_w_) <= options_.drift * resting_w_) return at(current, reason_);
    open();
  }
  per_s_[static_cast<std::size_t>(current)] = std::isnan(per_s) ? 0.0 : per_s;
  if (over) {
    hi_ = std::min(hi_, current);
    if (lo_ >= hi_) lo_ = -1;
  } else if (current > lo_ && current < hi_) {
    lo_ = current;
  }
  if (hi_ == 0) return at(0, Reason::not_attainable, true);
  if (hi_ - lo_ > 1) return at(lo_ >= 0 ? (lo_ + hi_) / 2 : hi_ / 2, over ? Reason::violated : Reason::too_low);
  // They touch: the smallest of those that keep the cap and are as fast as the fastest of them.
  double best = 0.0;
  for (std::int32_t i = 0; i <= lo_; ++i) best = std::max(best, per_s_[static_cast<std::size_t>(i)]);
  std::int32_t top = 0;
  while (per_s_[static_cast<std::size_t>(top)] < best * (1.0 - options_.tie) ||
         per_s_[static_cast<std::size_t>(top)] < 0.0) {
    ++top;
  }
  if (!over && top > 0 && per_s_[static_cast<std::size_t>(top - 1)] < 0.0) return at(top - 1, Reason::probe);
  if (top == current) {
    resting_w_ = power_w;
    reason_ = top == lo_ ? Reason::in_band : Reason::saturated;
  }
  return at(top, top == lo_ ? Reason::in_band : Reason::saturated);
}

static_assert(Controller<Bracket>);

}  // namespace bayestuner::control
