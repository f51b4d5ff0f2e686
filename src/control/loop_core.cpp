#include "control/loop_core.hpp"

#include <algorithm>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/quantile.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

namespace {

constexpr double longest_gap_s = 5.0;   // between two ticks; more is a suspended machine or a clock that stepped
constexpr double first_block_s = 30.0;  // on the safe setting after batches failed; doubles
constexpr double longest_block_s = 960.0;
constexpr double idle_after_s = 2.0;

// NaN while too few requests stand behind the quantile.
double known_quantile(const meter::LatencyHistogram& latencies, double q) {
  const bool enough = static_cast<double>(latencies.count()) >= 10.0 / (1.0 - q);
  return enough ? latencies.percentile_s(q) : std::nan("");
}

}  // namespace

LoopCore::LoopCore(AnyController controller, const Limits& limits, AnyServerPort port,
                   const ControlLoopOptions& options, double update_period_s, LoopSinks sinks)
    : controller_(std::move(controller)),
      limits_(limits),
      port_(std::move(port)),
      options_(options),
      sinks_(std::move(sinks)),
      watch_(options.fail_safe, update_period_s),
      window_s_(std::max(options.window_s, 3.0 * update_period_s)) {
  require_valid(limits);
  if (!(options.window_s > 0.0)) throw InvalidArgument("window_s: " + to_text(options.window_s) + " must be above 0");
  if (options.window_readings < 1) throw InvalidArgument("window_readings: 0 must be at least 1");
  status_.cap_w = limits.power_cap_w;
}

ServerSetting LoopCore::values(const Setting& s) const {
  return {controller_.grid().batch(s), controller_.grid().clock_hz(s), s.instances};
}

bool LoopCore::is_above(const Setting& a, const Setting& b) const {
  return a.batch_index > b.batch_index || a.clock_index > b.clock_index || a.instances > b.instances;
}

void LoopCore::report(const std::string& name, const std::string& text, bool is_fault) {
  status_.faults += is_fault;
  if (sinks_.event) sinks_.event({now_s_ - began_s_, name, text, is_fault});
}

void LoopCore::set_alarm(Alarm& alarm, bool on, const std::string& text) {
  if (on == alarm.on) return;
  alarm.on = on;
  report(on ? alarm.begins : alarm.ends, text, on && &alarm != &idle_ && &alarm != &unbound_);
}

void LoopCore::begin(double now_s) {
  began_s_ = now_s_ = last_batch_s_ = now_s;
  effective_s_ = now_s;
  arrivals_ = arrivals_before_ = queue_length_ = running_since_s_ = std::nan("");
  watch_.start(now_s);
  last_ = {.setting = controller_.setting()};
  status_.setting = applied_ = controller_.setting();
  status_.served = values(applied_);
  report("started", "cap " + to_text(limits_.power_cap_w) + " W" + (options_.dry_run ? "; dry run" : ""), false);
  follow(now_s);
  forget_window(now_s);
}

void LoopCore::end(double now_s) noexcept {
  try {
    now_s_ = std::max(now_s_, now_s);
    if (!options_.dry_run) port_.release();
    report("stopped", to_text(status_.windows_within) + " of " + to_text(status_.windows) + " windows within the cap",
           false);
  } catch (...) {  // a callback of the user's
  }
}

void LoopCore::set_limits(const Limits& limits, double now_s) {
  require_valid(limits);
  if (limits == limits_) return;
  limits_ = limits;
  limits_.time_s = now_s;
  status_.cap_w = limits.power_cap_w;
  controller_.on_limits(limits_);
  report("limits", "cap " + to_text(limits.power_cap_w) + " W", false);
  // Only while measurements come: a controller that has not heard of a window for long would take that for silence.
  if (watch_.trust() == Trust::good && now_s - measured_s_ <= watch_.silence_s()) {
    decide(controller_.on_tick(now_s));
    follow(now_s);
  }
}

bool LoopCore::clock_is_sane(double now_s) {
  const double gap_s = now_s - now_s_;
  const bool sane = gap_s >= 0.0 && gap_s <= std::max(longest_gap_s, 10.0 * options_.tick_s);
  if (sane) {
    set_alarm(clock_, false, "");
    now_s_ = now_s;
    return true;
  }
  if (gap_s < 0.0) began_s_ += gap_s;  // times of records go on rising
  now_s_ = now_s;
  set_alarm(clock_, true, "the clock went " + to_text(gap_s) + " s between two looks: the window is dropped");
  watch_.start(now_s);
  last_batch_s_ = now_s;
  if (!std::isnan(effective_s_)) effective_s_ = now_s;
  forget_window(now_s);
  return false;
}

