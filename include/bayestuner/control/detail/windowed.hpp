#pragma once
/// Controllers that decide once a window, from its power and rate alone.

#include <cmath>
#include <cstdint>
#include <limits>

#include "bayestuner/control/detail/base.hpp"
#include "bayestuner/control/window.hpp"

namespace bayestuner::control::detail {

/// What a rule chose.
struct Choice {
  Setting setting;
  Reason reason = Reason::in_band;
  bool infeasible = false;
};

/// `Self` has `decide(power_w, rate_per_s) -> Choice`, `kind`, `options()` and `own_state(archive)`.
template <class Self>
class Windowed : public Base<Self> {
 public:
  Decision step(const Measurement& m) noexcept {
    if (!window_.add(m, this->limits_, this->setting_, this->grid_.batch(this->setting_))) {
      return this->keep(Reason::recorded);
    }
    // Down at once where the rule asks for it, not at the window's end.
    const bool over = Self::acts_at_once && window_.has_power() && window_.power_w() > this->limits_.power_cap_w;
    if (!window_.full() && !over) return this->keep(Reason::recorded);
    const Choice choice = static_cast<Self*>(this)->decide(window_.power_w(), window_.rate_per_s());
    Decision decision = this->move(choice.setting, choice.reason);
    decision.infeasible = choice.infeasible;
    window_.clear(decision.changed ? m.time_s : -std::numeric_limits<double>::infinity(), decision.changed);
    return decision;
  }
  /// These rules have no time of their own.
  Decision on_tick(double) noexcept { return this->keep(Reason::recorded); }

  std::uint64_t fingerprint() const noexcept {
    Hasher hasher;
    hasher.hash = this->made_with(Self::kind);
    auto options = static_cast<const Self*>(this)->options();
    hasher(options);
    return hasher.hash;
  }
  template <class Archive>
  void state(Archive& archive) {
    this->base_state(archive);
    archive(window_);
    static_cast<Self*>(this)->own_state(archive);
  }

 protected:
  static constexpr bool acts_at_once = false;

  Windowed(const KnobGrid& grid, const Limits& limits, Setting first, const WindowPolicy& window)
      : Base<Self>(grid, limits, first), window_(window) {
    require_valid(window);
  }

  Window window_;
};

inline void require_alpha(double alpha) {
  if (!(alpha > 0.0 && alpha < 1.0)) throw InvalidArgument("alpha: " + to_text(alpha) + " is outside (0, 1)");
}

}  // namespace bayestuner::control::detail
