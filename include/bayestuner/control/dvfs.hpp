#pragma once
/// The clock alone, at a fixed batch: what BatchSizer is compared with.

#include <algorithm>

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/pseudo_binary_rule.hpp"
#include "bayestuner/control/detail/windowed.hpp"

namespace bayestuner::control {

struct DvfsSearchOptions {
  std::uint32_t batch = 16;  ///< requests; the largest of the grid that is at most this is taken
  double alpha = 0.8;
  WindowPolicy window{.batches = 10};
  bool reopen = false;  ///< see PseudoBinaryOptions

  template <class Archive>
  void fields(Archive& archive) {
    archive(batch, alpha, window, reopen);
  }
};

/// Pseudo-binary search over the clock levels at one batch size: the paper's baseline.
/// Source: Nabavinejad, Reda & Ebrahimi 2021, doi:10.1145/3394885.3431535, section 5.1.
class DvfsSearch : public detail::Windowed<DvfsSearch> {
 public:
  /// Throws InvalidArgument.
  DvfsSearch(const KnobGrid& grid, const Limits& limits, const DvfsSearchOptions& options = {})
      : Windowed(grid, limits, {grid.batch_index_at_most(options.batch), 0, 1}, options.window), options_(options) {
    detail::require_alpha(options.alpha);
    rule_.alpha = options.alpha;
    rule_.reopen = options.reopen;
    rule_.open(static_cast<std::uint16_t>(grid.clock_count()));
  }

  static constexpr std::uint64_t kind = 0xd5;
  const DvfsSearchOptions& options() const noexcept { return options_; }
  detail::Choice decide(double power_w, double) noexcept {
    const Reason reason = rule_.decide(power_w, limits_.power_cap_w);
    return {{setting_.batch_index, rule_.cur, 1}, reason, reason == Reason::not_attainable};
  }
  template <class Archive>
  void own_state(Archive& archive) {
    archive(rule_);
  }

 private:
  DvfsSearchOptions options_;
  detail::PseudoBinaryRule rule_;
};
static_assert(Controller<DvfsSearch>);

struct DvfsStepOptions {
  std::uint32_t batch = 256;      ///< requests; the largest of the grid that is at most this is taken
  std::uint16_t clock_index = 5;  ///< to start at, at most the highest
  double alpha = 0.8;
  WindowPolicy window{.seconds = 3.0};

  template <class Archive>
  void fields(Archive& archive) {
    archive(batch, clock_index, alpha, window);
  }
};

/// One clock level down above the cap, one up below alpha times it, at one batch size: the baseline as released with
/// BatchDVFS (github.com/nabavinejad/BatchDVFS).
class DvfsStep : public detail::Windowed<DvfsStep> {
 public:
  /// Throws InvalidArgument.
  DvfsStep(const KnobGrid& grid, const Limits& limits, const DvfsStepOptions& options = {})
      : Windowed(grid, limits,
                 {grid.batch_index_at_most(options.batch),
                  static_cast<std::uint16_t>(std::min<std::size_t>(options.clock_index, grid.clock_count() - 1)), 1},
                 options.window),
        options_(options) {
    detail::require_alpha(options.alpha);
  }

  static constexpr std::uint64_t kind = 0xd6;
  const DvfsStepOptions& options() const noexcept { return options_; }
  detail::Choice decide(double power_w, double) noexcept {
    Setting to = setting_;
    if (power_w > limits_.power_cap_w) {
      if (to.clock_index == 0) return {to, Reason::not_attainable, true};
      --to.clock_index;
      return {to, Reason::violated};
    }
    if (power_w >= options_.alpha * limits_.power_cap_w) return {to, Reason::in_band};
    if (to.clock_index + 1u >= grid_.clock_count()) return {to, Reason::at_largest};
    ++to.clock_index;
    return {to, Reason::too_low};
  }
  template <class Archive>
  void own_state(Archive&) {}

 private:
  DvfsStepOptions options_;
};
static_assert(Controller<DvfsStep>);

}  // namespace bayestuner::control
