#pragma once
/// What all controllers of this library have: grid, limits, the setting in force, snapshots.

#include <cstdint>
#include <span>
#include <string>

#include "bayestuner/control/decision.hpp"
#include "bayestuner/control/detail/archive.hpp"
#include "bayestuner/control/limits.hpp"
#include "bayestuner/control/measurement.hpp"
#include "bayestuner/control/setting.hpp"

namespace bayestuner::control::detail {

inline void require_in(const KnobGrid& grid, const Setting& s) {
  if (grid.contains(s)) return;
  throw InvalidArgument("setting: (batch " + std::to_string(s.batch_index) + ", clock " +
                        std::to_string(s.clock_index) + ", instances " + std::to_string(s.instances) +
                        ") is outside a grid of " + std::to_string(grid.batch_count()) + " x " +
                        std::to_string(grid.clock_count()) + " x " + std::to_string(grid.max_instances()));
}

/// `Self` has `fingerprint()` and `state(archive)`, and may have `limits_changed(before)`.
template <class Self>
class Base {
 public:
  const KnobGrid& grid() const noexcept { return grid_; }
  const Limits& limits() const noexcept { return limits_; }
  Setting setting() const noexcept { return setting_; }

  void on_limits(const Limits& limits) noexcept {
    const Limits before = limits_;
    limits_ = limits;
    if constexpr (requires(Self & self) { self.limits_changed(before); }) {
      if (!(before == limits)) static_cast<Self*>(this)->limits_changed(before);
    }
  }

  std::size_t snapshot(std::span<std::byte> out) const noexcept {
    return write_snapshot(static_cast<const Self&>(*this), out);
  }
  bool restore(std::span<const std::byte> in) noexcept { return read_snapshot(static_cast<Self&>(*this), in); }

 protected:
  Base(const KnobGrid& grid, const Limits& limits, Setting first) : grid_(grid), limits_(limits), setting_(first) {
    require_valid(limits);
    require_in(grid, first);
  }

  Decision keep(Reason reason) const noexcept { return {.setting = setting_, .reason = reason}; }
  Decision move(Setting to, Reason reason) noexcept {
    const bool changed = !(to == setting_);
    setting_ = to;
    return {.setting = to, .reason = reason, .changed = changed};
  }

  std::uint64_t made_with(std::uint64_t kind) const noexcept {
    Hasher hasher;
    KnobGrid grid = grid_;
    hasher(kind, grid);
    return hasher.hash;
  }
  template <class Archive>
  void base_state(Archive& archive) {
    archive(limits_, setting_);
  }

  KnobGrid grid_;
  Limits limits_;
  Setting setting_;
};

}  // namespace bayestuner::control::detail
