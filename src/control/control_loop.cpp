#include "bayestuner/control/control_loop.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "bayestuner/control/loop_json.hpp"
#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "control/http_endpoint.hpp"
#include "control/loop_core.hpp"
#include "control/watts_file.hpp"

namespace bayestuner::control {

namespace {

constexpr std::size_t most_kept = 4096;  // records that nobody has taken

template <class T>
void keep(std::vector<T>& kept, const T& record) {
  if (kept.size() >= most_kept) kept.erase(kept.begin(), kept.begin() + most_kept / 2);
  kept.push_back(record);
}

}  // namespace

struct ControlLoop::State {
  State(AnyController controller, const Limits& given, AnyServerPort port, PowerFeed feed, ControlLoopOptions o)
      : options(std::move(o)), limits(given), power(std::move(feed)) {
    if (!(options.tick_s > 0.0)) throw InvalidArgument("tick_s: " + to_text(options.tick_s) + " must be above 0");
    LoopSinks sinks{.window = [this](const LoopWindow& w) { on_window(w); },
                    .event = [this](const LoopEvent& e) { on_event(e); },
                    .emergency = [this] { call(options.emergency); }};
    if (options.level_knob) {
      const LevelKnob& level = *options.level_knob;
      if (level.values.size() != controller.grid().clock_count()) {
        throw InvalidArgument("level_knob: " + to_text(level.values.size()) + " values for " +
                              to_text(controller.grid().clock_count()) + " levels of the grid");
      }
      if (const Availability here = level.knob.availability(); !here) {
        throw DeviceError(level.knob.name() + ": cannot be set here: " + here.reason());
      }
      if (!options.dry_run) {
        session = std::make_unique<knob::Session>(options.session);
        sinks.set_level = [this](std::size_t i) {
          static_cast<void>(session->apply({options.level_knob->knob.plan(options.level_knob->values[i])}));
        };
      }
    }
    core = std::make_unique<LoopCore>(std::move(controller), given, std::move(port), options, power.period_s(),
                                      std::move(sinks));
  }

  template <class F, class... Args>
  void call(const F& function, const Args&... args) {
    if (!function) return;
    try {
      function(args...);
    } catch (const std::exception& error) {  // a callback's trouble is not the server's
      write(to_json(LoopEvent{core ? core->status().time_s : 0.0, "callback_failed", error.what(), true}));
    }
  }
  void write(const std::string& line) {
    if (journal.is_open()) journal << line << '\n' << std::flush;
  }
  void on_window(const LoopWindow& w) {
    write(to_json(w));
    {
      const std::lock_guard lock(mutex);
      keep(windows, w);
    }
    call(options.on_window, w);
  }
  void on_event(const LoopEvent& e) {
    write(to_json(e));
    {
      const std::lock_guard lock(mutex);
      keep(events, e);
    }
    call(options.on_event, e);
  }

  void run();
  void look_at_cap_file();
  void publish() {
    const std::lock_guard lock(mutex);
    status = core->status();
  }
  EndpointAnswer answer(const EndpointRequest& request);

