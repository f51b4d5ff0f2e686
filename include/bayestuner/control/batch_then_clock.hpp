#pragma once

#include <algorithm>

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/pseudo_binary_rule.hpp"
#include "bayestuner/control/detail/windowed.hpp"

namespace bayestuner::control {

struct BatchThenClockOptions {
  std::uint16_t clock_index = 5;  ///< to start at, at most the highest
  double alpha = 0.8;
  WindowPolicy window{.seconds = 3.0};

  template <class Archive>
  void fields(Archive& archive) {
    archive(clock_index, alpha, window);
  }
};

/// BatchDVFS as released: pseudo-binary search over the batch; the clock moves by one level only where the batch is at
/// an end. (The release searches the sizes 1, 2, …, 255; the grid is the caller's here.)
/// Source: github.com/nabavinejad/BatchDVFS, by the authors of doi:10.1145/3394885.3431535.
class BatchThenClock : public detail::Windowed<BatchThenClock> {
 public:
  /// Throws InvalidArgument.
  BatchThenClock(const KnobGrid& grid, const Limits& limits, const BatchThenClockOptions& options = {})
      : Windowed(grid, limits,
                 {0, static_cast<std::uint16_t>(std::min<std::size_t>(options.clock_index, grid.clock_count() - 1)), 1},
                 options.window),
        options_(options) {
    detail::require_alpha(options.alpha);
    rule_.alpha = options.alpha;
    rule_.open(static_cast<std::uint16_t>(grid.batch_count()));
  }

  static constexpr std::uint64_t kind = 0xbc;
  const BatchThenClockOptions& options() const noexcept { return options_; }
  detail::Choice decide(double power_w, double) noexcept {
    Setting to = setting_;
    const Reason reason = rule_.decide(power_w, limits_.power_cap_w);
    to.batch_index = rule_.cur;
    if (reason == Reason::at_largest && to.clock_index + 1u < grid_.clock_count()) {
      ++to.clock_index;
      return {to, Reason::too_low};
    }
    if (reason == Reason::not_attainable && to.clock_index > 0) {
      --to.clock_index;
      return {to, Reason::violated};
    }
    return {to, reason, reason == Reason::not_attainable};
  }
  template <class Archive>
  void own_state(Archive& archive) {
    archive(rule_);
  }

 private:
  BatchThenClockOptions options_;
  detail::PseudoBinaryRule rule_;
};
static_assert(Controller<BatchThenClock>);

}  // namespace bayestuner::control
