#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "bayestuner/control/blocked.hpp"
#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/base.hpp"
#include "bayestuner/control/detail/linear_belief.hpp"
#include "bayestuner/control/guard_prior.hpp"
#include "bayestuner/control/window.hpp"

namespace bayestuner::control {

/// Never above the cap by more than `excess_w` for longer than `seconds`. Infinite: no budget.
struct SafetyBudget {
  double excess_w = std::numeric_limits<double>::infinity();
  double seconds = std::numeric_limits<double>::infinity();

  template <class Archive>
  void fields(Archive& archive) {
    archive(excess_w, seconds);
  }
};

struct GuardOptions {
  WindowPolicy window{.seconds = 3.0};
  double z = 1.8;               ///< standard deviations that the predicted power must leave below the cap
  double guard_band = 0.02;     ///< share of every limit left free
  double gain = 0.02;           ///< least gain, as a share, worth a move
  std::uint32_t dwell = 2;      ///< windows before a move that no limit asks for
  double forgetting = 0.985;    ///< weight of the past, a window
  double spread_weight = 12.0;  ///< windows that the prior's spread counts for
  std::uint32_t hold = 25;      ///< windows that a violator is blocked for, doubled each time
  std::uint32_t quiet = 8;      ///< uninformative windows in a row that are believed after all
  double headroom = 1.1;        ///< rate to have, times the offered load, where that is known
  SafetyBudget budget = {};

  template <class Archive>
  void fields(Archive& archive) {
    archive(window, z, guard_band, gain, dwell, forgetting, spread_weight, hold, quiet, headroom, budget);
  }
};

/// Joint control of batch, clock and instances by a model that learns: the fastest setting whose upper bound keeps
/// every limit; within 1 % of it, the one that draws least. Where the offered load is known and below what that would
/// serve, the setting that draws least and still serves it in time. The model is GuardPrior's, updated by every
/// informative window: one far below what the setting should draw has missed the bursts and is only believed if it
/// persists. A violation acts in the same step, blocks its setting and all that is as large, and is remembered; a leaky
/// sum of standardised residuals tells drift and widens the belief. Latency: what was measured, scaled by the predicted
/// service time; a violation blocks larger batches.
class Guard : public detail::Base<Guard> {
 public:
  static constexpr std::size_t max_settings = 512;

  /// Throws InvalidArgument: also for grids of more than 512 settings.
  Guard(const KnobGrid& grid, const Limits& limits, const GuardPrior& prior, const GuardOptions& options = {});

  Decision step(const Measurement& m) noexcept;
  Decision on_tick(double now_s) noexcept;

  /// Predicted median power of a setting, W.
  double predicted_w(const Setting& s) const noexcept {
    return prior_.idle_w + std::exp(power_.predict(power_terms_[grid_.index(s)]));
  }
  /// Predicted items a second.
  double predicted_per_s(const Setting& s) const noexcept { return 1.0 / seconds_an_item(grid_.index(s)); }

  std::uint64_t fingerprint() const noexcept;
  template <class Archive>
  void state(Archive& archive) {
    base_state(archive);
    archive(window_, power_, time_, spread_, spread_sum_, spread_count_, drift_, over_s_, arrivals_per_s_, queue_,
            latency_ratio_, blocked_, slow_, windows_, since_move_, quiet_, replan_, scaled_);
    for (std::size_t i = 0; i < grid_.count(); ++i) archive(seen_w_[i]);
  }

 private:
  friend detail::Base<Guard>;
  struct Plan {
    std::size_t best = 0, least = 0;
    bool any = false, current_fits = false, by_load = false;
  };

