#pragma once
/// What a controller answers.

#include <cstdint>
#include <limits>

#include "bayestuner/control/setting.hpp"

namespace bayestuner::control {

/// Why a setting was kept or left.
enum class Reason : std::uint8_t {
  recorded,        ///< the window is not full: nothing was decided
  in_band,         ///< within the limits, near enough to them: kept
  too_low,         ///< room below the cap: more
  at_largest,      ///< room below the cap, but nothing larger
  violated,        ///< above a limit: less
  not_attainable,  ///< above the cap in the least setting
  blocked,         ///< what would be better has violated a limit lately: kept
  probe,           ///< tries a setting to learn of it
  saturated,       ///< a smaller batch is as fast: taken
  model,           ///< the model's choice
  uninformative,   ///< readings that missed what they should show: kept
  drift,           ///< the readings left what was learnt: opened again
  limits_changed,  ///< new limits
  latency,         ///< above a latency limit: less
  load,            ///< the offered load asks for this
  silence,         ///< no valid reading: frozen, then the safest known setting
  faulty_reading,  ///< NaN, negative, stuck or above the board's limit: as silence
  recovering,      ///< readings are back but not yet trusted
  emergency,       ///< the budget above the cap is used up
};

inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::emergency) + 1;

/// The enumerator's name.
inline const char* to_string(Reason reason) noexcept {
  constexpr const char* names[] = {"recorded",       "in_band",        "too_low",        "at_largest", "violated",
                                   "not_attainable", "blocked",        "probe",          "saturated",  "model",
                                   "uninformative",  "drift",          "limits_changed", "latency",    "load",
                                   "silence",        "faulty_reading", "recovering",     "emergency"};
  static_assert(std::size(names) == reason_count);
  const auto i = static_cast<std::size_t>(reason);
  return i < reason_count ? names[i] : "unknown";
}

/// The setting to serve with from the next batch on.
struct Decision {
  Setting setting;
  Reason reason = Reason::recorded;
  bool changed = false;     ///< another setting than before
  bool infeasible = false;  ///< the least setting violates a limit too: stay there, tell someone
  bool emergency = false;   ///< take the emergency action now: a hardware cap, or pause
  /// Longest wait for a batch to fill, s; infinite where no latency limit asks for one.
  double batch_timeout_s = std::numeric_limits<double>::infinity();

  friend bool operator==(const Decision&, const Decision&) = default;
};

}  // namespace bayestuner::control
