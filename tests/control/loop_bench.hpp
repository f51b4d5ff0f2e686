#pragma once
// A control loop on a machine of numbers: a server, a meter and a clock that tests can break.

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bayestuner/control/detail/base.hpp"
#include "bayestuner/core/error.hpp"
#include "control/loop_core.hpp"

namespace bayestuner::control {

/// One size up while there is room below the cap, one down above it.
class Ladder : public detail::Base<Ladder> {
 public:
  Ladder(const KnobGrid& grid, const Limits& limits) : Base(grid, limits, Setting{}) {}
  Decision step(const Measurement& m) noexcept {
    if (!(m.setting == setting_) || m.power.count == 0) return keep(Reason::recorded);
    const double power_w = m.power.value_w(limits_);
    Setting to = setting_;
    if (power_w > limits_.power_cap_w) {
      if (to.batch_index > 0) return --to.batch_index, move(to, Reason::violated);
      Decision least = keep(Reason::not_attainable);
      least.infeasible = true;
      return least;
    }
    if (power_w >= 0.9 * limits_.power_cap_w) return keep(Reason::in_band);
    if (to.batch_index + 1u == grid_.batch_count()) return keep(Reason::at_largest);
    return ++to.batch_index, move(to, Reason::too_low);
  }
  Decision on_tick(double) noexcept { return keep(Reason::recorded); }
  std::uint64_t fingerprint() const noexcept { return made_with(0x1adde4); }
  template <class Archive>
  void state(Archive& archive) {
    base_state(archive);
  }
};

struct Bench {
  struct Server {
    ServerSetting setting{.batch = 7};
    std::vector<std::uint32_t> asked;
    double batch_s = 0.05, next_end_s = 0.0, running_since_s = std::nan("");
    bool dead = false, refuses = false, hangs = false, fails = false, idle = false, released = false;
    double clock_offset_s = 0.0;
    const double* now_s = nullptr;
    double level_applied = -1;
  };
  struct Port {
    std::shared_ptr<Server> server;
    void apply(const ServerSetting& s) {
      if (server->dead) throw WorkloadError("connection refused");
      server->asked.push_back(s.batch);
      if (!server->refuses) server->setting = s;
    }
    ServerSetting in_force() { return server->setting; }
    void collect(Collected& c) {
      Server& s = *server;
      if (s.dead) throw WorkloadError("connection refused");
      const double now = *s.now_s;
      c.queue_length = s.idle ? 0.0 : 100.0;
      if (s.hangs) {
        if (std::isnan(s.running_since_s)) s.running_since_s = now;
        c.running_since_s = s.running_since_s;
        return;
      }
      s.running_since_s = std::nan("");
      if (s.idle || s.next_end_s + 1.0 < now) s.next_end_s = now + s.batch_s;
      if (s.idle) return;
      for (; s.next_end_s <= now; s.next_end_s += s.batch_s) {
        c.batches.push_back({.begin_s = s.next_end_s - s.batch_s + s.clock_offset_s,
                             .end_s = s.next_end_s + s.clock_offset_s,
                             .size = s.setting.batch,
                             .limit = s.setting.batch,
                             .level = s.setting.level,
                             .failed = s.fails,
                             .queue_length = 100.0});
        c.latencies_s.insert(c.latencies_s.end(), s.setting.batch, static_cast<float>(2.0 * s.batch_s));
      }
    }
    void release() noexcept { server->released = true; }
  };

  explicit Bench(double cap_w, std::function<AnyController(const KnobGrid&, const Limits&)> make = {},
                 ControlLoopOptions given = {})
      : options(std::move(given)) {
    const std::vector<std::uint32_t> sizes{1, 2, 4, 8, 16};
    const KnobGrid grid(sizes);
    limits.power_cap_w = cap_w;
    limits.board_limit_w = 500.0;
    server->now_s = &now_s;
    core = std::make_unique<LoopCore>(make ? make(grid, limits) : AnyController(Ladder(grid, limits)), limits,
                                      Port{server}, options, 0.1,
                                      LoopSinks{.window = [this](const LoopWindow& w) { windows.push_back(w); },
                                                .event = [this](const LoopEvent& e) { events.push_back(e); },
                                                .emergency = [this] { ++emergencies; }});
    core->begin(now_s);
  }

  /// Power of batches 1, 2, 4, 8, 16: 60, 70, 80, 90, 100 W, a little restless.
  double power_w() const {
    double w = 60.0;
    for (std::uint32_t b = server->setting.batch; b > 1; b /= 2) w += 10.0;
    return server->idle ? 20.0 : w + 1e-3 * std::sin(1e3 * now_s);
  }

  /// Lets `seconds` go by; `reading` (nothing: no reading) replaces what the meter says.
  using Reading = std::function<std::vector<double>()>;
  void run(double seconds, const Reading& reading = {}) {
    for (const double until_s = now_s + seconds; now_s < until_s;) {
      now_s += 0.05;
      std::vector<PowerReading> readings;
      if (++ticks % 2 == 0) {
        const std::vector<double> watts = reading ? reading() : std::vector{power_w()};
        for (const double w : watts) readings.push_back({now_s - 0.1, now_s, w});
      }
      core->tick(now_s, readings);
      if (core->status().served.batch > most_batch) most_batch = core->status().served.batch;
    }
  }

  std::vector<std::string> event_names() const {
    std::vector<std::string> names;
    for (const LoopEvent& e : events) names.push_back(e.name);
    return names;
  }
  std::size_t count(const std::string& name) const {
    std::size_t n = 0;
    for (const LoopEvent& e : events) n += e.name == name;
    return n;
  }
  std::size_t faults() const {
    std::size_t n = 0;
    for (const LoopEvent& e : events) n += e.is_fault;
    return n;
  }
  std::uint32_t batch() const { return server->setting.batch; }

  double now_s = 1000.0;
  std::uint64_t ticks = 0;
  std::uint32_t most_batch = 0;
  int emergencies = 0;
  Limits limits;
  ControlLoopOptions options;
  std::shared_ptr<Server> server = std::make_shared<Server>();
  std::vector<LoopWindow> windows;
  std::vector<LoopEvent> events;
  std::unique_ptr<LoopCore> core;
};

}  // namespace bayestuner::control