  void limits_changed(const Limits& before) noexcept;
  bool learn(double power_w, double per_s) noexcept;
  void learn_latency() noexcept;
  Plan plan() const noexcept;
  Decision decide(Reason reason, bool must_move) noexcept;
  Decision act(std::size_t index, Reason reason) noexcept;
  Decision spend_budget() noexcept;
  bool latency_violated() const noexcept;
  double seconds_an_item(std::size_t i) const noexcept { return std::max(time_.predict(time_terms_[i]), 1e-9); }
  // Of one batch on one instance.
  double service_s(std::size_t i) const noexcept {
    const Setting s = grid_.at(i);
    return seconds_an_item(i) * static_cast<double>(grid_.batch(s)) * s.instances;
  }
  bool in_time(std::size_t i, double load_per_s) const noexcept;

  GuardPrior prior_;
  GuardOptions options_;
  double prior_trace_ = 0.0;
  std::array<PowerTerms, max_settings> power_terms_;
  std::array<TimeTerms, max_settings> time_terms_;

  Window window_;
  detail::LinearBelief<GuardPrior::power_terms> power_;
  detail::LinearBelief<GuardPrior::time_terms> time_;
  std::array<float, max_settings> seen_w_;  // largest power of late in each setting; -1: never served
  double spread_ = 0.0, spread_sum_ = 0.0, spread_count_ = 0.0, drift_ = 0.0, over_s_ = 0.0;
  double arrivals_per_s_ = std::numeric_limits<double>::quiet_NaN(), queue_ = 0.0, now_s_ = 0.0;
  std::array<double, Limits::max_latency_limits> latency_ratio_{1.0, 1.0, 1.0, 1.0};
  Blocked blocked_, slow_;  // for power; for latency, with clock and instances counted from the top
  std::uint32_t windows_ = 0, since_move_ = 0, quiet_ = 0;
  bool replan_ = false, scaled_ = false;
};

inline Guard::Guard(const KnobGrid& grid, const Limits& limits, const GuardPrior& prior, const GuardOptions& options)
    : Base(grid, limits, {}), prior_(prior), options_(options), window_(options.window) {
  require_valid(prior);
  require_valid(options.window);
  const auto between = [](const char* name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw InvalidArgument(std::string(name) + ": " + to_text(value) + " is outside [" + to_text(low) + ", " +
                            to_text(high) + "]");
    }
  };
  between("z", options.z, 0.0, 10.0);
  between("guard_band", options.guard_band, 0.0, 0.5);
  between("gain", options.gain, 0.0, 0.5);
  between("forgetting", options.forgetting, 0.5, 1.0);
  between("spread_weight", options.spread_weight, 0.0, 1e6);
  between("headroom", options.headroom, 1.0, 10.0);
  if (!(options.budget.excess_w > 0.0 && options.budget.seconds > 0.0)) {
    throw InvalidArgument("budget: excess_w and seconds must be above 0");
  }
  if (grid.count() > max_settings) {
    throw InvalidArgument("Guard: " + std::to_string(grid.count()) + " settings; at most " +
                          std::to_string(max_settings) + " are allowed");
  }
  power_.mean = prior.power_mean;
  power_.covariance = prior.power_covariance;
  time_.mean = prior.time_mean;
  time_.covariance = prior.time_covariance;
  prior_trace_ = std::max(power_.trace(), 1e-12);
  spread_ = prior.spread;
  spread_sum_ = prior.spread * prior.spread * options.spread_weight;
  spread_count_ = options.spread_weight;
  seen_w_.fill(-1.0f);
  std::size_t least = 0;
  for (std::size_t i = 0; i < grid.count(); ++i) {
    const Setting s = grid.at(i);
    power_terms_[i] = power_terms(grid.batch(s), grid.clock_hz(s), s.instances, prior.reference_clock_hz);
    time_terms_[i] = time_terms(grid.batch(s), grid.clock_hz(s), s.instances, prior.reference_clock_hz);
    if (power_.predict(power_terms_[i]) < power_.predict(power_terms_[least])) least = i;
  }
  setting_ = grid.at(least);  // before any measurement: what should draw least
}

inline void Guard::limits_changed(const Limits& before) noexcept {
  if (limits_.power_cap_w > before.power_cap_w) blocked_.clear();
  slow_.clear();
  since_move_ = options_.dwell;
  over_s_ = 0.0;
  replan_ = true;
}