bool LoopCore::collect(double now_s) {
  Collected collected;
  try {
    port_.collect(collected);
  } catch (const std::exception& error) {
    set_alarm(server_dead_, true, error.what());
    status_.server_answers = false;
    forget_window(now_s);
    return false;
  }
  if (server_dead_.on) {
    set_alarm(server_dead_, false, "it answers again");
    status_.server_answers = true;
    follows_ = false;  // a new process knows nothing of what was set
    last_batch_s_ = now_s;
  }
  take_reports(collected, now_s);
  return true;
}

void LoopCore::take_reports(const Collected& collected, double now_s) {
  status_.reports_lost += collected.lost;
  running_since_s_ = collected.running_since_s;
  queue_length_ = collected.queue_length;
  arrivals_ = collected.arrivals;
  const std::uint32_t limit = values(applied_).batch;
  const double level = values(applied_).level;
  for (const BatchReport& r : collected.batches) {
    // A report whose times cannot be is no report: somebody else's clock, or a stepped one.
    if (!(r.end_s >= r.begin_s) || !(r.end_s <= now_s + longest_gap_s) || r.size == 0) {
      set_alarm(their_clock_, true,
                "a batch from " + to_text(r.begin_s) + " s to " + to_text(r.end_s) + " s was left out");
      continue;
    }
    set_alarm(their_clock_, false, "");
    status_.batches += 1;
    last_batch_s_ = now_s;
    batch_since_reading_ = true;
    if (r.failed) {
      status_.failed_batches += 1;
      good_in_a_row_ = 0;
      if (++failed_in_a_row_ == options_.fail_safe.failed_batches && !failing_.on) {
        block_s_ = std::clamp(2.0 * block_s_, first_block_s, longest_block_s);
        block_until_s_ = now_s + block_s_;
        set_alarm(
            failing_, true,
            to_text(failed_in_a_row_) + " batches in a row failed; the safe setting for " + to_text(block_s_) + " s");
      }
      continue;
    }
    status_.items += r.size;
    failed_in_a_row_ = 0;
    ++good_in_a_row_;
    const bool other_level = !std::isnan(r.level) && !std::isnan(level) && r.level != level;
    // Ran across the change; a dry run changes nothing, and takes what there is for what was decided.
    if (!options_.dry_run && (r.limit != limit || other_level)) continue;
    if (std::isnan(effective_s_)) {
      effective_s_ = window_from_s_ = r.begin_s;
      latencies_ = {};
    }
    if (r.begin_s >= effective_s_) reports_.push_back(r);
  }
  if (!std::isnan(effective_s_)) {
    for (const float latency : collected.latencies_s) {
      if (latency >= 0.0F) latencies_.record(static_cast<double>(latency));
    }
  }
  if (failing_.on && now_s >= block_until_s_ && good_in_a_row_ >= options_.fail_safe.failed_batches) {
    set_alarm(failing_, false, "the controller's setting again");
  }
  const double age_s = now_s - running_since_s_;
  set_alarm(server_slow_, age_s > options_.fail_safe.slow_s,
            age_s > options_.fail_safe.slow_s ? "a batch has been under way for " + to_text(age_s) + " s" : "");
  if (age_s > options_.fail_safe.slow_s) forget_window(now_s);
  // Waiting for a batch is no work: only a queue or a batch under way says that there is a load.
  const bool works = !std::isnan(running_since_s_) || queue_length_ > 0.0;
  const bool idle = !works && now_s - last_batch_s_ > std::max(idle_after_s, 2.0 * window_s_);
  set_alarm(idle_, idle, idle ? "no batch has ended and none waits: the setting is kept" : "");
  if (idle) forget_window(now_s);
  status_.idle = idle;
  status_.queue_length = queue_length_;
}

