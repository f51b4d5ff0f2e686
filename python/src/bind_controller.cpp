#include <pybind11/operators.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>

#include "bayestuner/control/make_controller.hpp"
#include "bayestuner/control/replay.hpp"
#include "call_python.hpp"
#include "casters.hpp"
#include "python_keys.hpp"
#include "python_limits.hpp"

namespace bayestuner::python {

namespace {

using namespace control;

void require_in_grid(const Setting& s, const KnobGrid& grid) {
  if (!grid.contains(s)) throw InvalidArgument("measurement: its setting is not in the controller's lists");
}

Measurement to_measurement(const py::object& object, const AnyController& controller) {
  if (py::isinstance<Measurement>(object)) {
    const auto given = object.cast<Measurement>();
    require_in_grid(given.setting, controller.grid());
    return given;
  }
  if (!py::isinstance<py::dict>(object)) throw InvalidArgument("measurement: is neither a dict nor a Measurement");
  Measurement m;
  m.setting = controller.setting();
  std::optional<double> power_w, mean_w, quantile_w;
  std::uint32_t readings = 1;
  std::vector<double> latency_s;
  Keys keys("measurement", object.cast<py::dict>());
  keys("time_s", m.time_s);
  keys("setting", m.setting);
  require_in_grid(m.setting, controller.grid());
  m.batch_size = controller.grid().batch(m.setting);
  keys("batches", m.batches);
  keys("batch_size", m.batch_size);
  m.items = m.batches * m.batch_size;
  keys("items", m.items);
  keys("service_s", m.service_s);
  keys("partial", m.partial);
  keys("power_w", power_w);
  keys("power_mean_w", mean_w);
  keys("power_quantile_w", quantile_w);
  keys("readings", readings);
  keys("latency_s", latency_s);
  keys("queue_length", m.queue_length);
  keys("arrivals_per_s", m.arrivals_per_s);
  keys.refuse_others();
  if (power_w || mean_w || quantile_w) {
    m.power.count = readings;
    m.power.max_w = power_w.value_or(std::nan(""));
    m.power.mean_w = mean_w ? *mean_w : m.power.max_w;
    m.power.quantile_w = quantile_w ? *quantile_w : m.power.max_w;
  }
  if (latency_s.size() > Limits::max_latency_limits) throw InvalidArgument("measurement['latency_s']: is too long");
  for (std::size_t i = 0; i < latency_s.size(); ++i) m.latency.quantile_s[i] = latency_s[i];
  return m;
}

py::dict to_dict(const Decision& d, const KnobGrid& grid) {
  py::dict out("batch"_a = grid.batch(d.setting), "instances"_a = d.setting.instances, "reason"_a = to_string(d.reason),
               "changed"_a = d.changed, "infeasible"_a = d.infeasible, "emergency"_a = d.emergency);
  out["clock_hz"] = grid.sets_clock() ? py::object(py::float_(grid.clock_hz(d.setting))) : py::none();
  out["batch_timeout_s"] = std::isinf(d.batch_timeout_s) ? py::object(py::none()) : py::float_(d.batch_timeout_s);
  return out;
}

py::list replay_controllers(const py::object& path, const std::vector<std::string>& controllers,
                            const std::string& mode, const std::vector<std::string>& tasks,
                            const std::vector<double>& caps_w, int seeds, std::uint64_t first_seed, bool windows) {
  if (mode != "table" && mode != "traces") {
    throw InvalidArgument("mode: '" + mode + "' is neither table nor traces");
  }
  const auto file = py::module_::import("os").attr("fspath")(path).cast<std::string>();
  ReplayOptions options;
  options.mode = mode == "traces" ? ReplayMode::traces : ReplayMode::table;
  options.tasks = tasks;
  options.controllers = controllers;
  options.caps_w = caps_w;
  options.seeds = seeds;
  options.first_seed = first_seed;
  options.log = windows;
  std::vector<ReplayResult> results;
  {
    const py::gil_scoped_release release;
    results = replay(file, options);
  }
  const py::object loads = py::module_::import("json").attr("loads");
  py::list out;
  for (const ReplayResult& r : results) out.append(loads(r.to_json()));
  return out;
}

}  // namespace

void bind_controller(py::module_& m) {
  py::class_<Setting>(m, "Setting", "Positions in a grid's lists, and the number of instances.")
      .def(py::init([](std::uint16_t batch_index, std::uint16_t clock_index, std::uint16_t instances) {
             return Setting{batch_index, clock_index, instances};
           }),
           "batch_index"_a = 0, "clock_index"_a = 0, "instances"_a = 1, "Positions count from 0.")
      .def_readwrite("batch_index", &Setting::batch_index, "Position in the batches.")
      .def_readwrite("clock_index", &Setting::clock_index, "Position in the clocks.")
      .def_readwrite("instances", &Setting::instances, "Copies of the network.")
      .def(py::self == py::self)
      .def("__repr__", [](const Setting& s) {
        return "Setting(" + std::to_string(s.batch_index) + ", " + std::to_string(s.clock_index) + ", " +
               std::to_string(s.instances) + ")";
      });

  py::class_<Measurement>(m, "Measurement", "One batch, or several of one size in a row. Times in s, power in W.")
      .def(py::init<>(), "All zero or not known.")
      .def_readwrite("time_s", &Measurement::time_s, "End of the last batch, monotonic clock.")
      .def_readwrite("setting", &Measurement::setting, "In force while they ran.")
      .def_readwrite("batches", &Measurement::batches, "How many.")
      .def_readwrite("batch_size", &Measurement::batch_size, "Requests a batch, as really used.")
      .def_readwrite("items", &Measurement::items, "Requests answered.")
      .def_readwrite("service_s", &Measurement::service_s, "From the first batch's start to the last one's end.")
      .def_readwrite("partial", &Measurement::partial, "A time-out or an empty queue cut the batch.")
      .def_readwrite("queue_length", &Measurement::queue_length, "Requests waiting; NaN: not known.")
      .def_readwrite("arrivals_per_s", &Measurement::arrivals_per_s, "Offered load; NaN: not known.")
      .def_property(
          "power_w", [](const Measurement& x) { return x.power.max_w; },
          [](Measurement& x, double v) {
            x.power.count = std::max(x.power.count, 1u);
            x.power.max_w = v;
            if (std::isnan(x.power.mean_w)) x.power.mean_w = v;
            if (std::isnan(x.power.quantile_w)) x.power.quantile_w = v;
          },
          "Largest reading, W.");

  py::class_<AnyController>(m, "Controller",
                            "Chooses the setting of a live server from what it is told; no clock, no I/O of its own.")
      .def(py::init([](const std::string& name, const std::vector<std::uint32_t>& batches, double power_cap_w,
                       const std::vector<double>& clocks_hz, std::uint16_t max_instances,
                       const std::vector<std::pair<double, double>>& latency, double board_limit_w,
                       const ControllerOptions& options) {
             return make_controller(name, KnobGrid(batches, clocks_hz, max_instances),
                                    to_limits(power_cap_w, latency, board_limit_w, 0.0), options);
           }),
           "name"_a, "batches"_a, "power_cap_w"_a = std::numeric_limits<double>::infinity(),
           "clocks_hz"_a = std::vector<double>{}, "max_instances"_a = 1,
           "latency"_a = std::vector<std::pair<double, double>>{},
           "board_limit_w"_a = std::numeric_limits<double>::infinity(), "options"_a = ControllerOptions{},
           "name: one of controller_names(). batches, clocks_hz: rising lists. latency: (quantile, limit in s) each. "
           "options: see controller_options(). Raises InvalidArgument.")
      .def_property_readonly("setting", &AnyController::setting, "The one to serve with now.")
      .def_property_readonly(
          "batch", [](const AnyController& c) { return c.grid().batch(c.setting()); }, "Requests a batch, now.")
      .def_property_readonly(
          "clock_hz",
          [](const AnyController& c) {
            return c.grid().sets_clock() ? std::optional(c.grid().clock_hz(c.setting())) : std::nullopt;
          },
          "Clock, now; None where it is left to the driver.")
      .def(
          "step",
          [](AnyController& c, const py::object& measurement) {
            return to_dict(c.step(to_measurement(measurement, c)), c.grid());
          },
          "measurement"_a,
          "After each batch: a Measurement or a dict with time_s, service_s, power_w (largest reading, W; absent: no "
          "reading), and where known setting, batches, batch_size, items, partial, power_mean_w, power_quantile_w, "
          "readings, latency_s (one for each limit), queue_length, arrivals_per_s. Returns a dict with batch, "
          "clock_hz, "
          "instances, reason, changed, infeasible, emergency, batch_timeout_s. Raises InvalidArgument.")
      .def(
          "on_limits",
          [](AnyController& c, double power_cap_w, const std::vector<std::pair<double, double>>& latency,
             double board_limit_w,
             double time_s) { c.on_limits(to_limits(power_cap_w, latency, board_limit_w, time_s)); },
          "power_cap_w"_a, "latency"_a = std::vector<std::pair<double, double>>{},
          "board_limit_w"_a = std::numeric_limits<double>::infinity(), "time_s"_a = 0.0,
          "New limits, all of them; the next step or tick acts on them. Raises InvalidArgument.")
      .def(
          "on_tick", [](AnyController& c, double now_s) { return to_dict(c.on_tick(now_s), c.grid()); }, "now_s"_a,
          "A few times a second, also while no batch ends. Returns what step() returns.")
      .def(
          "snapshot",
          [](const AnyController& c) {
            std::string bytes(c.snapshot({}), '\0');
            c.snapshot(std::as_writable_bytes(std::span(bytes)));
            return py::bytes(bytes);
          },
          "What it has become, as bytes.")
      .def(
          "restore",
          [](AnyController& c, const std::string& bytes) { return c.restore(std::as_bytes(std::span(bytes))); },
          "bytes"_a,
          "Takes up a snapshot of a controller made with the same arguments; False, and nothing changed, if it is "
          "none.")
      .def(
          "__copy__", [](const AnyController& c) { return c; }, "A copy goes its own way.")
      .def(
          "__deepcopy__", [](const AnyController& c, const py::dict&) { return c; }, "memo"_a,
          "A copy goes its own way.");

  m.def("controller_names", &controller_names, "Names that Controller takes.");
  m.def("controller_options", &controller_options, "name"_a,
        "Options of the controller of that name with their defaults. Raises InvalidArgument.");
  m.def("replay", &replay_controllers, "path"_a, "controllers"_a = std::vector<std::string>{"guard"},
        "mode"_a = "table", "tasks"_a = std::vector<std::string>{}, "caps_w"_a = std::vector<double>{}, "seeds"_a = 1,
        "first_seed"_a = 0, "windows"_a = false,
        "Try controllers on a recorded server. path: a folder or its tasks.json; mode 'traces' reads the traces.csv.gz "
        "beside it. controllers: names, with options as 'name:option=number'. caps_w: instead of the tasks' own. "
        "windows: give every window too. List of dicts with the keys of `bayestuner control replay --format json`. "
        "Raises InvalidArgument, DeviceError.");
}

}  // namespace bayestuner::python
