#pragma once
/// When a meter or a server cannot be trusted: freeze, go to the safe setting, call for help.

#include <cmath>
#include <cstdint>

namespace bayestuner::control {

/// One reading of a power meter as it came: also NaN, negative or absurd.
struct PowerReading {
  double begin_s = 0.0;  ///< the stretch of time it stands for, monotonic clock
  double time_s = 0.0;   ///< its end
  double power_w = std::nan("");
};

struct MeterWatchOptions {
  double silence_s = 0.0;               ///< no valid reading for so long is silence; 0: max(3 update periods, 1 s)
  double safe_after_s = 0.0;            ///< then the safe setting; 0: 2 silences
  double emergency_after_s = 30;        ///< then the emergency action
  std::uint32_t stuck_readings = 20;    ///< equal readings in a row, while batches end, are a stuck meter; 0: never
  double spike_ratio = 3.0;             ///< a reading so far above the largest of late is believed once a second is
  std::uint32_t recovery_readings = 5;  ///< good ones in a row that end the distrust
  double slow_s = 5.0;                  ///< a batch under way for longer: the server is slow
  std::uint32_t failed_batches = 3;     ///< in a row: to the safe setting
};

/// What is wrong.
enum class Fault : std::uint8_t {
  none,
  silent,       ///< no reading at all
  not_a_power,  ///< NaN, infinite or negative
  above_board,  ///< more than the board can take
  stuck,        ///< the same value again and again while the server works
  spike         ///< one reading far above its neighbours; left out, nothing else
};
const char* to_string(Fault fault) noexcept;

/// How much the readings are trusted: `good`; `frozen`: no move upwards; `safe`: the safe setting; `emergency`: the
/// emergency action has been called for as well.
enum class Trust : std::uint8_t { good, frozen, safe, emergency };
const char* to_string(Trust trust) noexcept;

/// Judges the single readings of one meter for a control loop: silence freezes at once, twice that goes to the safe
/// setting; recovery needs several good readings. Pure: times come with the calls. (FailSafe wraps a controller that
/// gets its measurements from elsewhere; it sees windows, not readings.)
class MeterWatch {
 public:
  /// `update_period_s`: how often a reading is due, s. Throws InvalidArgument for options out of range.
  MeterWatch(MeterWatchOptions options, double update_period_s);

  /// The meter starts to be watched at `now_s`.
  void start(double now_s) noexcept;
  /// Takes a reading; true if it may be used, in which case `held` (see take_held) comes before it. `busy`: batches
  /// have ended since the reading before: only then must a value change.
  bool on_reading(const PowerReading& reading, double board_limit_w, bool busy) noexcept;
  /// A reading that looked like a spike and was confirmed by the one after it; false where there is none.
  bool take_held(PowerReading& reading) noexcept;
  /// A few times a second.
  void on_tick(double now_s) noexcept;

  Trust trust() const noexcept { return trust_; }
  /// The fault that ended the trust; none while it is good. `spike` is reported by spikes() alone.
  Fault fault() const noexcept { return fault_; }
  /// Readings left out as spikes so far.
  std::uint64_t spikes() const noexcept { return spikes_; }
  /// Seconds without a valid reading that count as silence.
  double silence_s() const noexcept { return options_.silence_s; }

 private:
  void distrust(Fault fault) noexcept;
  bool is_spike(const PowerReading& reading) noexcept;

  MeterWatchOptions options_;
  Trust trust_ = Trust::good;
  Fault fault_ = Fault::none;
  double last_valid_s_ = 0.0, last_w_ = std::nan(""), largest_w_ = 0.0;
  std::uint32_t equal_ = 0, good_ = 0, seen_ = 0;
  std::uint64_t spikes_ = 0;
  PowerReading held_;
  bool holds_ = false, confirmed_ = false;
};

}  // namespace bayestuner::control