  ControlLoopOptions options;
  mutable std::mutex mutex;
  std::condition_variable wake;
  Limits limits;
  bool limits_changed = false, ends = false;
  std::uint32_t cap_file_bad = 0;  // looks in a row
  LoopStatus status;
  std::vector<LoopWindow> windows;
  std::vector<LoopEvent> events;
  std::ofstream journal;
  PowerFeed power;
  std::unique_ptr<knob::Session> session;
  std::unique_ptr<LoopCore> core;
  std::unique_ptr<HttpEndpoint> http;
  std::thread thread;
  std::optional<double> file_cap_w;
};

void ControlLoop::State::look_at_cap_file() {
  if (options.cap_file.empty()) return;
  const auto watts = read_watts(options.cap_file);
  if (!watts) {
    // Whoever writes a file may be seen at it: only the second look complains.
    if (++cap_file_bad == 2) {
      core->report("cap_file", options.cap_file.string() + ": holds no number of watts above 0; the cap stays", true);
    }
    return;
  }
  cap_file_bad = 0;
  if (file_cap_w == watts) return;  // what came another way meanwhile holds until the file changes
  file_cap_w = watts;
  const std::lock_guard lock(mutex);
  limits.power_cap_w = *watts;
  limits_changed = true;
}

void ControlLoop::State::run() {
  core->begin(monotonic_s());
  publish();
  std::vector<PowerReading> readings;
  for (;;) {
    {
      std::unique_lock lock(mutex);
      if (wake.wait_for(lock, std::chrono::duration<double>(options.tick_s), [&] { return ends; })) break;
    }
    look_at_cap_file();
    const double now_s = monotonic_s();
    std::optional<Limits> changed;
    {
      const std::lock_guard lock(mutex);
      if (std::exchange(limits_changed, false)) changed = limits;
    }
    if (changed) core->set_limits(*changed, now_s);
    readings.clear();
    power.collect(readings);
    core->tick(now_s, readings, power.problem());
    publish();
  }
  core->end(monotonic_s());
  publish();
}

ControlLoop::ControlLoop(AnyController controller, const Limits& limits, AnyServerPort port, PowerFeed power,
                         ControlLoopOptions options)
    : state_(std::make_unique<State>(std::move(controller), limits, std::move(port), std::move(power),
                                     std::move(options))) {}

ControlLoop::~ControlLoop() {
  static_cast<void>(stop());
}

void ControlLoop::start() {
  State& s = *state_;
  if (s.thread.joinable()) return;
  if (!s.options.journal.empty()) {
    s.journal.open(s.options.journal, std::ios::app);
    if (!s.journal) throw DeviceError(s.options.journal.string() + ": cannot be written: " + std::strerror(errno));
    const meter::Description d = s.power.description();
    s.write(nlohmann::ordered_json{{"kind", "begin"},
                                   {"wall_clock_s", wall_clock_s()},
                                   {"meter", s.power.name()},
                                   {"provenance", to_string(d.provenance)},
                                   {"source", d.source},
                                   {"period_s", s.power.period_s()},
                                   {"window_s", std::max(s.options.window_s, 3.0 * s.power.period_s())},
                                   {"dry_run", s.options.dry_run}}
                .dump());
  }
  if (s.options.http_port >= 0) {
    s.http = std::make_unique<HttpEndpoint>(s.options.http_port, [this](const EndpointRequest& r) {
      if (r.method == "GET" && r.path == "/metrics") {
        return EndpointAnswer{.body = prometheus(), .type = "text/plain; version=0.0.4"};
      }
      return state_->answer(r);
    });
  }
  s.ends = false;
  s.power.start();
  s.thread = std::thread([state = &s] { state->run(); });
}

std::string ControlLoop::stop() noexcept {
  State& s = *state_;
  if (!s.thread.joinable()) return {};
  try {
    s.http.reset();
    {
      const std::lock_guard lock(s.mutex);
      s.ends = true;
    }
    s.wake.notify_all();
    s.thread.join();
    s.power.stop();
    if (s.session) {
      const knob::RestoreReport report = s.session->restore();
      if (!report.complete()) return report.to_text();
    }
    return {};
  } catch (const std::exception& error) {
    return error.what();
  }
}

void ControlLoop::set_limits(const Limits& limits) {
  require_valid(limits);
  const std::lock_guard lock(state_->mutex);
  state_->limits = limits;
  state_->limits_changed = true;
}

void ControlLoop::set_cap(double power_cap_w) {
  Limits changed = limits();
  changed.power_cap_w = power_cap_w;
  set_limits(changed);
}

Limits ControlLoop::limits() const {
  const std::lock_guard lock(state_->mutex);
  return state_->limits;
}

LoopStatus ControlLoop::status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->status;
}

std::vector<LoopWindow> ControlLoop::take_windows() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->windows, {});
}

std::vector<LoopEvent> ControlLoop::take_events() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->events, {});
}

int ControlLoop::http_port() const {
  return state_->http ? state_->http->port() : -1;
}

std::string ControlLoop::prometheus() const {
  const LoopStatus s = status();
  const char* const provenance = to_string(state_->power.description().provenance);
  std::string text;
  const auto add = [&](const char* name, const char* type, double value, const std::string& label = {}) {
    text += fmt::format("# TYPE bayestuner_control_{0} {1}\nbayestuner_control_{0}{2} {3}\n", name, type, label,
                        std::isnan(value) ? std::string("NaN") : to_text(value));
  };
  add("power_watts", "gauge", s.power_w, fmt::format("{{provenance=\"{}\"}}", provenance));
  add("power_cap_watts", "gauge", s.cap_w);
  add("batch", "gauge", s.served.batch);
  add("level", "gauge", s.served.level);
  add("throughput", "gauge", s.throughput);
  add("latency_p99_seconds", "gauge", s.latency_p99_s);
  add("queue_length", "gauge", s.queue_length);
  add("trust", "gauge", static_cast<double>(s.trust));
  add("infeasible", "gauge", s.infeasible);
  add("server_answers", "gauge", s.server_answers);
  add("windows_total", "counter", static_cast<double>(s.windows));
  add("windows_within_total", "counter", static_cast<double>(s.windows_within));
  add("changes_total", "counter", static_cast<double>(s.changes));
  add("faults_total", "counter", static_cast<double>(s.faults));
  add("requests_total", "counter", static_cast<double>(s.items));
  add("batches_total", "counter", static_cast<double>(s.batches));
  return text;
}

EndpointAnswer ControlLoop::State::answer(const EndpointRequest& request) {
  if (request.method == "GET" && request.path == "/status") {
    const std::lock_guard lock(mutex);
    return {.body = to_json(status)};
  }
  if (request.method == "POST" && request.path == "/cap") {
    const auto body = nlohmann::json::parse(request.body);
    Limits changed;
    {
      const std::lock_guard lock(mutex);
      changed = limits;
    }
    changed.power_cap_w = body.at("power_cap_w").get<double>();
    require_valid(changed);
    const std::lock_guard lock(mutex);
    limits = changed;
    limits_changed = true;
    return {.body = "{}"};
  }
  return {404,
          nlohmann::json{{"error", "there is GET /status, GET /metrics and POST /cap {\"power_cap_w\": 5.0}"}}.dump()};
}

}  // namespace bayestuner::control
