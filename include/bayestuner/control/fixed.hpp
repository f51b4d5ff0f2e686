#pragma once

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/base.hpp"

namespace bayestuner::control {

/// Serves with one setting whatever happens: the reference that controllers are compared with. Says when a limit is
/// violated, and nothing else.
class Fixed : public detail::Base<Fixed> {
 public:
  /// Throws InvalidArgument if `setting` is not in the grid or `limits` are not valid.
  Fixed(const KnobGrid& grid, const Limits& limits, Setting setting) : Base(grid, limits, setting) {}

  Decision step(const Measurement& m) noexcept {
    const double power_w = m.power.count > 0 ? m.power.value_w(limits_) : std::nan("");
    if (std::isnan(power_w)) return keep(Reason::recorded);
    const bool over = power_w > limits_.power_cap_w;
    Decision decision = keep(over ? Reason::violated : Reason::in_band);
    decision.infeasible = over;
    return decision;
  }
  Decision on_tick(double) noexcept { return keep(Reason::recorded); }

  std::uint64_t fingerprint() const noexcept { return made_with(0xf1ced); }
  template <class Archive>
  void state(Archive& archive) {
    base_state(archive);
  }
};
static_assert(Controller<Fixed>);

}  // namespace bayestuner::control
