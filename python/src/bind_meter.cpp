#include "bayestuner/meter/cpu_time.hpp"
#include "bayestuner/meter/discover.hpp"
#include "bayestuner/meter/estimated_power.hpp"
#include "bayestuner/meter/hwmon_power.hpp"
#include "bayestuner/meter/memory_use.hpp"
#include "bayestuner/meter/pressure.hpp"
#include "bayestuner/meter/rapl.hpp"
#include "python_meter.hpp"

namespace bayestuner::python {

using meter::Description;
using meter::Target;

static_assert(meter::Meter<SharedMeter> && meter::Meter<PythonMeter>);

PythonMeter::PythonMeter(py::object object) : object_(object) {
  require_methods("meter", object, {"begin", "end"});
  samples_ = py::hasattr(object, "sample");
  name_ = value_or_call(object, "name", py::type::of(object).attr("__name__")).cast<std::string>();
  description_.source = name_;
  if (const py::object own = value_or_call(object, "describe"); !own.is_none()) {
    description_ = own.cast<Description>();
  }
  availability_ = to_availability(value_or_call(object, "availability"));
}

void PythonMeter::begin(const Target& target) {
  with_python([&] { (*object_).attr("begin")(py::cast(target)); });
}

void PythonMeter::sample() {
  if (samples_) with_python([&] { (*object_).attr("sample")(); });
}

meter::Metrics PythonMeter::end() {
  return with_python([&] {
    meter::Metrics metrics;
    for (const auto& [key, value] : (*object_).attr("end")().cast<py::dict>()) {
      Metric metric = to_metric(value);
      if (!py::isinstance<Metric>(value)) metric.provenance = description_.provenance;
      metrics[key.cast<std::string>()] = metric;
    }
    return metrics;
  });
}

meter::AnyMeter to_meter(const py::object& object) {
  if (py::isinstance<SharedMeter>(object)) return object.cast<SharedMeter>();
  if (py::isinstance<py::str>(object)) {
    throw InvalidArgument("meter: '" + object.cast<std::string>() + "' is a text; make_meter() gives a meter by name");
  }
  return PythonMeter(object);
}

namespace {

template <class M>
struct Named : SharedMeter {
  explicit Named(M meter) : SharedMeter(std::make_shared<meter::AnyMeter>(std::move(meter))) {}
};

template <class M>
py::class_<Named<M>, SharedMeter> bind_simple(py::module_& m, const char* name, const char* doc) {
  return py::class_<Named<M>, SharedMeter>(m, name, doc)
      .def(py::init([] { return Named<M>(M()); }), "Looks at this machine; see is_available and reason.");
}

}  // namespace

void bind_meter(py::module_& m) {
  py::class_<Target>(m, "Target", "What is measured: the processes of the workload.")
      .def(py::init([](int pid, const std::string& cpu_group, int cpu_version, const std::string& memory_group,
                       int memory_version) {
             return Target{pid, cpu_group, cpu_version, memory_group, memory_version};
           }),
           "pid"_a = 0, "cpu_group"_a = "", "cpu_version"_a = 0, "memory_group"_a = "", "memory_version"_a = 0,
           "pid: root of the process tree, 0: none. Groups: cgroup folders, empty: the tree is walked.")
      .def_readonly("pid", &Target::pid, "Root of the process tree; 0: none.")
      .def_readonly("cpu_group", &Target::cpu_group, "Folder that accounts CPU time; may be empty.")
      .def_readonly("cpu_version", &Target::cpu_version, "1 or 2.")
      .def_readonly("memory_group", &Target::memory_group, "Folder that accounts memory; may be empty.")
      .def_readonly("memory_version", &Target::memory_version, "1 or 2.");

  py::class_<Description>(m, "Description", "What a meter says of itself.")
      .def(
          py::init([](const std::string& unit, const std::string& domain, double update_period_s, double expected_error,
                      Provenance provenance, std::vector<std::string> sees, const std::string& source) {
            return Description{.kind = meter::Kind::gauge,
                               .unit = unit,
                               .domain = domain,
                               .update_period_s = update_period_s,
                               .expected_error = expected_error,
                               .provenance = provenance,
                               .sees = std::move(sees),
                               .source = source};
          }),
          "unit"_a = "", "domain"_a = "", "update_period_s"_a = 0.0, "expected_error"_a = 0.0,
          "provenance"_a = Provenance::measured, "sees"_a = std::vector<std::string>(), "source"_a = "",
          "unit: SI. domain: what the number covers. sees: kinds of knobs whose effect reaches it, empty: all.")
      .def_readonly("unit", &Description::unit, "SI unit.")
      .def_readonly("domain", &Description::domain, "What the number covers.")
      .def_readonly("update_period_s", &Description::update_period_s,
                    "Seconds between changes of the source; 0: exact.")
      .def_readonly("expected_error", &Description::expected_error, "Relative systematic error.")
      .def_readonly("provenance", &Description::provenance, "Measured, derived, estimated or simulated.")
      .def_readonly("sees", &Description::sees, "Kinds of knobs whose effect reaches the number; empty: all.")
      .def_readonly("source", &Description::source, "File, call or formula.")
      .def("__repr__", [](const Description& d) {
        return "Description(" + d.domain + " [" + d.unit + "], " + to_string(d.provenance) + ": " + d.source + ")";
      });

  using Release = py::call_guard<py::gil_scoped_release>;
  py::class_<SharedMeter>(m, "Meter",
                          "Measures between begin() and end(). Base of the meters below; an object of your own with "
                          "begin(target) and end() -> dict serves as well (bayestuner.protocols).")
      .def_property_readonly("name", &SharedMeter::name, "As make_meter() takes it.")
      .def_property_readonly(
          "is_available", [](const SharedMeter& x) { return static_cast<bool>(x.availability()); },
          "Whether it can be read on this machine.")
      .def_property_readonly(
          "reason", [](const SharedMeter& x) { return x.availability().reason(); },
          "Why it cannot be read; empty if it can.")
      .def_property_readonly(
          "remedy", [](const SharedMeter& x) { return x.availability().remedy(); },
          "What would make it available; empty if nothing is known.")
      .def("describe", &SharedMeter::describe, "Unit, domain, errors, provenance, source.")
      .def("begin", &SharedMeter::begin, "target"_a, Release(),
           "Begin a window for the processes of `target`. Raises DeviceError where a source is gone.")
      .def("sample", &SharedMeter::sample, Release(),
           "A reading in between, a few times a second: standard errors come from the parts. Raises DeviceError.")
      .def(
          "end",
          [](SharedMeter& x) {
            meter::Metrics metrics;
            {
              const py::gil_scoped_release release;
              metrics = x.end();
            }
            return from_metrics(metrics);
          },
          "End the window; dict of Metric by name, SI units. Raises DeviceError.")
      .def("__repr__", [](const SharedMeter& x) { return "Meter(" + x.name() + ")"; });

  bind_simple<meter::CpuTime>(m, "CpuTime", "CPU time of the workload: cpu_time_s (s), cpu_share (CPUs busy).");
  bind_simple<meter::MemoryUse>(m, "MemoryUse", "Most memory the workload used: memory_peak_bytes.");
  bind_simple<meter::Pressure>(m, "Pressure",
                               "Share of the window in which some task waited: cpu_pressure, memory_pressure, "
                               "io_pressure (0 to 1).");
  bind_simple<meter::RaplPowercap>(m, "RaplPowercap",
                                   "Energy counters of the processor by the powercap tree: power_w, energy_j.");
  bind_simple<meter::RaplPerf>(m, "RaplPerf", "Energy counters of the processor by perf events: power_w, energy_j.");
  bind_simple<meter::HwmonPower>(m, "HwmonPower", "Power of a box or board by hwmon: power_w, energy_j.");
  py::class_<Named<meter::EstimatedPower>, SharedMeter>(
      m, "EstimatedPower",
      "Power where there is no sensor, from CPU time and memory: power_w, energy_j, always marked `estimated`. Cannot "
      "see clock rates or accelerators; may be wrong by a factor of two.")
      .def(py::init([](double idle_w_per_cpu, double busy_w_per_cpu, double memory_w_per_gb, int cpus) {
             return Named<meter::EstimatedPower>(
                 meter::EstimatedPower({idle_w_per_cpu, busy_w_per_cpu, memory_w_per_gb, cpus}));
           }),
           py::kw_only(), "idle_w_per_cpu"_a = 0.74, "busy_w_per_cpu"_a = 3.5, "memory_w_per_gb"_a = 0.392,
           "cpus"_a = 0, "Constants of the estimate, W; cpus: CPUs whose idle power counts, 0: those we may run on.");
  m.def(
      "make_meter",
      [](const std::string& name, bool allow_estimates) {
        return SharedMeter(std::make_shared<meter::AnyMeter>(meter::make_meter(name, allow_estimates)));
      },
      "name"_a, "allow_estimates"_a = false,
      "A meter by name: power (the best source here), cpu_time, memory, rapl.perf, rapl.powercap, hwmon, estimate. "
      "Raises InvalidArgument, with the reasons where there is no source of power.");
}

}  // namespace bayestuner::python