void LoopCore::take_readings(std::span<const PowerReading> readings) {
  for (const PowerReading& r : readings) {
    ++status_.readings;
    // A meter whose value is made of work alone stands still while there is none.
    const bool busy = std::exchange(batch_since_reading_, false);
    const bool good = watch_.on_reading(r, limits_.board_limit_w, busy);
    PowerReading held;
    if (watch_.take_held(held)) readings_.push_back(held);
    if (good) readings_.push_back(r);
    if (!good) ++status_.readings_dropped;
    if (watch_.spikes() != spikes_) {
      spikes_ = watch_.spikes();
      report(to_string(Fault::spike), "one reading far above its neighbours was left out", true);
    }
  }
}

void LoopCore::watch(double now_s, const std::string& meter_problem) {
  watch_.on_tick(now_s);
  const bool distrust = watch_.trust() != Trust::good;
  if (distrust && !meter_.on) {
    meter_.begins = to_string(watch_.fault());
    forget_window(now_s);
  }
  set_alarm(meter_, distrust, meter_problem);
  status_.trust = watch_.trust();
  const bool emergency = watch_.trust() == Trust::emergency || last_.emergency;
  status_.emergency = emergency;
  if (emergency && !emergency_done_) {
    emergency_done_ = true;
    report("emergency", last_.emergency ? "the budget above the cap is used up" : "the meter does not come back", true);
    if (sinks_.emergency) sinks_.emergency();
  }
  if (!emergency) emergency_done_ = false;
}

void LoopCore::forget_window(double now_s) {
  reports_.clear();
  readings_.clear();
  window_from_s_ = now_s;
  arrivals_before_ = arrivals_;
}

Measurement LoopCore::measure(double now_s) {
  Measurement m;
  m.time_s = now_s;
  m.setting = options_.dry_run ? controller_.setting() : applied_;
  std::uint32_t complete = 0, partial = 0, in_partial = 0;
  double begin_s = reports_.front().begin_s;
  m.items = 0;
  for (const BatchReport& r : reports_) {
    // The first one after a change is slow: its power counts, its time does not.
    if (r.first && reports_.size() > 1) {
      begin_s = std::max(begin_s, r.end_s);
      continue;
    }
    m.items += r.size;
    (r.size >= r.limit ? complete : partial) += 1;
    if (r.size < r.limit) in_partial += r.size;
  }
  m.partial = partial > complete;
  m.batches = m.partial ? partial : complete;
  m.batch_size = m.partial ? (in_partial + partial / 2) / partial : reports_.back().limit;
  if (options_.dry_run && !m.partial) m.batch_size = controller_.grid().batch(m.setting);  // as if it had been followed
  m.service_s = std::max(reports_.back().end_s - begin_s, 0.0);
  std::vector<double> watts;
  for (const PowerReading& r : readings_) watts.push_back(r.power_w);
  m.power.count = static_cast<std::uint32_t>(watts.size());
  m.power.max_w = *std::max_element(watts.begin(), watts.end());
  double sum = 0.0;
  for (const double w : watts) sum += w;
  m.power.mean_w = sum / static_cast<double>(watts.size());
  m.power.quantile_w = lower_quantile(watts, limits_.power_quantile);
  // What was averaged across a change is left out already: to the controller these are instants.
  m.power.kind = PowerKind::instant;
  m.power.update_period_s = readings_.back().time_s - readings_.back().begin_s;
  m.power.age_s = std::max(0.0, now_s - readings_.back().time_s);
  m.latency.count = latencies_.count();
  for (std::uint32_t i = 0; i < limits_.latency_count; ++i) {
    m.latency.quantile_s[i] = known_quantile(latencies_, limits_.latency[i].quantile);
  }
  m.queue_length = queue_length_;
  // A queue that holds another batch already is saturated: what comes says nothing of what would be served.
  const bool saturated = queue_length_ >= static_cast<double>(values(applied_).batch);
  if (!saturated) m.arrivals_per_s = (arrivals_ - arrivals_before_) / (now_s - window_from_s_);
  return m;
}

