#pragma once

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/base.hpp"
#include "bayestuner/control/detail/pseudo_binary_rule.hpp"
#include "bayestuner/control/window.hpp"

namespace bayestuner::control {

struct PseudoBinaryOptions {
  double alpha = 0.8;                  ///< lower end of the band, share of the cap, in (0, 1)
  WindowPolicy window{.batches = 10};  ///< the paper's; its authors' code has {.seconds = 3}
  bool reopen = true;                  ///< raise the upper bound where the search is stuck at it; off: the paper
  std::uint32_t hold = 0;              ///< decisions for which a violator and all above it are forbidden; 0: the paper
  bool literal = false;                ///< as printed: readings are never emptied, line 13 falls through
  bool saturation = false;             ///< online: once in the band, rest on the smallest batch that is as fast
  double tie = 0.01;                   ///< what "as fast" may lack

  template <class Archive>
  void fields(Archive& archive) {
    archive(alpha, window, reopen, hold, literal, saturation, tie);
  }
};

/// BatchSizer: pseudo-binary search for the batch size whose largest power reading lies in [alpha cap, cap]; it never
/// ends. Positions are searched, not sizes: the middle of 1 and 256 in powers of two is 16. The clock stays where it
/// is. Above the cap with the smallest batch it says so (`not_attainable`) and stays.
/// Source: Nabavinejad, Reda & Ebrahimi 2021, "BatchSizer: Power-Performance Trade-off for DNN Inference",
/// doi:10.1145/3394885.3431535, algorithm 1; `reopen` as in the code released for its successor BatchDVFS.
class PseudoBinary : public detail::Base<PseudoBinary> {
 public:
  /// `clock_index`, `instances`: what the other knobs rest at. Throws InvalidArgument.
  PseudoBinary(const KnobGrid& grid, const Limits& limits, const PseudoBinaryOptions& options = {},
               std::uint16_t clock_index = 0, std::uint16_t instances = 1);

  Decision step(const Measurement& m) noexcept;
  /// The search has no time of its own.
  Decision on_tick(double) noexcept { return keep(Reason::recorded); }

  /// lo <= position <= hi, within the grid: holds between any two steps.
  bool bounds_in_order() const noexcept {
    return rule_.lo <= rule_.cur && rule_.cur <= rule_.hi && rule_.hi <= rule_.last;
  }

  std::uint64_t fingerprint() const noexcept;
  template <class Archive>
  void state(Archive& archive) {
    base_state(archive);
    archive(window_, rule_, resting_per_s_, resting_w_, probing_, settled_);
  }

 private:
  friend detail::Base<PseudoBinary>;
  void limits_changed(const Limits&) noexcept {
    open_saturation();
    rule_.forget_blocked();
  }
  void open_saturation() noexcept;
  Decision look_for_saturation(Reason reason, double power_w, double per_s) noexcept;
  Decision go_to(std::uint16_t batch_index, Reason reason, double now_s) noexcept;

  PseudoBinaryOptions options_;
  Window window_;
  detail::PseudoBinaryRule rule_;
  // Saturation: the rate and power of the size that is rested on.
  double resting_per_s_ = 0.0, resting_w_ = 0.0, now_s_ = 0.0;
  bool probing_ = false, settled_ = false;
};

inline PseudoBinary::PseudoBinary(const KnobGrid& grid, const Limits& limits, const PseudoBinaryOptions& options,
                                  std::uint16_t clock_index, std::uint16_t instances)
    : Base(grid, limits, {0, clock_index, instances}), options_(options), window_(options.window) {
  require_valid(options.window);
  if (!(options.alpha > 0.0 && options.alpha < 1.0)) {
    throw InvalidArgument("alpha: " + to_text(options.alpha) + " is outside (0, 1)");
  }
  if (!(options.tie >= 0.0 && options.tie < 1.0)) {
    throw InvalidArgument("tie: " + to_text(options.tie) + " is outside [0, 1)");
  }
  rule_.alpha = options.alpha;
  rule_.reopen = options.reopen;
  rule_.literal = options.literal;
  rule_.hold = options.hold;
  rule_.open(static_cast<std::uint16_t>(grid.batch_count()));
}

inline Decision PseudoBinary::go_to(std::uint16_t batch_index, Reason reason, double now_s) noexcept {
  Setting to = setting_;
  to.batch_index = batch_index;
  const Decision decision = move(to, reason);
  window_.clear(decision.changed ? now_s : -std::numeric_limits<double>::infinity(), decision.changed);
  return decision;
}

inline void PseudoBinary::open_saturation() noexcept {
  if (probing_) rule_.cur = setting_.batch_index;
  probing_ = settled_ = false;
}

inline Decision PseudoBinary::step(const Measurement& m) noexcept {
  now_s_ = m.time_s;
  if (!window_.add(m, limits_, setting_, grid_.batch(setting_)) || !window_.full()) return keep(Reason::recorded);
  const double power_w = window_.power_w(), per_s = window_.rate_per_s();
  if (options_.saturation && probing_) return look_for_saturation(Reason::probe, power_w, per_s);
  if (options_.saturation && settled_ && std::abs(power_w - resting_w_) > 0.1 * resting_w_) open_saturation();
  if (options_.saturation && settled_ && power_w <= limits_.power_cap_w) {
    return go_to(setting_.batch_index, Reason::saturated, m.time_s);
  }
  const Reason reason = rule_.decide(power_w, limits_.power_cap_w);
  if (reason == Reason::violated) open_saturation();
  if (options_.saturation && rule_.cur == setting_.batch_index &&
      (reason == Reason::in_band || reason == Reason::at_largest)) {
    return look_for_saturation(reason, power_w, per_s);
  }
  Decision decision = go_to(rule_.cur, reason, m.time_s);
  decision.infeasible = reason == Reason::not_attainable;
  return decision;
}

inline Decision PseudoBinary::look_for_saturation(Reason reason, double power_w, double per_s) noexcept {
  const std::uint16_t at = setting_.batch_index;
  if (probing_ &&
      (std::isnan(per_s) || power_w > limits_.power_cap_w || per_s < (1.0 - options_.tie) * resting_per_s_)) {
    probing_ = false;  // the smaller one is slower (or worse): back, for good
    settled_ = true;
    return go_to(rule_.cur, Reason::probe, now_s_);
  }
  if (std::isnan(per_s)) return go_to(at, reason, now_s_);
  if (!probing_) resting_per_s_ = per_s;
  rule_.cur = at;
  resting_w_ = power_w;
  if (at == 0) {
    probing_ = false;
    settled_ = true;
    return go_to(0, Reason::saturated, now_s_);
  }
  probing_ = true;
  return go_to(static_cast<std::uint16_t>(at - 1), Reason::probe, now_s_);
}

inline std::uint64_t PseudoBinary::fingerprint() const noexcept {
  detail::Hasher hasher;
  hasher.hash = made_with(0xb1);
  PseudoBinaryOptions options = options_;
  hasher(options);
  return hasher.hash;
}

static_assert(Controller<PseudoBinary>);

}  // namespace bayestuner::control
