#pragma once
// The loop without threads and clocks: ticks in, decisions and records out. Tests drive it with a clock of their own.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "bayestuner/control/control_loop.hpp"
#include "bayestuner/meter/latency_histogram.hpp"

namespace bayestuner::control {

/// What the core needs from outside.
struct LoopSinks {
  std::function<void(const LoopWindow&)> window = {};
  std::function<void(const LoopEvent&)> event = {};
  std::function<void()> emergency = {};
  std::function<void(std::size_t level)> set_level = {};  ///< throws DeviceError where the knob did not take
};

class LoopCore {
 public:
  LoopCore(AnyController controller, const Limits& limits, AnyServerPort port, const ControlLoopOptions& options,
           double update_period_s, LoopSinks sinks);

  void begin(double now_s);
  /// `readings` came since the last tick; `meter_problem`: the meter's own words for why there are none.
  void tick(double now_s, std::span<const PowerReading> readings, const std::string& meter_problem = {});
  void set_limits(const Limits& limits, double now_s);
  /// Gives the server back.
  void end(double now_s) noexcept;

  const LoopStatus& status() const { return status_; }
  const Limits& limits() const { return limits_; }
  /// Something that the loop around the core has to say.
  void report(const std::string& name, const std::string& text, bool is_fault);

 private:
  // A fault that is on until it is not: one event when it begins, one when it ends.
  struct Alarm {
    const char* begins;
    const char* ends;
    bool on = false;
  };
  void set_alarm(Alarm& alarm, bool on, const std::string& text);

  bool clock_is_sane(double now_s);
  bool collect(double now_s);
  void take_reports(const Collected& collected, double now_s);
  void take_readings(std::span<const PowerReading> readings);
  void watch(double now_s, const std::string& meter_problem);
  void close_window(double now_s);
  Measurement measure(double now_s);
  void decide(const Decision& decision);
  void follow(double now_s);
  Reason fault_reason() const;
  bool apply(const Setting& setting, double now_s);
  void forget_window(double now_s);
  ServerSetting values(const Setting& setting) const;
  bool is_above(const Setting& a, const Setting& b) const;

  AnyController controller_;
  Limits limits_;
  AnyServerPort port_;
  const ControlLoopOptions& options_;
  LoopSinks sinks_;
  MeterWatch watch_;
  LoopStatus status_;

  double began_s_ = 0.0, now_s_ = 0.0, window_from_s_ = 0.0, window_s_ = 0.0;
  Setting applied_;           // as read back
  double effective_s_ = 0.0;  // NaN: no batch has run with it yet
  bool follows_ = false;      // the server has taken a setting of ours
  Decision last_;             // of the controller
  std::vector<BatchReport> reports_;
  std::vector<PowerReading> readings_;
  meter::LatencyHistogram latencies_;
  double last_batch_s_ = 0.0, measured_s_ = 0.0, arrivals_ = 0.0, arrivals_before_ = 0.0;
  double running_since_s_ = 0.0, queue_length_ = 0.0;
  std::uint32_t failed_in_a_row_ = 0, good_in_a_row_ = 0;
  double block_until_s_ = 0.0, block_s_ = 0.0;
  bool batch_since_reading_ = false, emergency_done_ = false;
  std::uint64_t spikes_ = 0;

  Alarm meter_{"", "meter_back"};
  Alarm server_dead_{"server_dead", "server_back"};
  Alarm server_slow_{"server_slow", "server_quick"};
  Alarm failing_{"batches_fail", "batches_succeed"};
  Alarm refused_{"setting_refused", "setting_taken"};
  Alarm infeasible_{"cap_not_attainable", "cap_attainable"};
  Alarm unbound_{"cap_not_binding", "cap_binding"};
  Alarm idle_{"idle", "busy"};
  Alarm clock_{"clock_step", "clock_steady"}, their_clock_{"clock_step", "clock_steady"};
};

}  // namespace bayestuner::control