inline bool Guard::latency_violated() const noexcept {
  for (std::size_t i = 0; i < limits_.latency_count; ++i) {
    if (window_.latency_s(i) > limits_.latency[i].limit_s) return true;
  }
  return false;
}

inline Decision Guard::step(const Measurement& m) noexcept {
  now_s_ = m.time_s;
  if (!std::isnan(m.arrivals_per_s)) arrivals_per_s_ = m.arrivals_per_s;
  if (!std::isnan(m.queue_length)) queue_ = m.queue_length;
  const bool counts = window_.add(m, limits_, setting_, grid_.batch(setting_));
  const double cap_w = limits_.power_cap_w;
  if (counts && m.power.count > 0) {
    const double power_w = m.power.value_w(limits_);
    if (Window::is_valid_power(power_w, limits_)) {
      over_s_ = power_w > cap_w + options_.budget.excess_w ? over_s_ + std::max(0.0, m.service_s) : 0.0;
    }
  }
  const bool over = counts && window_.has_power() && window_.power_w() > cap_w;
  if (!over && !(counts && window_.full())) {
    // New limits are acted on by what is known, not after a window.
    if (!replan_) return keep(Reason::recorded);
    replan_ = false;
    return decide(Reason::limits_changed, true);
  }
  ++windows_;
  ++since_move_;
  const double power_w = window_.power_w(), per_s = window_.rate_per_s();
  float& seen = seen_w_[grid_.index(setting_)];
  seen = static_cast<float>(std::max(power_w, 0.9 * static_cast<double>(seen)));
  const double drift_before = drift_;
  const bool informative = learn(power_w, per_s);
  learn_latency();
  const bool late = latency_violated();
  if (over) blocked_.block(setting_, windows_, options_.hold);
  if (late) {
    Setting mirrored = setting_;  // larger batches, lower clocks and more instances are later still
    mirrored.clock_index = static_cast<std::uint16_t>(grid_.clock_count() - 1 - setting_.clock_index);
    slow_.block(mirrored, windows_, options_.hold);
  }
  window_.clear();
  if (over_s_ > 0.0) return spend_budget();
  const bool drifted = informative && drift_ == 0.0 && drift_before > 2.0;
  const Reason reason = over          ? Reason::violated
                        : late        ? Reason::latency
                        : replan_     ? Reason::limits_changed
                        : drifted     ? Reason::drift
                        : informative ? Reason::model
                                      : Reason::uninformative;
  const bool may_move = over || late || replan_ || since_move_ >= options_.dwell;
  replan_ = false;
  if (!may_move) return keep(reason == Reason::model ? Reason::in_band : reason);
  Decision decision = decide(reason, over || late);
  decision.infeasible = over && !decision.changed;
  return decision;
}

inline Decision Guard::on_tick(double now_s) noexcept {
  now_s_ = now_s;
  if (!replan_) return keep(Reason::recorded);
  replan_ = false;
  return decide(Reason::limits_changed, true);
}

