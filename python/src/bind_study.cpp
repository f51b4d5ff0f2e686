#include "bayestuner/study/export.hpp"
#include "bayestuner/study/study.hpp"
#include "interrupt.hpp"
#include "python_strategy.hpp"

namespace bayestuner::python {

namespace {

using study::Study;
using study::Trial;

// Names between commas, without spaces around them.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::size_t first = std::min(text.find_first_not_of(' ', at), end);
    const std::size_t last = text.find_last_not_of(' ', end - 1);
    names.push_back(first < end ? text.substr(first, last - first + 1) : std::string());
    at = end + 1;
  }
  return names;
}

// `objective` as C++ calls it. After Ctrl-C, wherever it struck, the trial goes back in the queue and the study stops;
// `interrupt` keeps what Python is to see then.
Study::Function to_function(const py::function& objective, std::vector<std::string> names, Interrupt& interrupt) {
  return [handle = Handle(objective), names = std::move(names), &interrupt](const Trial& trial) {
    const auto cancelled = [] { return study::TrialFailed(study::FailureReason::cancelled, "interrupted"); };
    if (interrupt()) throw cancelled();
    try {
      return with_python([&] { return to_metrics((*handle)(py::cast(trial)), names); });
    } catch (const Interruption& interruption) {
      interrupt.keep(interruption.error);
      throw cancelled();
    }
  };
}

// Runs what calls objectives, without the interpreter's lock: in this thread where it runs one trial at a time, so that
// Python code in it sees Ctrl-C by itself.
template <class Work>
auto run_trials(Study& study, Interrupt& interrupt, int jobs, Work work) {
  const auto run = [&] {
    const py::gil_scoped_release release;
    if (jobs == 1) return work();
    return run_watched(interrupt, work, [&] { study.stop(); });
  };
  try {
    auto result = run();
    interrupt.rethrow();
    return result;
  } catch (...) {
    interrupt.rethrow();
    throw;
  }
}

Trial to_trial(const Study& study, const py::dict& params, const py::object& values) {
  return {.params = to_configuration(params),
          .state = study::TrialState::complete,
          .metrics = to_metrics(values, study.problem().metrics())};
}

}  // namespace

