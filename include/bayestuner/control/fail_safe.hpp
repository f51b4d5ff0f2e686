#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/archive.hpp"
#include "bayestuner/control/window.hpp"

namespace bayestuner::control {

struct FailSafeOptions {
  double silence_s = 1.0;            ///< without a valid reading, at least; never less than three periods of the meter
  std::uint32_t stuck_readings = 8;  ///< equal to the last bit, in a row, and
  double stuck_s = 5.0;              ///< for at least this long: the meter is stuck; infinite: never
  double emergency_s = 30.0;         ///< of silence or faults until the emergency action
  std::uint32_t recovery = 3;        ///< measurements with good readings until the meter is trusted again

  template <class Archive>
  void fields(Archive& archive) {
    archive(silence_s, stuck_readings, stuck_s, emergency_s, recovery);
  }
};

inline void require_valid(const FailSafeOptions& o) {
  const auto positive = [](const char* name, double value) {
    if (!(value > 0.0)) throw InvalidArgument(std::string(name) + ": " + to_text(value) + " is not above 0");
  };
  positive("silence_s", o.silence_s);
  positive("stuck_s", o.stuck_s);
  positive("emergency_s", o.emergency_s);
  if (o.stuck_readings < 2) throw InvalidArgument("stuck_readings: fewer than 2 cannot be equal in a row");
}

/// Any controller, made safe against its meter. A reading that is NaN, negative, above Limits::board_limit_w or equal
/// for too long is no reading. Without valid readings for `silence_s` the setting is frozen (no upward move); after
/// twice that time, or at once where readings are faulty twice in a row or stuck, the least setting of the grid is
/// taken; after `emergency_s` the decision asks for the emergency action. Good readings end it, `recovery` of them:
/// then the controller's own setting comes back. Meanwhile it learns nothing.
template <Controller C>
class FailSafe {
 public:
  /// Throws InvalidArgument.
  FailSafe(C controller, const Limits& limits, const FailSafeOptions& options = {})
      : inner_(std::move(controller)), options_(options), limits_(limits), setting_(inner_.setting()) {
    require_valid(limits);
    require_valid(options);
  }

  const KnobGrid& grid() const noexcept { return inner_.grid(); }
  Setting setting() const noexcept { return setting_; }
  const C& controller() const noexcept { return inner_; }

  void on_limits(const Limits& limits) noexcept {
    limits_ = limits;
    inner_.on_limits(limits);
  }

  Decision step(const Measurement& m) noexcept {
    start(m.time_s);
    if (m.power.count > 0) {
      period_s_ = std::max(0.0, m.power.update_period_s);
      if (!is_good(m)) {
        ++faults_;
      } else if (mode_ == Mode::trusted) {
        heard_s_ = m.time_s;
        faults_ = 0;
      } else if (m.time_s - heard_s_ > 0.0) {
        faults_ = 0;
        if (++good_ >= options_.recovery) return recovered(m.time_s);
        return answer(Reason::recovering, m.time_s);
      }
    }
    if (mode_ == Mode::trusted && faults_ == 0 && m.time_s - heard_s_ <= silence_s()) {
      return follow(inner_.step(m));
    }
    return judge(m.time_s);
  }

  Decision on_tick(double now_s) noexcept {
    start(now_s);
    if (mode_ == Mode::trusted && faults_ == 0 && now_s - heard_s_ <= silence_s()) {
      return follow(inner_.on_tick(now_s));
    }
    return judge(now_s);
  }

  std::size_t snapshot(std::span<std::byte> out) const noexcept {
    const std::size_t inner = inner_.snapshot(out);
    const std::size_t own =
        detail::write_snapshot(*this, inner <= out.size() ? out.subspan(inner) : std::span<std::byte>{});
    return inner + own;
  }
  bool restore(std::span<const std::byte> in) noexcept {
    const std::size_t inner = inner_.snapshot({});
    C controller = inner_;
    if (in.size() < inner || !controller.restore(in.first(inner)) || !detail::read_snapshot(*this, in.subspan(inner))) {
      return false;
    }
    inner_ = std::move(controller);
    return true;
  }

  std::uint64_t fingerprint() const noexcept {
    detail::Hasher hasher;
    FailSafeOptions options = options_;
    hasher(options);
    return hasher.hash;
  }
  template <class Archive>
  void state(Archive& archive) {
    archive(limits_, setting_, mode_, faults_, good_, equal_, last_w_, equal_since_s_, heard_s_, period_s_, started_);
  }

 private:
  enum class Mode : std::uint8_t { trusted, frozen, safe };

  void start(double now_s) noexcept {
    if (started_) return;
    started_ = true;
    heard_s_ = equal_since_s_ = now_s;
  }
  double silence_s() const noexcept { return std::max(options_.silence_s, 3.0 * period_s_); }

  bool is_good(const Measurement& m) noexcept {
    const double value = m.power.value_w(limits_);
    if (!Window::is_valid_power(value, limits_) || !Window::is_valid_power(m.power.max_w, limits_)) return false;
    // One value throughout, the same as before.
    const bool same = m.power.max_w == m.power.mean_w && m.power.max_w == last_w_;
    last_w_ = m.power.max_w;
    if (!same) {
      equal_ = 0;
      equal_since_s_ = m.time_s;
      return true;
    }
    equal_ += m.power.count;
    return equal_ < options_.stuck_readings || m.time_s - equal_since_s_ < options_.stuck_s;
  }

  // The meter is not to be trusted: how far has it come?
  Decision judge(double now_s) noexcept {
    const double silent_s = now_s - heard_s_;
    const bool stuck = equal_ >= options_.stuck_readings && now_s - equal_since_s_ >= options_.stuck_s;
    const Reason reason = faults_ > 0 ? Reason::faulty_reading : Reason::silence;
    if (mode_ == Mode::trusted) {
      mode_ = Mode::frozen;
      good_ = 0;
    }
    if (silent_s > 2.0 * silence_s() || faults_ >= 2 || stuck) mode_ = Mode::safe;
    return answer(reason, now_s);
  }

  Decision answer(Reason reason, double now_s) noexcept {
    Decision decision{.setting = mode_ == Mode::safe ? Setting{} : setting_, .reason = reason};
    decision.changed = !(decision.setting == setting_);
    decision.emergency = now_s - heard_s_ >= options_.emergency_s && reason != Reason::recovering;
    setting_ = decision.setting;
    return decision;
  }

  Decision recovered(double now_s) noexcept {
    mode_ = Mode::trusted;
    good_ = 0;
    heard_s_ = now_s;
    Decision decision{.setting = inner_.setting(), .reason = Reason::recovering};
    decision.changed = !(decision.setting == setting_);
    setting_ = decision.setting;
    return decision;
  }

  Decision follow(Decision decision) noexcept {
    decision.changed = !(decision.setting == setting_);
    setting_ = decision.setting;
    return decision;
  }

  C inner_;
  FailSafeOptions options_;
  Limits limits_;
  Setting setting_;
  Mode mode_ = Mode::trusted;
  std::uint32_t faults_ = 0, good_ = 0, equal_ = 0;
  double last_w_ = -1.0, equal_since_s_ = 0.0, heard_s_ = 0.0, period_s_ = 0.0;
  bool started_ = false;
};

}  // namespace bayestuner::control
