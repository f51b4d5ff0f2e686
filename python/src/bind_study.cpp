#include <atomic>

#include "bayestuner/study/export.hpp"
#include "bayestuner/study/study.hpp"
#include "python_strategy.hpp"

namespace bayestuner::python {

namespace {

using study::Study;
using study::Trial;

// Ctrl-C reaches Python only between C++ calls; a trial's own Python code raises it by itself.
void check_signals() {
  const py::gil_scoped_acquire lock;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

Study::Function to_function(const py::function& objective, std::vector<std::string> names) {
  return [handle = Handle(objective), names = std::move(names)](const Trial& trial) {
    check_signals();
    const py::gil_scoped_acquire lock;
    try {
      return to_metrics((*handle)(py::cast(trial)), names);
    } catch (py::error_already_set& e) {
      const py::object failed = py::module_::import("bayestuner").attr("TrialFailed");
      if (!e.matches(failed)) throw;
      const py::object value = e.value();
      throw study::TrialFailed(study::failure_reason_from_string(value.attr("reason").cast<std::string>()),
                               py::str(value).cast<std::string>());
    }
  };
}

}  // namespace

void bind_study(py::module_& m) {
  py::enum_<study::TrialState>(m, "TrialState", "State of a trial.")
      .value("WAITING", study::TrialState::waiting)
      .value("RUNNING", study::TrialState::running)
      .value("COMPLETE", study::TrialState::complete)
      .value("PRUNED", study::TrialState::pruned)
      .value("FAIL", study::TrialState::fail);

  py::class_<Trial>(m, "Trial", "One test run: what was set, what was measured, or why nothing was.")
      .def_readonly("number", &Trial::number)
      .def_property_readonly("params", [](const Trial& t) { return from_configuration(t.params); })
      .def_property_readonly("metrics", [](const Trial& t) { return from_metrics(t.metrics); })
      .def_property_readonly("values",
                             [](const Trial& t) {
                               py::dict dict;
                               for (const auto& [name, x] : t.metrics) dict[py::str(name)] = x.value;
                               return dict;
                             })
      .def_readonly("state", &Trial::state)
      .def_property_readonly("reason", [](const Trial& t) { return study::to_string(t.reason); })
      .def_readonly("message", &Trial::message)
      .def_readonly("started_s", &Trial::started_s)
      .def_readonly("finished_s", &Trial::finished_s)
      .def_readonly("is_baseline", &Trial::is_baseline)
      .def_readonly("is_verification", &Trial::is_verification)
      .def_readonly("user_attrs", &Trial::user_attrs)
      .def("__getitem__",
           [](const Trial& t, const std::string& name) {
             if (!t.params.contains(name)) throw py::key_error(name);
             return from_value(t.params.at(name));
           })
      .def("__repr__", [](const Trial& t) {
        return "Trial(" + std::to_string(t.number) + ", " + study::to_string(t.state) + ", " + t.params.to_text() + ")";
      });

  py::class_<study::Problem>(m, "Problem", "Objectives and constraints over named metrics.")
      .def(py::init<>())
      .def("minimize", &study::Problem::minimize, "metric"_a, "reference"_a = py::none(),
           py::return_value_policy::reference)
      .def("maximize", &study::Problem::maximize, "metric"_a, "reference"_a = py::none(),
           py::return_value_policy::reference)
      .def("subject_to", py::overload_cast<const std::string&>(&study::Problem::subject_to), "constraint"_a,
           py::return_value_policy::reference,
           "'throughput >= 0.95 * baseline', 'latency_p99_s <= 0.05'. Raises InvalidArgument.")
      .def_property_readonly("metrics", &study::Problem::metrics)
      .def_property_readonly("directions",
                             [](const study::Problem& p) {
                               py::list list;
                               for (const auto& o : p.objectives()) list.append(o.maximise ? "maximize" : "minimize");
                               return list;
                             })
      .def_property_readonly("objectives",
                             [](const study::Problem& p) {
                               std::vector<std::string> names;
                               for (const auto& o : p.objectives()) names.push_back(o.metric);
                               return names;
                             })
      .def_property_readonly("constraints",
                             [](const study::Problem& p) {
                               std::vector<std::string> texts;
                               for (const auto& c : p.constraints()) texts.push_back(c.to_text());
                               return texts;
                             })
      .def("__repr__", [](const study::Problem& p) { return "Problem(" + p.to_json() + ")"; });

  using study::Recommendation;
  py::class_<Recommendation>(m, "Recommendation", "The answer, and how sure it is.")
      .def_property_readonly("params", [](const Recommendation& r) { return from_configuration(r.params); })
      .def_property_readonly("metrics", [](const Recommendation& r) { return from_metrics(r.metrics); })
      .def_readonly("probability", &Recommendation::probability, "Constraint -> probability that it holds.")
      .def_readonly("confirmed", &Recommendation::confirmed)
      .def_readonly("repeats", &Recommendation::repeats)
      .def_readonly("gain", &Recommendation::gain, "Relative gain over the baseline, with its error.")
      .def_property_readonly("baseline",
                             [](const Recommendation& r) -> py::object {
                               return r.baseline ? py::object(from_configuration(*r.baseline)) : py::none();
                             })
      .def_property_readonly("baseline_metrics",
                             [](const Recommendation& r) { return from_metrics(r.baseline_metrics); });

  using Release = py::call_guard<py::gil_scoped_release>;
  py::class_<Study>(m, "Study", "Compiled study; bayestuner.Study adds the Python conveniences.")
      .def(py::init([](const space::DynamicSpace& s, const study::Problem& problem, const std::string& name,
                       const std::string& store, std::uint64_t seed, const py::object& strategy,
                       std::optional<std::size_t> budget) {
             study::StudyOptions options{
                 .name = name, .store = store, .seed = seed, .strategy = to_strategy(strategy), .budget = budget};
             const py::gil_scoped_release release;
             return std::make_unique<Study>(s, problem, std::move(options));
           }),
           "space"_a, "problem"_a, "name"_a = "study", "store"_a = "", "seed"_a = 0, "strategy"_a = py::none(),
           "budget"_a = py::none())
      .def_static(
          "open", [](const std::string& path, const std::string& name) { return Study::open(path, name); }, "path"_a,
          "name"_a = "", Release())
      .def_property_readonly("name", &Study::name)
      .def_property_readonly("seed", &Study::seed)
      .def_property_readonly("space", &Study::space)
      .def_property_readonly("problem", &Study::problem)
      .def("set_problem", &Study::set_problem, "problem"_a, Release())
      .def("ask", &Study::ask, Release(), "Next trial; None once every configuration was tried.")
      .def(
          "tell",
          [](Study& s, std::int64_t number, const py::object& values, bool skip_if_finished) {
            const auto metrics = to_metrics(values, s.problem().metrics());
            const py::gil_scoped_release release;
            s.tell(number, metrics, skip_if_finished);
          },
          "number"_a, "values"_a, "skip_if_finished"_a = false)
      .def(
          "tell_failure",
          [](Study& s, std::int64_t number, const std::string& reason, const std::string& message) {
            s.tell_failure(number, study::failure_reason_from_string(reason), message);
          },
          "number"_a, "reason"_a = "invalid", "message"_a = "", Release())
      .def(
          "enqueue",
          [](Study& s, const py::dict& params, bool skip) { return s.enqueue(to_configuration(params), skip); },
          "params"_a, "skip_if_exists"_a = true)
      .def(
          "add_trial",
          [](Study& s, const py::dict& params, const py::object& values) {
            return s.add_trial({.params = to_configuration(params),
                                .state = study::TrialState::complete,
                                .metrics = to_metrics(values, s.problem().metrics())});
          },
          "params"_a, "values"_a)
      .def("set_user_attr", &Study::set_user_attr, "number"_a, "key"_a, "value"_a, Release())
      .def(
          "optimize",
          [](Study& s, const py::function& objective, std::optional<std::size_t> trials,
             std::optional<double> timeout_s, std::optional<double> joules, std::optional<double> target,
             bool stop_without_gain, bool catch_errors, int jobs, const std::optional<py::function>& callback) {
            study::OptimizeOptions options{.trials = trials,
                                           .timeout_s = timeout_s,
                                           .joules = joules,
                                           .target = target,
                                           .stop_without_gain = stop_without_gain,
                                           .catch_errors = catch_errors,
                                           .jobs = jobs};
            if (callback) {
              options.callback = [handle = Handle(*callback)](const Trial& t) {
                const py::gil_scoped_acquire lock;
                (*handle)(py::cast(t));
              };
            }
            const auto function = to_function(objective, s.problem().metrics());
            const py::gil_scoped_release release;
            return std::string(study::to_string(s.optimize(function, options)));
          },
          "objective"_a, "trials"_a = py::none(), "timeout_s"_a = py::none(), "joules"_a = py::none(),
          "target"_a = py::none(), "stop_without_gain"_a = false, "catch_errors"_a = false, "jobs"_a = 1,
          "callback"_a = py::none())
      .def("stop", &Study::stop)
      .def("trials", &Study::trials, Release())
      .def("trial", &Study::trial, "number"_a, Release())
      .def("baseline", &Study::baseline, Release())
      .def("thresholds", &Study::thresholds, Release())
      .def("is_feasible", &Study::is_feasible, "trial"_a, Release())
      .def("best", &Study::best, Release())
      .def("pareto_front", &Study::pareto_front, Release())
      .def(
          "recommend",
          [](Study& s, const py::function& measure, int top, int repeats, int max_repeats, int max_candidates,
             double confidence) {
            const auto function = to_function(measure, s.problem().metrics());
            const py::gil_scoped_release release;
            return s.recommend(function, {.top = top,
                                          .repeats = repeats,
                                          .max_repeats = max_repeats,
                                          .max_candidates = max_candidates,
                                          .confidence = confidence});
          },
          "measure"_a, "top"_a = 3, "repeats"_a = 3, "max_repeats"_a = 6, "max_candidates"_a = 8, "confidence"_a = 0.95)
      .def(
          "to_json", [](Study& s) { return study::to_json(s); }, Release())
      .def(
          "to_csv", [](Study& s) { return study::to_csv(s); }, Release());
}

}  // namespace bayestuner::python
