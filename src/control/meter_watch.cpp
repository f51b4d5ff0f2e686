#include "bayestuner/control/meter_watch.hpp"

#include <algorithm>
#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

namespace {
constexpr std::uint32_t readings_before_spikes = 5;  // before that nothing is known to compare with
constexpr double forget = 0.98;                      // of the largest reading of late, a reading
}  // namespace

const char* to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::silent:
      return "meter_silent";
    case Fault::not_a_power:
      return "meter_not_a_power";
    case Fault::above_board:
      return "meter_above_board";
    case Fault::stuck:
      return "meter_stuck";
    case Fault::spike:
      return "meter_spike";
  }
  return "none";
}

const char* to_string(Trust trust) noexcept {
  switch (trust) {
    case Trust::good:
      return "good";
    case Trust::frozen:
      return "frozen";
    case Trust::safe:
      return "safe";
    case Trust::emergency:
      return "emergency";
  }
  return "good";
}

MeterWatch::MeterWatch(MeterWatchOptions options, double update_period_s) : options_(options) {
  const auto require = [](const char* name, double value, bool holds, const char* allowed) {
    if (!holds) throw InvalidArgument(std::string("fail_safe.") + name + ": " + to_text(value) + " must be " + allowed);
  };
  require("silence_s", options.silence_s, options.silence_s >= 0.0, ">= 0");
  require("safe_after_s", options.safe_after_s, options.safe_after_s >= 0.0, ">= 0");
  require("emergency_after_s", options.emergency_after_s, options.emergency_after_s > 0.0, "above 0");
  require("spike_ratio", options.spike_ratio, options.spike_ratio > 1.0, "above 1");
  require("recovery_readings", options.recovery_readings, options.recovery_readings >= 1, "at least 1");
  require("slow_s", options.slow_s, options.slow_s > 0.0, "above 0");
  require("failed_batches", options.failed_batches, options.failed_batches >= 1, "at least 1");
  if (options_.silence_s == 0.0) options_.silence_s = std::max(3.0 * update_period_s, 1.0);
  if (options_.safe_after_s == 0.0) options_.safe_after_s = 2.0 * options_.silence_s;
}

void MeterWatch::start(double now_s) noexcept {
  last_valid_s_ = now_s;
}

void MeterWatch::distrust(Fault fault) noexcept {
  good_ = 0;
  if (trust_ != Trust::good) return;
  trust_ = Trust::frozen;
  fault_ = fault;
}

bool MeterWatch::is_spike(const PowerReading& reading) noexcept {
  const bool far = seen_ >= readings_before_spikes && reading.power_w > options_.spike_ratio * largest_w_;
  if (!far) {
    if (holds_) ++spikes_;  // nobody confirmed it
    holds_ = false;
    return false;
  }
  if (holds_) {  // a second one: that is how it is now
    holds_ = false;
    confirmed_ = true;
    return false;
  }
  held_ = reading;
  holds_ = true;
  return true;
}

bool MeterWatch::on_reading(const PowerReading& reading, double board_limit_w, bool busy) noexcept {
  if (!std::isfinite(reading.power_w) || reading.power_w < 0.0) return distrust(Fault::not_a_power), false;
  if (reading.power_w > board_limit_w) return distrust(Fault::above_board), false;
  if (reading.power_w != last_w_) {
    equal_ = 0;
  } else if (busy) {
    ++equal_;
  }
  last_w_ = reading.power_w;
  if (options_.stuck_readings > 0 && equal_ + 1 >= options_.stuck_readings) return distrust(Fault::stuck), false;
  last_valid_s_ = std::max(last_valid_s_, reading.time_s);
  if (is_spike(reading)) return false;
  largest_w_ = std::max(reading.power_w, forget * largest_w_);
  if (seen_ < readings_before_spikes) ++seen_;
  if (trust_ == Trust::good) return true;
  if (++good_ < options_.recovery_readings) return false;
  trust_ = Trust::good;
  fault_ = Fault::none;
  return true;
}

bool MeterWatch::take_held(PowerReading& reading) noexcept {
  if (!confirmed_) return false;
  confirmed_ = false;
  reading = held_;
  return true;
}

void MeterWatch::on_tick(double now_s) noexcept {
  const double silent_s = now_s - last_valid_s_;
  if (silent_s >= options_.silence_s) distrust(Fault::silent);
  if (trust_ == Trust::good) return;
  if (silent_s >= options_.safe_after_s && trust_ == Trust::frozen) trust_ = Trust::safe;
  if (silent_s >= options_.emergency_after_s) trust_ = Trust::emergency;
}

}  // namespace bayestuner::control
