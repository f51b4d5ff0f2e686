#pragma once

#include <algorithm>

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/windowed.hpp"

namespace bayestuner::control {

struct AimdOptions {
  double increase = 4.0;  ///< requests added below the band, >= 1
  double factor = 0.9;    ///< of the batch above the cap, in (0, 1)
  double alpha = 0.8;
  WindowPolicy window{.seconds = 3.0};

  template <class Archive>
  void fields(Archive& archive) {
    archive(increase, factor, alpha, window);
  }
};

/// Additive increase, multiplicative decrease of the batch, aimed at power; the clock is left alone. In requests, then
/// taken down to the next size of the grid.
/// Source: Crankshaw et al. 2017, "Clipper", NSDI (there aimed at latency); constants of the recorded runs.
class Aimd : public detail::Windowed<Aimd> {
 public:
  /// Throws InvalidArgument.
  Aimd(const KnobGrid& grid, const Limits& limits, const AimdOptions& options = {}, std::uint16_t clock_index = 0)
      : Windowed(grid, limits, {0, clock_index, 1}, options.window), options_(options), size_(grid.batches()[0]) {
    detail::require_alpha(options.alpha);
    if (!(options.increase >= 1.0)) {
      throw InvalidArgument("increase: " + to_text(options.increase) + " is not at least 1");
    }
    if (!(options.factor > 0.0 && options.factor < 1.0)) {
      throw InvalidArgument("factor: " + to_text(options.factor) + " is outside (0, 1)");
    }
  }

  static constexpr std::uint64_t kind = 0xa1;
  const AimdOptions& options() const noexcept { return options_; }
  detail::Choice decide(double power_w, double) noexcept {
    const double least = grid_.batches().front(), largest = grid_.batches().back();
    const bool over = power_w > limits_.power_cap_w;
    if (!over && power_w >= options_.alpha * limits_.power_cap_w) return {setting_, Reason::in_band};
    if (over && setting_.batch_index == 0) return {setting_, Reason::not_attainable, true};
    if (!over && size_ >= largest) return {setting_, Reason::at_largest};
    size_ = std::clamp(over ? options_.factor * size_ : size_ + options_.increase, least, largest);
    Setting to = setting_;
    to.batch_index = grid_.batch_index_at_most(static_cast<std::uint32_t>(size_));
    return {to, over ? Reason::violated : Reason::too_low};
  }
  template <class Archive>
  void own_state(Archive& archive) {
    archive(size_);
  }

 private:
  AimdOptions options_;
  double size_;
};
static_assert(Controller<Aimd>);

}  // namespace bayestuner::control
