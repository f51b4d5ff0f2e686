#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bayestuner/control/meter_watch.hpp"
#include "bayestuner/meter/any_meter.hpp"

namespace bayestuner::control {

/// Reads a power meter in a thread of its own, every `period_s`, into a lock-free queue: a meter that blocks or throws
/// shows as silence and holds up nobody.
class PowerFeed {
 public:
  /// `meter` reports `power_w`; `target`: what it watches; `period_s`: seconds a reading, at least the meter's update
  /// period. Throws InvalidArgument for a period that is not above 0, DeviceError for a meter that is not available.
  PowerFeed(meter::AnyMeter meter, meter::Target target, double period_s);
  /// Waits for the reading under way.
  ~PowerFeed();
  PowerFeed(PowerFeed&&) noexcept;
  PowerFeed& operator=(PowerFeed&&) noexcept;

  void start();
  void stop() noexcept;
  /// Appends what was read since the last call. From one thread.
  void collect(std::vector<PowerReading>& readings);

  /// Seconds a reading.
  double period_s() const;
  const meter::Description& description() const;
  std::string name() const;
  /// Why the last attempt to read gave nothing; empty if it gave something.
  std::string problem() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bayestuner::control