inline bool Guard::learn(double power_w, double per_s) noexcept {
  const std::size_t at = grid_.index(setting_);
  const PowerTerms& x = power_terms_[at];
  const double y = std::log(std::max(power_w - prior_.idle_w, 1.0));
  if (prior_.scale_free && !scaled_) {
    power_.mean[0] += y - power_.predict(x);
    if (per_s > 0.0) {
      const double factor = 1.0 / (per_s * seconds_an_item(at));
      for (double& c : time_.mean) c *= factor;
      time_.scale_covariance(factor * factor);
      scaled_ = true;
    }
  }
  const double residual = y - power_.predict(x), model = power_.variance(x);
  const double variance = model + spread_ * spread_;
  const bool informative = residual > -0.35 - 2.0 * std::sqrt(model) || quiet_ >= options_.quiet;
  if (informative) {
    const double noise = spread_ * spread_;
    quiet_ = 0;
    // Only what lies above matters for the cap: a half-normal estimate of this server's spread.
    spread_sum_ *= 0.97;
    spread_count_ *= 0.97;
    if (residual > 0.0) {
      spread_sum_ += std::min(residual * residual, 9.0 * noise) * noise / variance;
      spread_count_ += 1.0;
    }
    spread_ = std::max(0.03, std::sqrt((spread_sum_ + 2.0 * prior_.spread * prior_.spread) / (spread_count_ + 2.0)));
    drift_ = std::max(0.0, 0.8 * drift_ + std::abs(residual) / std::sqrt(variance) - 1.6);
    if (drift_ > 5.0) {
      for (std::size_t i = 0; i < power_.covariance.size(); ++i) {
        power_.covariance[i] = 4.0 * power_.covariance[i] + 0.02 * prior_.power_covariance[i];
      }
      drift_ = 0.0;
    }
    power_.update(x, residual, noise, options_.forgetting);
    const double grown = power_.trace() / prior_trace_;  // forgetting must not unlearn more than was known
    if (grown > 1.0) power_.scale_covariance(1.0 / grown);
  } else {
    ++quiet_;
  }
  if (per_s > 0.0) {
    const double seconds = 1.0 / per_s;
    const TimeTerms& t = time_terms_[at];
    time_.update(t, seconds - time_.predict(t), 0.0036 * seconds * seconds, 0.995);
    for (double& c : time_.mean) c = std::max(c, 0.0);
  }
  return informative;
}

inline void Guard::learn_latency() noexcept {
  const double service = service_s(grid_.index(setting_));
  for (std::size_t i = 0; i < limits_.latency_count; ++i) {
    const double seen = window_.latency_s(i);
    if (!std::isnan(seen)) latency_ratio_[i] += 0.5 * (seen / service - latency_ratio_[i]);
  }
}

inline bool Guard::in_time(std::size_t i, double load_per_s) const noexcept {
  const double service = service_s(i);
  for (std::size_t k = 0; k < limits_.latency_count; ++k) {
    const double limit = limits_.latency[k].limit_s * (1.0 - options_.guard_band);
    // Known load: the batch must fill first. Else a full queue: as late as here, scaled.
    const double expected = load_per_s > 0.0 ? static_cast<double>(grid_.batch(grid_.at(i))) / load_per_s + service
                                             : latency_ratio_[k] * service;
    if (expected > limit) return false;
  }
  return true;
}

inline Guard::Plan Guard::plan() const noexcept {
  Plan plan;
  const std::size_t current = grid_.index(setting_);
  const double room_w = limits_.power_cap_w * (1.0 - options_.guard_band) - prior_.idle_w;
  const double log_room = room_w > 0.0 ? std::log(room_w) : -std::numeric_limits<double>::infinity();
  // What waits is to be gone within ten seconds.
  const double load_per_s = arrivals_per_s_ > 0.0 ? arrivals_per_s_ + queue_ / 10.0 : 0.0;
  const double wanted = load_per_s > 0.0 ? options_.headroom * load_per_s : std::numeric_limits<double>::infinity();
  std::array<float, max_settings> bound;  // of log(power - idle)
  std::array<float, max_settings> rate;   // -1: does not fit
  double fastest = -1.0, least_bound = std::numeric_limits<double>::infinity(), least_serving = least_bound;
  std::size_t serving = 0;
  const double noise = spread_ * spread_;
  for (std::size_t i = 0; i < grid_.count(); ++i) {
    const double up =
        power_.predict(power_terms_[i]) + options_.z * std::sqrt(power_.variance(power_terms_[i]) + noise);
    bound[i] = static_cast<float>(up);
    rate[i] = -1.0f;
    const Setting s = grid_.at(i);
    // Instances change by one: each takes time to start.
    if (s.instances > setting_.instances + 1 || s.instances + 1 < setting_.instances) continue;
    if (up < least_bound) {
      least_bound = up;
      plan.least = i;
    }
    if (up > log_room || blocked_.is_blocked(s, windows_)) continue;
    if (limits_.latency_count > 0) {
      Setting mirrored = s;
      mirrored.clock_index = static_cast<std::uint16_t>(grid_.clock_count() - 1 - s.clock_index);
      if (slow_.is_blocked(mirrored, windows_) ||
          !in_time(i, load_per_s * seconds_an_item(i) < 1.0 ? load_per_s : 0.0)) {
        continue;
      }
    }
    const double per_s = 1.0 / seconds_an_item(i);
    rate[i] = static_cast<float>(per_s);
    fastest = std::max(fastest, per_s);
    if (per_s >= wanted && up < least_serving) {
      least_serving = up;
      serving = i;
    }
  }
  plan.any = fastest > 0.0;
  if (!plan.any) return plan;
  plan.by_load = std::isfinite(least_serving);
  if (plan.by_load) {
    plan.best = serving;
    plan.current_fits = rate[current] >= wanted && bound[current] <= least_serving + options_.gain;
    return plan;
  }
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < grid_.count(); ++i) {
    if (rate[i] < fastest * 0.99 || bound[i] >= least) continue;
    least = bound[i];
    plan.best = i;
  }
  plan.current_fits = rate[current] > 0.0f && rate[current] >= rate[plan.best] * (1.0 - options_.gain);
  return plan;
}

