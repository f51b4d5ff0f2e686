#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <set>

#include "bayestuner/control/control_loop.hpp"
#include "bayestuner/control/engine_port.hpp"
#include "bayestuner/control/http_server_port.hpp"
#include "bayestuner/control/loop_json.hpp"
#include "python_keys.hpp"
#include "python_limits.hpp"
#include "python_meter.hpp"
#include "python_server_port.hpp"

namespace bayestuner::python {

using namespace control;

namespace {

// Calls into Python from the loop's thread, where SystemExit has nobody to end.
template <class F>
auto from_loop(F function) {
  try {
    return with_python(function);
  } catch (const Interruption& interruption) {
    throw WorkloadError(interruption.error.what());
  }
}

py::object parsed(const std::string& json) {
  return py::module_::import("json").attr("loads")(json);
}

template <class Record>
std::function<void(const Record&)> callback(const py::object& function) {
  if (function.is_none()) return {};
  return [handle = Handle(function)](const Record& record) { from_loop([&] { (*handle)(parsed(to_json(record))); }); };
}

// Loops that run: the interpreter must not end while their threads may call into it.
std::mutex running_mutex;
class PythonLoop;
std::set<PythonLoop*> running;

// A loop whose threads take the interpreter's lock: whoever waits for them must not hold it.
class PythonLoop {
 public:
  PythonLoop(AnyController controller, const Limits& limits, AnyServerPort port, PowerFeed power,
             ControlLoopOptions options)
      : loop_(std::make_unique<ControlLoop>(std::move(controller), limits, std::move(port), std::move(power),
                                            std::move(options))) {}
  ~PythonLoop() {
    const py::gil_scoped_release release;
    stop();
    loop_.reset();
  }
  PythonLoop(const PythonLoop&) = delete;
  PythonLoop& operator=(const PythonLoop&) = delete;

  // All without the interpreter's lock.
  void start() {
    loop_->start();
    const std::lock_guard lock(running_mutex);
    running.insert(this);
  }
  std::string stop() noexcept {
    {
      const std::lock_guard lock(running_mutex);
      running.erase(this);
    }
    return loop_->stop();
  }
  ControlLoop& operator*() { return *loop_; }
  ControlLoop* operator->() { return loop_.get(); }

