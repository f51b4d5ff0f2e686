#include "bayestuner/knob/argument.hpp"
#include "bayestuner/knob/callable.hpp"
#include "bayestuner/knob/config_file.hpp"
#include "bayestuner/knob/cores.hpp"
#include "bayestuner/knob/cpu_quota.hpp"
#include "bayestuner/knob/cpuset.hpp"
#include "bayestuner/knob/environment.hpp"
#include "bayestuner/knob/file_value.hpp"
#include "bayestuner/knob/memory_limit.hpp"
#include "python_knob.hpp"

namespace bayestuner::python {

using knob::Action;
using knob::AnyKnob;
using knob::Plan;
using knob::PrimitiveWrite;

static_assert(knob::Knob<PythonKnob>);

PythonKnob::PythonKnob(py::object object) : object_(object), parameter_(space::boolean("value")) {
  if (!py::hasattr(object, "parameter")) {
    throw InvalidArgument("knob: " + py::repr(object).cast<std::string>() + " has no parameter");
  }
  parameter_ = value_or_call(object, "parameter").cast<space::Parameter>();
  plans_ = py::hasattr(object, "plan");
  if (!plans_) require_methods("knob", object, {"set"});
  description_ = {.kind = "software",
                  .mechanism = py::str(py::type::of(object).attr("__name__")).cast<std::string>(),
                  .unit = "",
                  .scope = knob::Scope::process,
                  .allowed = "the parameter's values",
                  .side_effects = {},
                  .privilege = "none"};
  if (const py::object own = value_or_call(object, "describe"); !own.is_none()) {
    description_ = own.cast<knob::Description>();
  }
  availability_ = to_availability(value_or_call(object, "availability"));
}

Plan PythonKnob::plan(const space::Value& value) const {
  const space::Value exact = parameter_.value(parameter_.require_code(value));
  if (!availability_) throw DeviceError(name() + ": cannot be set here: " + availability_.reason());
  Plan plan{.knob = name(), .value = exact};
  if (plans_) {
    try {
      with_python([&] {
        const py::object own = (*object_).attr("plan")(from_value(exact));
        if (py::isinstance<Plan>(own)) {
          plan = own.cast<Plan>();
        } else {
          plan.writes = own.cast<std::vector<PrimitiveWrite>>();
        }
      });
    } catch (const Raised& error) {
      throw InvalidArgument(name() + ": " + error.what());
    }
    plan.knob = name();
    plan.value = exact;
  } else {
    plan.writes.push_back(
        {.action = Action::call,
         .target = name(),
         .value = space::to_text(exact),
         .function = [object = object_, exact] { with_python([&] { (*object).attr("set")(from_value(exact)); }); }});
  }
  plan.writes.push_back({.action = Action::set_argument, .target = name(), .value = space::to_text(exact)});
  return plan;
}

AnyKnob to_knob(const py::object& object) {
  if (py::isinstance<AnyKnob>(object)) return object.cast<AnyKnob>();
  return PythonKnob(object);
}

namespace {

// A class of its own in Python for each model; in C++ they are all an AnyKnob.
template <class K>
struct Named : AnyKnob {
  explicit Named(K knob) : AnyKnob(std::move(knob)) {}
};

knob::CpuMechanism to_mechanism(const std::string& text) {
  if (text == "automatic") return knob::CpuMechanism::automatic;
  if (text == "cpuset") return knob::CpuMechanism::cpuset;
  if (text == "affinity") return knob::CpuMechanism::affinity;
  throw InvalidArgument("mechanism: '" + text + "' is none of automatic, cpuset, affinity");
}

knob::CgroupLayout layout() {
  return knob::CgroupLayout::discover();
}

using Optional = std::optional<space::Parameter>;

void bind_plan(py::module_& m) {
  py::class_<PrimitiveWrite>(
      m, "PrimitiveWrite",
      "One step of a plan: journalled before it happens, read back afterwards, undone when the trial ends. Made by the "
      "static methods.")
      .def_static(
          "write_file",
          [](const std::string& path, const std::string& value, const std::string& verify, const std::string& expected,
             double settle_s) {
            return PrimitiveWrite{.action = Action::write_file,
                                  .target = path,
                                  .value = value,
                                  .verify = verify,
                                  .expected = expected,
                                  .settle_s = settle_s};
          },
          "path"_a, "value"_a, "verify"_a = "", "expected"_a = "", "settle_s"_a = 0.0,
          "One write of `value` into the kernel file `path` (absolute). verify: file that shows the effective value "
          "(empty: the same); expected: what it must read (empty: `value`); settle_s: seconds that may take.")
      .def_static(
          "set_environment",
          [](const std::string& variable, const std::string& value) {
            return PrimitiveWrite{.action = Action::set_environment, .target = variable, .value = value};
          },
          "variable"_a, "value"_a, "A variable in the environment of the workload, which must be a process.")
      .def_static(
          "set_argument",
          [](const std::string& name, const std::string& value) {
            return PrimitiveWrite{.action = Action::set_argument, .target = name, .value = value};
          },
          "name"_a, "value"_a, "The text of the placeholder {name} in the templates of the workload.")
      .def_static(
          "call",
          [](const py::function& function, const std::string& label) {
            return PrimitiveWrite{
                .action = Action::call, .target = label, .value = label, .function = [handle = Handle(function)] {
                  with_python([&] { (*handle)(); });
                }};
          },
          "function"_a, "label"_a = "call",
          "function() runs in this process when the knob is applied; undoing it is yours.")
      .def_property_readonly(
          "action", [](const PrimitiveWrite& w) { return knob::to_text(w.action); },
          "What it does: write_file, set_environment, …")
      .def_readonly("target", &PrimitiveWrite::target, "Path, variable or placeholder.")
      .def_readonly("value", &PrimitiveWrite::value, "Text that is written.")
      .def("__repr__", [](const PrimitiveWrite& w) {
        return "PrimitiveWrite(" + knob::to_text(w.action) + " " + w.target + " = " + w.value + ")";
      });

  py::class_<Plan>(m, "Plan", "Ordered writes that set one knob to one value; nothing is touched before it is applied.")
      .def(py::init([](std::vector<PrimitiveWrite> writes, const std::string& resource) {
             return Plan{.resource = resource, .writes = std::move(writes)};
           }),
           "writes"_a, "resource"_a = "",
           "resource: what nobody else may tune at the same time, e.g. 'host-cpu'; empty: nobody minds.")
      .def_readonly("writes", &Plan::writes, "The steps, in order.")
      .def_readonly("resource", &Plan::resource, "What is locked meanwhile; empty: nothing.")
      .def("to_text", &Plan::to_text, "A dry run: one line a write.")
      .def("__repr__", [](const Plan& p) { return "Plan(" + p.to_text() + ")"; });

  using knob::Description;
  py::class_<Description>(m, "Description", "What a knob is, for people and for the check that a meter can see it.")
      .def(
          py::init([](const std::string& kind, const std::string& mechanism, const std::string& unit,
                      const std::string& allowed, std::vector<std::string> side_effects, const std::string& privilege) {
            return Description{.kind = kind,
                               .mechanism = mechanism,
                               .unit = unit,
                               .allowed = allowed,
                               .side_effects = std::move(side_effects),
                               .privilege = privilege};
          }),
          "kind"_a = "software", "mechanism"_a = "", "unit"_a = "", "allowed"_a = "the parameter's values",
          "side_effects"_a = std::vector<std::string>(), "privilege"_a = "none",
          "kind: what a meter must see (cpuset, cpu_quota, memory, affinity, threads, software, …).")
      .def_readonly("kind", &Description::kind, "What a meter must see.")
      .def_readonly("mechanism", &Description::mechanism, "How it is set.")
      .def_readonly("unit", &Description::unit, "SI unit; empty for labels.")
      .def_readonly("allowed", &Description::allowed, "Values that can be set here, in words.")
      .def_readonly("side_effects", &Description::side_effects, "What else changes.")
      .def_readonly("privilege", &Description::privilege, "What the kernel asks for.")
      .def("__repr__", [](const Description& d) {
        return "Description(" + d.kind + " by " + d.mechanism + ": " + d.allowed + ")";
      });
}

}  // namespace

void bind_knob(py::module_& m) {
  bind_plan(m);
  py::class_<AnyKnob>(m, "Knob",
                      "A setting of hardware or software that trials may vary. Base of the knobs below; an object of "
                      "your own with `parameter` and set(value) or plan(value) serves as well (bayestuner.protocols).")
      .def_property_readonly("name", &AnyKnob::name, "Name of its parameter.")
      .def_property_readonly("parameter", &AnyKnob::parameter, "Values that can be set, ready for a Space.")
      .def_property_readonly(
          "is_available", [](const AnyKnob& k) { return static_cast<bool>(k.availability()); },
          "Whether it can be set on this machine.")
      .def_property_readonly(
          "reason", [](const AnyKnob& k) { return k.availability().reason(); },
          "Why it cannot be set; empty if it can.")
      .def_property_readonly(
          "remedy", [](const AnyKnob& k) { return k.availability().remedy(); },
          "What would make it available; empty if nothing is known.")
      .def("describe", &AnyKnob::describe, "Kind, mechanism, unit, allowed values, side effects.")
      .def(
          "plan", [](const AnyKnob& k, const py::object& value) { return k.plan(to_value(value)); }, "value"_a,
          "The writes that would set it to `value`, without touching anything. Raises InvalidArgument for a value that "
          "is not allowed, DeviceError where the knob is unavailable.")
      .def("__repr__", [](const AnyKnob& k) { return "Knob(" + k.name() + ": " + k.describe().mechanism + ")"; });

  py::class_<Named<knob::Cores>, AnyKnob>(m, "Cores",
                                          "Number of cores: the CPUs of the workload and its thread counts, both set "
                                          "before it starts. One hardware thread of every core first.")
      .def(py::init([](Optional parameter, const std::string& name,
                       const std::optional<std::vector<std::string>>& threads, const std::string& mechanism) {
             knob::CoresOptions options{.name = name, .parameter = std::move(parameter)};
             if (threads) options.thread_variables = *threads;
             options.mechanism = to_mechanism(mechanism);
             return Named<knob::Cores>(knob::Cores(layout(), options));
           }),
           "parameter"_a = py::none(), py::kw_only(), "name"_a = "cores", "thread_variables"_a = py::none(),
           "mechanism"_a = "automatic",
           "parameter: counts to try (default: all that this process may use). thread_variables: environment variables "
           "set to the count (default: those of OpenMP, OpenBLAS and MKL). mechanism: automatic, cpuset, affinity. "
           "Raises InvalidArgument for counts that the machine lacks.");
  py::class_<Named<knob::Cpuset>, AnyKnob>(m, "Cpuset", "Which CPUs the workload may use, by list, as a control group.")
      .def(py::init([](Optional parameter, const std::string& name, const std::string& mechanism) {
             return Named<knob::Cpuset>(
                 knob::Cpuset(layout(), {.name = name, .parameter = std::move(parameter)}, to_mechanism(mechanism)));
           }),
           "parameter"_a = py::none(), py::kw_only(), "name"_a = "cpuset", "mechanism"_a = "cpuset",
           "parameter: Categorical whose labels are CPU lists such as '0-3,8'. Raises InvalidArgument for others.");
  py::class_<Named<knob::Affinity>, AnyKnob>(m, "Affinity",
                                             "Which CPUs the workload may use, by sched_setaffinity: needs no right.")
      .def(py::init([](Optional parameter, const std::string& name) {
             return Named<knob::Affinity>(knob::Affinity(layout(), {.name = name, .parameter = std::move(parameter)}));
           }),
           "parameter"_a = py::none(), py::kw_only(), "name"_a = "affinity",
           "parameter: Categorical whose labels are CPU lists such as '0-3,8'. Raises InvalidArgument for others.");
  py::class_<Named<knob::CpuQuota>, AnyKnob>(m, "CpuQuota",
                                             "CPU time per time, in CPUs, over all threads of the workload.")
      .def(py::init([](Optional parameter, const std::string& name, double period_s) {
             return Named<knob::CpuQuota>(
                 knob::CpuQuota(layout(), {.name = name, .parameter = std::move(parameter), .period_s = period_s}));
           }),
           "parameter"_a = py::none(), py::kw_only(), "name"_a = "cpu_quota", "period_s"_a = 0.1,
           "parameter: CPUs, e.g. Real('cpu_quota', 0.5, 4). period_s: seconds, in [0.001, 1]. Raises "
           "InvalidArgument.");
  py::class_<Named<knob::MemoryLimit>, AnyKnob>(m, "MemoryLimit",
                                                "Memory the workload may use, without swapping; beyond it the kernel "
                                                "kills the workload and the trial fails as out_of_memory.")
      .def(py::init([](Optional parameter, const std::string& name, std::int64_t unit_bytes, bool shrink_live) {
             return Named<knob::MemoryLimit>(knob::MemoryLimit(layout(), {.name = name,
                                                                          .parameter = std::move(parameter),
                                                                          .unit_bytes = unit_bytes,
                                                                          .shrink_live = shrink_live}));
           }),
           "parameter"_a = py::none(), py::kw_only(), "name"_a = "memory", "unit_bytes"_a = 1, "shrink_live"_a = false,
           "unit_bytes: what 1 means, 1048576 for MiB. Raises InvalidArgument for limits the machine lacks.");
  py::class_<Named<knob::Environment>, AnyKnob>(m, "Environment",
                                                "A variable in the environment of the workload; ours is not touched.")
      .def(py::init([](const std::string& variable, space::Parameter parameter, const std::string& kind) {
             return Named<knob::Environment>(knob::Environment(variable, std::move(parameter), kind));
           }),
           "variable"_a, "parameter"_a, py::kw_only(), "kind"_a = "software",
           "kind: what a meter must see, 'threads' for thread counts. Raises InvalidArgument for a bad name.");
  py::class_<Named<knob::Argument>, AnyKnob>(m, "Argument", "The placeholder {name} in the templates of the workload.")
      .def(py::init([](space::Parameter parameter, const std::string& kind) {
             return Named<knob::Argument>(knob::Argument(std::move(parameter), kind));
           }),
           "parameter"_a, py::kw_only(), "kind"_a = "software", "kind: what a meter must see.");
  py::class_<Named<knob::ConfigFile>, AnyKnob>(m, "ConfigFile",
                                               "The placeholder {name} in a configuration file that the workload reads "
                                               "when it starts; its bytes come back afterwards.")
      .def(py::init([](const std::string& path, const std::string& text, space::Parameter parameter,
                       const std::string& kind) {
             return Named<knob::ConfigFile>(knob::ConfigFile(path, text, std::move(parameter), kind));
           }),
           "path"_a, "text"_a, "parameter"_a, py::kw_only(), "kind"_a = "software",
           "path: absolute; text: the template. Raises InvalidArgument for a relative path or a text without the "
           "placeholder.");
  py::class_<Named<knob::FileValue>, AnyKnob>(
      m, "FileValue",
      "One value in one kernel file below /sys or /proc; the value found before "
      "comes back afterwards.")
      .def(py::init([](const std::string& path, space::Parameter parameter, const std::string& verify, double settle_s,
                       const std::string& kind, const std::string& resource) {
             return Named<knob::FileValue>(
                 knob::FileValue(path, std::move(parameter),
                                 {.verify = verify, .settle_s = settle_s, .kind = kind, .resource = resource}));
           }),
           "path"_a, "parameter"_a, py::kw_only(), "verify"_a = "", "settle_s"_a = 0.0, "kind"_a = "sysfs",
           "resource"_a = "",
           "verify: file that shows the effective value; settle_s: seconds that may take. Raises "
           "InvalidArgument for a relative path.");
  py::class_<Named<knob::Callable>, AnyKnob>(m, "Callable",
                                             "A function that sets the value in this process; an exception of it makes "
                                             "the trial fail as knob_refused. Undoing it is yours.")
      .def(py::init([](space::Parameter parameter, const py::function& function, const std::string& kind) {
             return Named<knob::Callable>(knob::Callable(
                 std::move(parameter),
                 [handle = Handle(function)](const space::Value& value) {
                   with_python([&] { (*handle)(from_value(value)); });
                 },
                 kind));
           }),
           "parameter"_a, "function"_a, py::kw_only(), "kind"_a = "software", "function(value) sets it.");
}

}  // namespace bayestuner::python
