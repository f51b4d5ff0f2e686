#pragma once

#include <csignal>
#include <memory>

namespace bayestuner::knob {

/// What SIGHUP means: a wish to stop, as when a terminal ends; or, to a program that stays, a wish that it reads its
/// file again.
enum class Hangup { stops, reloads };

/// Turns SIGINT, SIGTERM and SIGHUP into a wish to stop, for as long as it lives: the handler only notes the signal,
/// whoever runs the trials looks at requested() or waits on fd(), stops, and lets the Session restore. A second signal
/// of the same kind ends the process at once; the guardian then restores. One at a time in a process.
class StopSignals {
 public:
  /// Throws DeviceError if the system refuses, InvalidArgument where another one lives.
  explicit StopSignals(Hangup hangup = Hangup::stops);
  /// Gives the signals back to who had them.
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool requested() const;
  /// Number of the first signal that came, 0 if none.
  int signal() const;
  /// Whether SIGHUP has come since the last call; never where it stops.
  bool take_reload();
  /// Becomes readable when a signal came, for poll().
  int fd() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bayestuner::knob