void LoopCore::close_window(double now_s) {
  if (std::isnan(effective_s_)) return;
  std::erase_if(readings_, [&](const PowerReading& r) { return r.begin_s < effective_s_; });
  if (reports_.empty() || readings_.size() < options_.window_readings || now_s - window_from_s_ < window_s_) return;
  const Measurement m = measure(now_s);
  LoopWindow w;
  w.time_s = now_s - began_s_;
  w.seconds = now_s - window_from_s_;
  w.setting = applied_;
  w.served = values(applied_);
  if (options_.dry_run) status_.served = w.served = {reports_.back().limit, reports_.back().level, 1};
  w.power_w = m.power.value_w(limits_);
  w.power_mean_w = m.power.mean_w;
  w.power_max_w = m.power.max_w;
  w.readings = m.power.count;
  w.cap_w = limits_.power_cap_w;
  w.within = w.power_w <= limits_.power_cap_w;
  w.throughput = m.service_s > 0.0 ? m.items / m.service_s : std::nan("");
  w.latency_p50_s = known_quantile(latencies_, 0.5);
  w.latency_p99_s = known_quantile(latencies_, 0.99);
  w.queue_length = queue_length_;
  w.batches = static_cast<std::uint32_t>(reports_.size());
  w.mean_batch = static_cast<double>(m.items) / std::max<double>(1.0, m.batches);
  measured_s_ = now_s;
  decide(controller_.step(m));
  w.decision = last_;
  w.next = values(last_.setting);
  ++status_.windows;
  status_.windows_within += w.within;
  status_.power_w = w.power_w;
  status_.throughput = w.throughput;
  status_.latency_p99_s = w.latency_p99_s;
  if (sinks_.window) sinks_.window(w);
  forget_window(now_s);
}

void LoopCore::decide(const Decision& decision) {
  last_ = decision;
  status_.reason = decision.reason;
  status_.infeasible = decision.infeasible;
  if (decision.reason == Reason::recorded) return;
  set_alarm(infeasible_, decision.infeasible,
            decision.infeasible ? "the least setting needs more than " + to_text(limits_.power_cap_w) + " W" : "");
  set_alarm(unbound_, decision.reason == Reason::at_largest,
            decision.reason == Reason::at_largest ? "the largest setting stays below the cap" : "");
}

Reason LoopCore::fault_reason() const {
  if (failing_.on) return Reason::blocked;
  return watch_.fault() == Fault::silent ? Reason::silence : Reason::faulty_reading;
}

// What the server should have: the controller's wish, unless something is wrong.
void LoopCore::follow(double now_s) {
  if (options_.dry_run || server_dead_.on) return;
  const Setting least{};
  Setting wanted = last_.setting;
  const bool to_safety = watch_.trust() >= Trust::safe || failing_.on;
  if (to_safety) {
    wanted = least;
  } else if ((watch_.trust() == Trust::frozen || server_slow_.on) && is_above(wanted, applied_) && follows_) {
    wanted = applied_;
  }
  if (wanted == applied_ && follows_) return;
  if (to_safety) status_.reason = fault_reason();
  apply(wanted, now_s);
}

bool LoopCore::apply(const Setting& setting, double now_s) {
  const ServerSetting next = values(setting);
  try {
    if (sinks_.set_level && (!follows_ || setting.clock_index != applied_.clock_index)) {
      sinks_.set_level(setting.clock_index);
    }
    port_.apply(next);
    const ServerSetting taken = port_.in_force();
    if (taken.batch != next.batch) {
      throw DeviceError("asked for batches of " + to_text(next.batch) + ", the server says " + to_text(taken.batch));
    }
    if (!std::isnan(taken.level) && !std::isnan(next.level) && taken.level != next.level) {
      throw DeviceError("asked for level " + to_text(next.level) + ", the server says " + to_text(taken.level));
    }
  } catch (const std::exception& error) {  // tried again at the next tick
    set_alarm(refused_, true, error.what());
    return false;
  }
  set_alarm(refused_, false, "");
  status_.changes += follows_ && !(setting == applied_);
  follows_ = true;
  applied_ = setting;
  status_.setting = setting;
  status_.served = next;
  effective_s_ = std::nan("");
  latencies_ = {};
  forget_window(now_s);
  return true;
}

void LoopCore::tick(double now_s, std::span<const PowerReading> readings, const std::string& meter_problem) {
  if (!clock_is_sane(now_s)) {
    Collected dropped;
    try {
      port_.collect(dropped);
    } catch (const std::exception&) {  // the next tick says so
    }
    return;
  }
  status_.time_s = now_s - began_s_;
  const bool answers = collect(now_s);
  take_readings(readings);
  watch(now_s, meter_problem);
  if (answers && watch_.trust() == Trust::good && !server_slow_.on && !failing_.on) close_window(now_s);
  follow(now_s);
}

}  // namespace bayestuner::control