inline Decision Guard::decide(Reason reason, bool must_move) noexcept {
  const Plan p = plan();
  if (!p.any) return act(p.least, reason);
  if (p.current_fits)
    return act(grid_.index(setting_), must_move || reason != Reason::model ? reason : Reason::in_band);
  return act(p.best, p.by_load && reason == Reason::model ? Reason::load : reason);
}

// Above the cap by more than the budget allows: to what is known to be safe; past half the time, to the least.
inline Decision Guard::spend_budget() noexcept {
  replan_ = false;
  std::size_t least = grid_.index(setting_), best = grid_.count();
  double fastest = 0.0;
  const auto drawn = [&](std::size_t i) {
    return seen_w_[i] >= 0.0f ? static_cast<double>(seen_w_[i]) : predicted_w(grid_.at(i));
  };
  for (std::size_t i = 0; i < grid_.count(); ++i) {
    if (drawn(i) < drawn(least)) least = i;
    const bool safe = seen_w_[i] >= 0.0f && seen_w_[i] <= limits_.power_cap_w * (1.0 - options_.guard_band);
    const double per_s = 1.0 / seconds_an_item(i);
    if (!safe || per_s <= fastest || blocked_.is_blocked(grid_.at(i), windows_)) continue;
    fastest = per_s;
    best = i;
  }
  const bool escalate = over_s_ >= 0.5 * options_.budget.seconds || best == grid_.count();
  const bool emergency = over_s_ >= options_.budget.seconds;
  Decision decision = act(escalate ? least : best, emergency ? Reason::emergency : Reason::violated);
  decision.emergency = emergency;
  decision.infeasible = !decision.changed;
  return decision;
}

inline Decision Guard::act(std::size_t index, Reason reason) noexcept {
  Decision decision = move(grid_.at(index), reason);
  if (decision.changed) {
    since_move_ = 0;
    window_.clear(now_s_, true);
  }
  for (std::size_t i = 0; i < limits_.latency_count; ++i) {
    decision.batch_timeout_s =
        std::min(decision.batch_timeout_s, std::max(0.0, limits_.latency[i].limit_s - 1.1 * service_s(index)));
  }
  return decision;
}

inline std::uint64_t Guard::fingerprint() const noexcept {
  detail::Hasher hasher;
  hasher.hash = made_with(0x9a);
  GuardOptions options = options_;
  GuardPrior prior = prior_;
  hasher(options, prior);
  return hasher.hash;
}

static_assert(Controller<Guard>);

}  // namespace bayestuner::control