 private:
  std::unique_ptr<ControlLoop> loop_;
};

void stop_all() {
  const py::gil_scoped_release release;
  for (;;) {
    PythonLoop* loop = nullptr;
    {
      const std::lock_guard lock(running_mutex);
      if (running.empty()) return;
      loop = *running.begin();
    }
    loop->stop();
  }
}

void stop_or_raise(PythonLoop& loop) {
  std::string problem;
  {
    const py::gil_scoped_release release;
    problem = loop.stop();
  }
  if (!problem.empty()) throw DeviceError("not given back as it was found: " + problem);
}

template <class Records>
py::list to_list(const Records& records) {
  py::list out;
  for (const auto& record : records) out.append(parsed(to_json(record)));
  return out;
}

MeterWatchOptions to_watch(const py::dict& given) {
  MeterWatchOptions watch;
  Keys keys("fail_safe", given);
  keys("silence_s", watch.silence_s);
  keys("safe_after_s", watch.safe_after_s);
  keys("emergency_after_s", watch.emergency_after_s);
  keys("stuck_readings", watch.stuck_readings);
  keys("spike_ratio", watch.spike_ratio);
  keys("recovery_readings", watch.recovery_readings);
  keys("slow_s", watch.slow_s);
  keys("failed_batches", watch.failed_batches);
  keys.refuse_others();
  return watch;
}

}  // namespace

PythonServerPort::PythonServerPort(py::object object) : object_(object) {
  require_methods("server", object, {"set_batch", "collect"});
  has_level_ = py::hasattr(object, "set_level");
  has_release_ = py::hasattr(object, "release");
}

void PythonServerPort::apply(const ServerSetting& setting) {
  from_loop([&] {
    (*object_).attr("set_batch")(setting.batch);
    if (has_level_ && !std::isnan(setting.level)) (*object_).attr("set_level")(setting.level);
  });
  setting_ = setting;
}

void PythonServerPort::collect(Collected& collected) {
  from_loop([&] {
    for (const py::handle item : (*object_).attr("collect")()) {
      BatchReport report{.limit = setting_.batch, .level = has_level_ ? setting_.level : std::nan("")};
      std::vector<float> latencies_s;
      if (!py::isinstance<py::dict>(item)) throw InvalidArgument("server: collect() gave a batch that is no dict");
      Keys keys("batch", py::reinterpret_borrow<py::dict>(item));
      keys("begin_s", report.begin_s);
      keys("end_s", report.end_s);
      keys("size", report.size);
      keys("max_batch", report.limit);
      keys("level", report.level);
      keys("first", report.first);
      keys("failed", report.failed);
      keys("queue_length", report.queue_length);
      keys("latencies_s", latencies_s);
      keys.refuse_others();
      collected.batches.push_back(report);
      collected.latencies_s.insert(collected.latencies_s.end(), latencies_s.begin(), latencies_s.end());
      collected.queue_length = report.queue_length;
    }
  });
}

void PythonServerPort::release() noexcept {
  if (!has_release_) return;
  try {
    from_loop([&] { (*object_).attr("release")(); });
  } catch (const std::exception&) {  // nothing is left that could be done
  }
}

AnyServerPort to_server_port(const py::object& object, const std::string& level_name, double lease_s,
                             double timeout_s) {
  if (py::isinstance<EnginePort>(object)) return object.cast<EnginePort>();
  if (py::isinstance<py::str>(object)) {
    return HttpServerPort(
        {.url = object.cast<std::string>(), .lease_s = lease_s, .timeout_s = timeout_s, .level_name = level_name});
  }
  return PythonServerPort(object);
}

void bind_control_loop(py::module_& m) {
  py::class_<EnginePort::Batch>(m, "Batch", "What the next batch of an Engine runs with.")
      .def_property_readonly(
          "batch", [](const EnginePort::Batch& b) { return b.setting.batch; }, "Most requests in it.")
      .def_property_readonly(
          "level", [](const EnginePort::Batch& b) { return b.setting.level; }, "The second axis; NaN: not set.")
      .def_property_readonly(
          "instances", [](const EnginePort::Batch& b) { return b.setting.instances; }, "Copies of the network.")
      .def_readonly("first", &EnginePort::Batch::first, "First one after a change.")
      .def_readonly("begin_s", &EnginePort::Batch::begin_s, "When it was asked for, monotonic clock, s.");

  py::class_<EnginePort>(m, "Engine",
                         "The side of a batch server in this process that a ControlLoop sees. The serving threads ask "
                         "it what to run with and report; none of its methods waits for the loop.")
      .def(py::init([](std::uint32_t batch, double level, std::uint16_t instances) {
             return EnginePort({.batch = batch, .level = level, .instances = instances});
           }),
           "batch"_a, "level"_a = std::nan(""), "instances"_a = 1,
           "Served with before the control begins and after it ends. Raises InvalidArgument for a batch of 0.")
      .def("begin_batch", &EnginePort::begin_batch,
           "At a batch boundary, when the requests are there: a Batch. The time from here to on_batch_done() is its.")
      .def("on_batch_done", &EnginePort::on_batch_done, "batch"_a, "size"_a, "queue_length"_a = std::nan(""),
           "failed"_a = false,
           "size: requests really in it. queue_length: requests left waiting. failed: errors for answers.")
      .def("on_latency", &EnginePort::on_latency, "latency_s"_a, "One request, from arrival to answer, s.")
      .def("on_arrivals", &EnginePort::on_arrivals, "requests"_a, "Requests that came in.")
      .def_property_readonly(
          "batch", [](const EnginePort& e) { return e.setting().batch; }, "Most requests of the next batch.")
      .def_property_readonly(
          "level", [](const EnginePort& e) { return e.setting().level; }, "Second axis of the next batch.");

  py::class_<PythonLoop>(
      m, "ControlLoop",
      "Drives a controller against a live server in threads of its own: meter, windows, decisions, setting, reading "
      "back. A context manager: runs inside, gives the server back at the end.")
      .def(py::init([](const AnyController& given, const py::object& server, const py::object& meter,
                       double power_cap_w, const std::vector<std::pair<double, double>>& latency, double board_limit_w,
                       const std::optional<meter::Target>& target, double period_s, double window_s,
                       std::uint32_t window_readings, double tick_s, bool dry_run, const py::object& journal,
                       const py::object& cap_file, std::optional<int> http_port, const std::string& level_name,
                       double lease_s, double timeout_s, const py::dict& fail_safe, const py::object& on_window,
                       const py::object& on_event, const py::object& emergency) {
             AnyController controller = given;
             const Limits limits = to_limits(power_cap_w, latency, board_limit_w, 0.0);
             controller.on_limits(limits);
             const auto path = [](const py::object& object) {
               return object.is_none() ? std::string()
                                       : py::module_::import("os").attr("fspath")(object).cast<std::string>();
             };
             ControlLoopOptions options{.window_s = window_s,
                                        .window_readings = window_readings,
                                        .tick_s = tick_s,
                                        .fail_safe = to_watch(fail_safe),
                                        .dry_run = dry_run,
                                        .journal = path(journal),
                                        .cap_file = path(cap_file),
                                        .http_port = http_port.value_or(-1),
                                        .on_window = callback<LoopWindow>(on_window),
                                        .on_event = callback<LoopEvent>(on_event)};
             if (!emergency.is_none()) {
               options.emergency = [handle = Handle(emergency)] { from_loop([&] { (*handle)(); }); };
             }
             return std::make_unique<PythonLoop>(
                 std::move(controller), limits, to_server_port(server, level_name, lease_s, timeout_s),
                 PowerFeed(to_meter(meter), target.value_or(meter::Target{}), period_s), std::move(options));
           }),
           "controller"_a, "server"_a, "meter"_a, "power_cap_w"_a, py::kw_only(),
           "latency"_a = std::vector<std::pair<double, double>>{},
           "board_limit_w"_a = std::numeric_limits<double>::infinity(), "target"_a = py::none(), "period_s"_a = 0.1,
           "window_s"_a = 0.5, "window_readings"_a = 3, "tick_s"_a = 0.05, "dry_run"_a = false,
           "journal"_a = py::none(), "cap_file"_a = py::none(), "http_port"_a = py::none(), "level_name"_a = "",
           "lease_s"_a = 5.0, "timeout_s"_a = 1.0, "fail_safe"_a = py::dict(), "on_window"_a = py::none(),
           "on_event"_a = py::none(), "emergency"_a = py::none(),
           "controller: copied; the limits given here replace its own. server: the URL of a control resource "
           "(docs/control.md), an Engine, or an object with set_batch(batch) and collect() that lists the batches "
           "since the last call as dicts with begin_s, end_s (time.monotonic), size and where known max_batch, level, "
           "first, failed, queue_length, latencies_s; set_level(level) and release() are optional. meter: any meter; "
           "its power_w counts. target: what it watches. period_s: of a reading. journal: file for JSON lines. "
           "cap_file: file with a number of watts, looked at every tick. http_port: 0 is any free port. fail_safe: "
           "dict with the names of MeterWatchOptions. on_window, on_event take a dict, emergency nothing; they are "
           "called from the loop's thread, and what they raise is an event. Raises InvalidArgument, DeviceError.")
      .def("start", &PythonLoop::start, py::call_guard<py::gil_scoped_release>(),
           "Applies the first setting and goes on in a thread. Raises DeviceError.")
      .def("stop", &stop_or_raise, "Ends the threads and gives the server back. Raises DeviceError where that failed.")
      .def(
          "__enter__",
          [](const py::object& self) {
            auto& loop = self.cast<PythonLoop&>();
            {
              const py::gil_scoped_release release;
              loop.start();
            }
            return self;
          },
          "Starts.")
      .def(
          "__exit__", [](PythonLoop& loop, const py::args&) { stop_or_raise(loop); }, "Stops.")
      .def_property(
          "cap_w", [](PythonLoop& loop) { return loop->limits().power_cap_w; },
          [](PythonLoop& loop, double cap_w) { loop->set_cap(cap_w); },
          "The cap, W; may be set at any time. Raises InvalidArgument.")
      .def(
          "set_limits",
          [](PythonLoop& loop, double power_cap_w, const std::vector<std::pair<double, double>>& latency,
             double board_limit_w) { loop->set_limits(to_limits(power_cap_w, latency, board_limit_w, 0.0)); },
          "power_cap_w"_a, "latency"_a = std::vector<std::pair<double, double>>{},
          "board_limit_w"_a = std::numeric_limits<double>::infinity(),
          "New limits, all of them; they hold from the next tick. Raises InvalidArgument.")
      .def_property_readonly(
          "status", [](PythonLoop& loop) { return parsed(to_json(loop->status())).cast<py::dict>(); },
          "Where it stands, as GET /status answers: a dict.")
      .def_property_readonly(
          "http_port",
          [](PythonLoop& loop) {
            const int port = loop->http_port();
            return port >= 0 ? std::optional(port) : std::nullopt;
          },
          "Where HTTP listens; None: nowhere.")
      .def(
          "take_windows", [](PythonLoop& loop) { return to_list(loop->take_windows()); },
          "Windows not taken yet, at most the last 4096: dicts as the journal has them.")
      .def(
          "take_events", [](PythonLoop& loop) { return to_list(loop->take_events()); },
          "Events not taken yet, at most the last 4096: dicts as the journal has them.")
      .def(
          "prometheus", [](PythonLoop& loop) { return loop->prometheus(); }, "The numbers in Prometheus' text format.");

  py::module_::import("atexit").attr("register")(py::cpp_function(&stop_all));
}

}  // namespace bayestuner::python
