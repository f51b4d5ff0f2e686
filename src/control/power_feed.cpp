#include "bayestuner/control/power_feed.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "bayestuner/control/detail/ring.hpp"
#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

struct PowerFeed::State {
  State(meter::AnyMeter m, meter::Target t, double period)
      : meter(std::move(m)), target(std::move(t)), description(meter.describe()), period_s(period) {}

  void read();
  void set_problem(std::string why) {
    const std::lock_guard lock(mutex);
    problem = std::move(why);
  }
  // True where it is time to end.
  bool wait(double seconds) {
    std::unique_lock lock(mutex);
    return wake.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return ends; });
  }

  meter::AnyMeter meter;
  meter::Target target;
  const meter::Description description;
  const double period_s;
  detail::Ring<PowerReading> readings{4096};
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::string problem;
  bool ends = false;
  std::thread thread;
};

void PowerFeed::State::read() {
  for (;;) {
    try {
      const double begin_s = monotonic_s();
      meter.begin(target);
      if (wait(period_s)) return;
      const meter::Metrics metrics = meter.end();
      const auto power = metrics.find("power_w");
      if (power == metrics.end()) {
        set_problem("no power_w");
        continue;
      }
      static_cast<void>(readings.push({begin_s, monotonic_s(), power->second.value}));
      set_problem({});
    } catch (const std::exception& error) {  // no reading: the watch sees the silence
      set_problem(error.what());
      if (wait(period_s)) return;
    }
  }
}

PowerFeed::PowerFeed(meter::AnyMeter meter, meter::Target target, double period_s) {
  if (!(period_s > 0.0)) throw InvalidArgument("period_s: " + to_text(period_s) + " must be above 0");
  if (const Availability here = meter.availability(); !here) {
    throw DeviceError(meter.name() + ": cannot be read here: " + here.reason());
  }
  const meter::Description d = meter.describe();
  const double least = std::max(d.update_period_s, d.averaging_window_s);
  state_ = std::make_unique<State>(std::move(meter), std::move(target), std::max(period_s, least));
}

PowerFeed::~PowerFeed() {
  stop();
}
PowerFeed::PowerFeed(PowerFeed&&) noexcept = default;
PowerFeed& PowerFeed::operator=(PowerFeed&& other) noexcept {
  stop();
  state_ = std::move(other.state_);
  return *this;
}

void PowerFeed::start() {
  if (state_->thread.joinable()) return;
  state_->ends = false;
  state_->thread = std::thread([state = state_.get()] { state->read(); });
}

void PowerFeed::stop() noexcept {
  if (!state_ || !state_->thread.joinable()) return;
  {
    const std::lock_guard lock(state_->mutex);
    state_->ends = true;
  }
  state_->wake.notify_all();
  state_->thread.join();
}

void PowerFeed::collect(std::vector<PowerReading>& readings) {
  PowerReading reading;
  while (state_->readings.pop(reading)) readings.push_back(reading);
}

double PowerFeed::period_s() const {
  return state_->period_s;
}
const meter::Description& PowerFeed::description() const {
  return state_->description;
}
std::string PowerFeed::name() const {
  return state_->meter.name();
}
std::string PowerFeed::problem() const {
  const std::lock_guard lock(state_->mutex);
  return state_->problem;
}

}  // namespace bayestuner::control
