#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/control/any_controller.hpp"
#include "bayestuner/control/limits.hpp"
#include "bayestuner/control/loop_record.hpp"
#include "bayestuner/control/power_feed.hpp"
#include "bayestuner/control/server_port.hpp"
#include "bayestuner/knob/any_knob.hpp"
#include "bayestuner/knob/session.hpp"

namespace bayestuner::control {

/// A knob of the machine as the grid's second axis: written, read back and restored by a knob::Session.
struct LevelKnob {
  knob::AnyKnob knob;
  std::vector<space::Value> values;  ///< one for each level of the grid, in its order
};

struct ControlLoopOptions {
  double window_s = 0.5;              ///< least length of a window; at least 3 meter periods are taken
  std::uint32_t window_readings = 3;  ///< least number of power readings in one
  double tick_s = 0.05;               ///< how often the loop looks
  MeterWatchOptions fail_safe = {};
  bool dry_run = false;  ///< decide and log, set nothing; the controller is told that its decisions were followed
  std::filesystem::path journal = {};   ///< JSON lines, appended; empty: none
  std::filesystem::path cap_file = {};  ///< holds a number of watts; looked at every tick. Empty: none
  int http_port = -1;  ///< GET /metrics (Prometheus), GET /status, POST /cap on 127.0.0.1; 0: any free port; -1: none
  std::optional<LevelKnob> level_knob = {};
  knob::SessionOptions session = {};  ///< for level_knob
  // Called from the loop's thread, one at a time; what they throw is swallowed and counted as a fault.
  std::function<void(const LoopWindow&)> on_window = {};
  std::function<void(const LoopEvent&)> on_event = {};
  std::function<void()> emergency = {};  ///< the emergency action: a hardware cap, or pause; once an episode
};

/// Drives a controller against a live server: meter thread -> lock-free queue -> windows -> step -> port and knob, read
/// back. Owns the clock. Never throws into a serving thread, and never waits there: servers talk to an EnginePort.
///
/// A window closes after window_s and window_readings, and only readings and batches of the setting in force count:
/// what was averaged over a change, or ran across it, is left out. Faults end in a safe state with one event each
/// (docs/control.md, "Faults"). When it stops, knobs and server are as they were found; where the process is killed,
/// the session's guardian restores knobs and an HTTP server's lease runs out. Source of the rules: Nabavinejad, Reda &
/// Ebrahimi, ASP-DAC 2021, doi:10.1145/3394885.3431535, for the window; the fail-safe is this project's.
class ControlLoop {
 public:
  /// `controller` decides under `limits`, which must be those it was made with. Takes the resources of the level knob.
  /// Throws InvalidArgument for options out of range, DeviceError for a knob that cannot be set here.
  ControlLoop(AnyController controller, const Limits& limits, AnyServerPort port, PowerFeed power,
              ControlLoopOptions options = {});
  /// Stops.
  ~ControlLoop();
  ControlLoop(const ControlLoop&) = delete;
  ControlLoop& operator=(const ControlLoop&) = delete;

  /// Applies the controller's first setting and goes on in a thread. Throws DeviceError for a journal that cannot be
  /// written or a port that is taken.
  void start();
  /// Ends the threads and gives server and knobs back. Returns the first thing that could not be given back, or "".
  std::string stop() noexcept;

  /// New limits, from any thread; they hold from the next tick. Throws InvalidArgument.
  void set_limits(const Limits& limits);
  /// The cap alone. Throws InvalidArgument.
  void set_cap(double power_cap_w);
  Limits limits() const;

  LoopStatus status() const;
  /// Windows and events not taken yet, at most the last 4096 of each: for those who would rather ask than be called.
  std::vector<LoopWindow> take_windows();
  std::vector<LoopEvent> take_events();
  /// The numbers in Prometheus' text format.
  std::string prometheus() const;
  /// Where HTTP listens; -1: nowhere.
  int http_port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bayestuner::control