void bind_study(py::module_& m) {
  py::enum_<study::TrialState>(m, "TrialState",
                               "State of a trial. WAITING: enqueued, not begun. RUNNING: asked, not told.")
      .value("WAITING", study::TrialState::waiting)
      .value("RUNNING", study::TrialState::running)
      .value("COMPLETE", study::TrialState::complete)
      .value("PRUNED", study::TrialState::pruned)
      .value("FAIL", study::TrialState::fail);

  py::class_<Trial>(m, "Trial", "One test run: what was set, what was measured, or why nothing was. A copy of the log.")
      .def_readonly("number", &Trial::number, "From 0, in order of asking.")
      .def_property_readonly(
          "params", [](const Trial& t) { return from_configuration(t.params); }, "The configuration, a dict.")
      .def_property_readonly(
          "metrics", [](const Trial& t) { return from_metrics(t.metrics); },
          "Metric by name, as measured; a failed trial keeps what it measured.")
      .def_property_readonly(
          "values",
          [](const Trial& t) {
            py::dict dict;
            for (const auto& [name, x] : t.metrics) dict[py::str(name)] = x.value;
            return dict;
          },
          "Number by metric, without errors.")
      .def_readonly("state", &Trial::state, "A TrialState.")
      .def_property_readonly(
          "reason", [](const Trial& t) { return study::to_string(t.reason); },
          "Why it failed: none, out_of_memory, timed_out, crashed, knob_refused, not_steady, invalid, cancelled, lost.")
      .def_readonly("message", &Trial::message, "Why it failed, one line.")
      .def_readonly("started_s", &Trial::started_s, "Seconds since 1970 UTC; 0: not begun.")
      .def_readonly("finished_s", &Trial::finished_s, "Seconds since 1970 UTC; 0: not finished.")
      .def_readonly("is_baseline", &Trial::is_baseline, "Whether relative constraints refer to its configuration.")
      .def_readonly("is_verification", &Trial::is_verification, "Whether it measured a configuration again on purpose.")
      .def_readonly("user_attrs", &Trial::user_attrs, "Texts of Study.set_user_attr().")
      .def(
          "__getitem__",
          [](const Trial& t, const std::string& name) {
            if (!t.params.contains(name)) throw py::key_error(name);
            return from_value(t.params.at(name));
          },
          "name"_a, "Value of a parameter. Raises KeyError for one that is inactive or unknown.")
      .def("__repr__", [](const Trial& t) {
        return "Trial(" + std::to_string(t.number) + ", " + study::to_string(t.state) + ", " + t.params.to_text() + ")";
      });

  using study::Problem;
  py::class_<Problem>(m, "Problem",
                      "Objectives and constraints over named metrics, in your own directions and units. minimize(), "
                      "maximize() and subject_to() add to it and return it.")
      .def(py::init([](const std::optional<std::string>& objective, const std::vector<std::string>& constraints) {
             Problem problem;
             for (const std::string& text : objective ? split(*objective) : std::vector<std::string>{}) {
               text.starts_with("-") ? problem.minimize(text.substr(1)) : problem.maximize(text);
             }
             for (const std::string& text : constraints) problem.subject_to(text);
             return problem;
           }),
           "objective"_a = py::none(), "constraints"_a = std::vector<std::string>(),
           "objective: as in Ax, maximised, minimised with a minus sign, several with commas: '-power_w', "
           "'throughput, -power_w'. constraints: see subject_to(). Raises InvalidArgument.")
      .def("minimize", &Problem::minimize, "metric"_a, "reference"_a = py::none(), py::return_value_policy::reference,
           "Add an objective. reference: worst acceptable value, used where there are several. Raises InvalidArgument.")
      .def("maximize", &Problem::maximize, "metric"_a, "reference"_a = py::none(), py::return_value_policy::reference,
           "Add an objective. reference: worst acceptable value, used where there are several. Raises InvalidArgument.")
      .def("subject_to", py::overload_cast<const std::string&>(&Problem::subject_to), "constraint"_a,
           py::return_value_policy::reference,
           "Add a constraint: 'latency_p99_s <= 0.05', 'throughput >= 0.95 * baseline'. Raises InvalidArgument.")
      .def_property_readonly("metrics", &Problem::metrics, "Every metric named, objectives first.")
      .def_property_readonly(
          "directions",
          [](const Problem& p) {
            std::vector<std::string> list;
            for (const auto& o : p.objectives()) list.emplace_back(o.maximise ? "maximize" : "minimize");
            return list;
          },
          "minimize or maximize, one an objective.")
      .def_property_readonly(
          "objectives",
          [](const Problem& p) {
            std::vector<std::string> names;
            for (const auto& o : p.objectives()) names.push_back(o.metric);
            return names;
          },
          "Metrics of the objectives, in order.")
      .def_property_readonly(
          "references",
          [](const Problem& p) {
            std::vector<std::optional<double>> values;
            for (const auto& o : p.objectives()) values.push_back(o.reference);
            return values;
          },
          "Worst acceptable values of the objectives; None: not given.")
      .def_property_readonly(
          "constraints",
          [](const Problem& p) {
            std::vector<std::string> texts;
            for (const auto& c : p.constraints()) texts.push_back(c.to_text());
            return texts;
          },
          "Texts of the constraints, in order.")
      .def_property_readonly(
          "constraint_metrics",
          [](const Problem& p) {
            std::vector<std::string> names;
            for (const auto& c : p.constraints()) names.push_back(c.metric);
            return names;
          },
          "Metrics of the constraints, in order.")
      .def("__repr__", [](const Problem& p) { return "Problem(" + p.to_json() + ")"; });

  using study::Recommendation;
  py::class_<Recommendation>(m, "Recommendation", "The answer, and how sure it is.")
      .def_property_readonly(
          "params", [](const Recommendation& r) { return from_configuration(r.params); }, "The configuration, a dict.")
      .def_property_readonly(
          "metrics", [](const Recommendation& r) { return from_metrics(r.metrics); },
          "Metric by name, of the verification runs alone: free of the winner's luck.")
      .def_readonly("probability", &Recommendation::probability, "Constraint -> probability that it holds.")
      .def_readonly("confirmed", &Recommendation::confirmed, "Whether every probability reached the confidence asked.")
      .def_readonly("repeats", &Recommendation::repeats, "Verification runs behind `metrics`.")
      .def_readonly("gain", &Recommendation::gain,
                    "Relative gain in the objective over the baseline, a Metric; None without a baseline.")
      .def_property_readonly(
          "baseline",
          [](const Recommendation& r) -> std::optional<py::dict> {
            return r.baseline ? std::optional(from_configuration(*r.baseline)) : std::nullopt;
          },
          "The configuration compared with, a dict; None if there is none.")
      .def_property_readonly(
          "baseline_metrics", [](const Recommendation& r) { return from_metrics(r.baseline_metrics); },
          "Metric by name, of the baseline.")
      .def_readonly("trials", &Recommendation::trials, "Numbers of the verification trials.")
      .def("__repr__", [](const Recommendation& r) {
        return "Recommendation(" + r.params.to_text() + (r.confirmed ? ", confirmed)" : ", not confirmed)");
      });

  using Release = py::call_guard<py::gil_scoped_release>;
  py::class_<Study>(m, "Study", "Compiled study; bayestuner.Study adds the conveniences of Python.")
      .def(py::init([](const space::DynamicSpace& s, const Problem& problem, const std::string& name,
                       const std::string& store, std::uint64_t seed, const py::object& strategy,
                       std::optional<std::size_t> budget) {
             study::StudyOptions options{
                 .name = name, .store = store, .seed = seed, .strategy = to_strategy(strategy), .budget = budget};
             const py::gil_scoped_release release;
             return std::make_unique<Study>(s, problem, std::move(options));
           }),
           "space"_a, "problem"_a, "name"_a = "study", "store"_a = "", "seed"_a = 0, "strategy"_a = py::none(),
           "budget"_a = py::none(), "See bayestuner.Study. Raises InvalidArgument, StoreError.")
      .def_static(
          "open",
          [](const std::string& path, const std::string& name, const py::object& strategy) {
            study::StudyOptions options{.strategy = to_strategy(strategy)};
            const py::gil_scoped_release release;
            return Study::open(path, name, std::move(options));
          },
          "path"_a, "name"_a = "", "strategy"_a = py::none(), "See bayestuner.Study.open(). Raises StoreError.")
      .def_property_readonly("name", &Study::name, "Name in the store.")
      .def_property_readonly("seed", &Study::seed, "Seed of every suggestion.")
      .def_property_readonly("space", &Study::space, "The space.")
      .def_property_readonly("problem", &Study::problem, "A copy of the problem.")
      .def("set_problem", &Study::set_problem, "problem"_a, Release(), "Replace objectives and constraints.")
      .def("ask", &Study::ask, Release(), "Next trial; None once every configuration was tried.")
      .def(
          "tell",
          [](Study& s, std::int64_t number, const py::object& values, bool skip_if_finished) {
            const auto metrics = to_metrics(values, s.problem().metrics());
            const py::gil_scoped_release release;
            s.tell(number, metrics, skip_if_finished);
          },
          "number"_a, "values"_a, "skip_if_finished"_a = false, "Report a trial. Raises InvalidArgument.")
      .def(
          "tell_failure",
          [](Study& s, std::int64_t number, const std::string& reason, const std::string& message) {
            s.tell_failure(number, study::failure_reason_from_string(reason), message);
          },
          "number"_a, "reason"_a = "invalid", "message"_a = "", Release(), "Report a failure. Raises InvalidArgument.")
      .def("give_back", &Study::give_back, "number"_a, Release(), "Put an asked trial back in the queue.")
      .def(
          "enqueue",
          [](Study& s, const py::dict& params, bool skip) { return s.enqueue(to_configuration(params), skip); },
          "params"_a, "skip_if_exists"_a = true, "Have a configuration tried next. Raises InvalidArgument.")
      .def(
          "add_trial",
          [](Study& s, const py::dict& params, const py::object& values) {
            return s.add_trial(to_trial(s, params, values));
          },
          "params"_a, "values"_a, "Add a measurement of the past; its number. Raises InvalidArgument.")
      .def(
          "add_finished", [](Study& s, const Trial& trial) { return s.add_trial(trial); }, "trial"_a, Release(),
          "Add a finished trial of another study; its new number. Raises InvalidArgument.")
      .def("set_user_attr", &Study::set_user_attr, "number"_a, "key"_a, "value"_a, Release(), "Attach a text.")
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
                with_python([&] { (*handle)(py::cast(t)); });
              };
            }
            Interrupt interrupt;
            const auto function = to_function(objective, s.problem().metrics(), interrupt);
            return std::string(
                study::to_string(run_trials(s, interrupt, jobs, [&] { return s.optimize(function, options); })));
          },
          "objective"_a, "trials"_a = py::none(), "timeout_s"_a = py::none(), "joules"_a = py::none(),
          "target"_a = py::none(), "stop_without_gain"_a = false, "catch_errors"_a = false, "jobs"_a = 1,
          "callback"_a = py::none(), "See bayestuner.Study.optimize().")
      .def("stop", &Study::stop, "End optimize() after the trials that run now.")
      .def("trials", &Study::trials, Release(), "All trials, by number.")
      .def("trial", &Study::trial, "number"_a, Release(), "One trial. Raises InvalidArgument for an unknown number.")
      .def("baseline", &Study::baseline, Release(), "Means of the baseline's trials; None before it is measured.")
      .def("thresholds", &Study::thresholds, Release(), "Absolute threshold of each constraint; None: not known yet.")
      .def("is_feasible", &Study::is_feasible, "trial"_a, Release(), "Whether a complete trial keeps every constraint.")
      .def("feasible", py::overload_cast<>(&Study::feasible), Release(),
           "Whether each of trials() keeps every constraint; one pass.")
      .def("best", &Study::best, Release(), "Best feasible configuration; None if nothing is feasible.")
      .def("pareto_front", &Study::pareto_front, Release(), "Feasible configurations that none dominates.")
      .def(
          "recommend",
          [](Study& s, const py::function& measure, int top, int repeats, int max_repeats, int max_candidates,
             double confidence, bool repeat_baseline) {
            Interrupt interrupt;
            const auto function = to_function(measure, s.problem().metrics(), interrupt);
            return run_trials(s, interrupt, 1, [&] {
              return s.recommend(function, {.top = top,
                                            .repeats = repeats,
                                            .max_repeats = max_repeats,
                                            .max_candidates = max_candidates,
                                            .confidence = confidence,
                                            .repeat_baseline = repeat_baseline});
            });
          },
          "measure"_a, "top"_a = 3, "repeats"_a = 3, "max_repeats"_a = 6, "max_candidates"_a = 8, "confidence"_a = 0.95,
          "repeat_baseline"_a = true, "See bayestuner.Study.recommend().")
      .def(
          "to_json", [](Study& s) { return study::to_json(s); }, Release(), "The study as JSON text.")
      .def(
          "to_csv", [](Study& s) { return study::to_csv(s); }, Release(), "The trials as CSV text.");
}

}  // namespace bayestuner::python
