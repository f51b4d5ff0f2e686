#pragma once
/// Controllers: from what was measured to the next setting.

#include <concepts>
#include <cstddef>
#include <span>

#include "bayestuner/control/decision.hpp"
#include "bayestuner/control/limits.hpp"
#include "bayestuner/control/measurement.hpp"

namespace bayestuner::control {

// The halves of Controller, named so that a compiler's refusal says what is missing.
template <class C>
concept StepsOnMeasurements = requires(C c, const C k, const Measurement& m, const Limits& l, double now_s) {
                                { k.grid() } noexcept -> std::same_as<const KnobGrid&>;
                                { k.setting() } noexcept -> std::same_as<Setting>;
                                { c.step(m) } noexcept -> std::same_as<Decision>;
                                { c.on_limits(l) } noexcept -> std::same_as<void>;
                                { c.on_tick(now_s) } noexcept -> std::same_as<Decision>;
                              };
template <class C>
concept KeepsSnapshots = requires(C c, const C k, std::span<std::byte> out, std::span<const std::byte> in) {
                           { k.snapshot(out) } noexcept -> std::same_as<std::size_t>;
                           { c.restore(in) } noexcept -> std::same_as<bool>;
                         };

/// Chooses the setting of a live server. Pure: no clock (times come with what it is told), no I/O, no locks, no
/// exceptions, no allocation, no global state; equal input gives equal output. A copy goes its own way.
/// - `grid()`: what it chooses from. `setting()`: the one to serve with now; the first one before any step.
/// - `step(m)`: after each batch, in order of `m.time_s`. Mostly records; decides when its window is full, or at once
///   where a limit asks for it. A measurement of another setting than the one in force (a batch that was running when
///   it changed) counts for nothing.
/// - `on_limits(l)`: new limits (see require_valid); the next step or tick acts on them.
/// - `on_tick(now_s)`: a few times a second, also while no batch ends: silence of the meter, time-outs.
/// - `snapshot(out)`: bytes needed; written if they fit. `restore(in)`: takes up such bytes in a controller made with
///   the same grid and options; false, and nothing changed, where they are not that. Versioned, the same on every run.
/// A decision never leaves the grid. Models: Fixed, PseudoBinary, DvfsSearch, DvfsStep, BatchThenClock, Aimd, Bracket,
/// Survey, Stairs, Guard, AnyController. Checked by conformance/controller.hpp.
template <class C>
concept Controller = std::copyable<C> && StepsOnMeasurements<C> && KeepsSnapshots<C>;

}  // namespace bayestuner::control
