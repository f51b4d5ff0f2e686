#include "bayestuner/search/annealing.hpp"
#include "bayestuner/search/bayesian.hpp"
#include "bayestuner/search/local_search.hpp"
#include "bayestuner/search/pseudo_binary.hpp"
#include "bayestuner/study/named_strategy.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "python_strategy.hpp"

namespace bayestuner::python {

static_assert(search::SearchStrategy<PythonStrategy>);
static_assert(surrogate::Surrogate<PythonSurrogate>);
static_assert(acquisition::Acquisition<PythonAcquisition>);

std::optional<space::Point> PythonStrategy::suggest(const search::History& history) {
  const py::gil_scoped_acquire lock;
  py::dict seen;
  py::list trials;
  for (const search::Observation& o : history.observations) {
    constexpr const char* states[] = {"complete", "fail", "running"};
    py::dict values;
    for (std::size_t i = 0; i < history.task.metrics.size(); ++i) {
      const double v = search::value_of(o, static_cast<Eigen::Index>(i));
      if (std::isfinite(v)) values[py::str(history.task.metrics[i])] = v;
    }
    trials.append(py::dict("params"_a = from_configuration(history.space->configuration(o.point)),
                           "state"_a = states[static_cast<int>(o.outcome)], "values"_a = values));
  }
  py::list constraints;
  for (const auto& c : history.task.constraints) {
    constraints.append(py::make_tuple(history.task.metrics[static_cast<std::size_t>(c.metric)],
                                      c.bound == Bound::at_most ? "<=" : ">=", c.threshold));
  }
  py::list objectives;
  for (const auto& o : history.task.objectives) {
    objectives.append(
        py::make_tuple(history.task.metrics[static_cast<std::size_t>(o.metric)], o.maximise ? "maximize" : "minimize"));
  }
  seen["space"] = py::cast(*history.space);
  seen["objectives"] = objectives;
  seen["constraints"] = constraints;
  seen["trials"] = trials;
  seen["seed"] = history.seed;
  seen["budget"] = history.budget ? py::cast(*history.budget) : py::none();
  return with_python([&]() -> std::optional<space::Point> {
    const py::object answer = (*object_).attr("suggest")(seen);
    if (answer.is_none()) return std::nullopt;
    return history.space->point(to_configuration(answer));
  });
}

void PythonSurrogate::fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const Eigen::VectorXd& noise) {
  with_python([&] { (*model_).attr("fit")(x, y, noise); });
}

Posterior PythonSurrogate::predict(const Eigen::MatrixXd& x) const {
  return with_python([&] {
    const py::object answer = (*model_).attr("predict")(x);
    if (!py::isinstance<py::tuple>(answer) || py::len(answer) != 2) {
      throw InvalidArgument("surrogate: predict must return (mean, stddev)");
    }
    const auto both = py::reinterpret_borrow<py::tuple>(answer);
    Posterior p{both[0].cast<Eigen::VectorXd>(), both[1].cast<Eigen::VectorXd>()};
    if (p.mean.size() != x.rows() || p.stddev.size() != x.rows()) {
      throw InvalidArgument("surrogate: predict returned " + std::to_string(p.mean.size()) + " means and " +
                            std::to_string(p.stddev.size()) + " deviations for " + std::to_string(x.rows()) + " rows");
    }
    if (!p.mean.allFinite() || !p.stddev.allFinite() || (p.stddev.array() < 0.0).any()) {
      throw InvalidArgument("surrogate: predict returned a number that is not finite, or a negative deviation");
    }
    return p;
  });
}

Eigen::VectorXd PythonAcquisition::operator()(const Posterior& posterior) const {
  return with_python([&] {
    auto scores = (*object_)(py::cast(posterior)).cast<Eigen::VectorXd>();
    if (scores.size() != posterior.mean.size() || scores.array().isNaN().any()) {
      throw InvalidArgument("acquisition: must return one score, no NaN, for each of " +
                            std::to_string(posterior.mean.size()) + " rows");
    }
    return scores;
  });
}

search::AcquisitionChoice to_acquisition(const py::object& object, const std::optional<std::string>& kind) {
  if (py::isinstance<py::str>(object)) {
    const auto name = object.cast<std::string>();
    if (name == "logei") return search::choose_log_expected_improvement();
    if (name == "ei") return search::choose_expected_improvement();
    if (name == "pi") return search::choose_probability_of_improvement();
    if (name == "ucb") return search::choose_upper_confidence_bound();
    throw InvalidArgument("acquisition: '" + name + "' is none of logei, ei, pi, ucb");
  }
  if (PyCallable_Check(object.ptr()) == 0) {
    throw InvalidArgument("acquisition: must be a name, or a class or function of the incumbent");
  }
  const std::string what = kind ? *kind : py::getattr(object, "kind", py::str("level")).cast<std::string>();
  const std::map<std::string, search::ScoreKind> kinds{{"logarithm", search::ScoreKind::logarithm},
                                                       {"gain", search::ScoreKind::gain},
                                                       {"level", search::ScoreKind::level}};
  if (!kinds.contains(what)) {
    throw InvalidArgument("acquisition: kind '" + what + "' is none of logarithm, gain, level");
  }
  return {[make = Handle(object)](double incumbent) {
            return with_python([&] { return PythonAcquisition((*make)(incumbent)); });
          },
          kinds.at(what)};
}

search::AnyStrategy to_strategy(const py::object& object) {
  if (object.is_none()) return study::named_strategy("bo");
  if (py::isinstance<py::str>(object)) return study::named_strategy(object.cast<std::string>());
  if (py::isinstance<search::AnyStrategy>(object)) return object.cast<search::AnyStrategy>();
  if (py::hasattr(object, "suggest")) return PythonStrategy(object);
  throw InvalidArgument("strategy: must be a name, a strategy, or an object with suggest(history)");
}

void bind_search(py::module_& m) {
  py::class_<search::AnyStrategy>(m, "Strategy",
                                  "Proposes what to measure next; made by name or by the functions here.")
      .def(py::init([](const std::string& name) { return study::named_strategy(name); }), "name"_a,
           "bo, bo:forest, bo:boosting, bo:polynomial, bo:knn, annealing, local, binary, random, exhaustive, lhs, "
           "sobol. "
           "Raises InvalidArgument for other names.")
      .def("__repr__", [](const search::AnyStrategy&) { return "Strategy"; });
  m.def(
      "BayesianOptimisation",
      [](const py::object& acquisition, std::size_t initial_points, bool learn_failures, const py::object& surrogate,
         std::size_t points_after_start, bool logarithm, bool compress, const std::optional<std::string>& kind,
         const std::string& front_acquisition) {
        search::BayesianOptions options{.initial_points = initial_points,
                                        .points_after_start = points_after_start,
                                        .acquisition = to_acquisition(acquisition, kind),
                                        .front_acquisition = search::make_front_choice(front_acquisition),
                                        .logarithm = logarithm,
                                        .compress = compress,
                                        .learn_failures = learn_failures};
        if (surrogate.is_none()) return search::AnyStrategy(search::BayesianOptimisation<>(std::move(options)));
        return search::AnyStrategy(
            search::BayesianOptimisation<surrogate::AnySurrogate>(std::move(options), to_surrogate(surrogate)));
      },
      "acquisition"_a = "logei", "initial_points"_a = 5, "learn_failures"_a = true, "surrogate"_a = py::none(),
      py::kw_only(), "points_after_start"_a = 2, "logarithm"_a = true, "compress"_a = true, "kind"_a = py::none(),
      "front_acquisition"_a = "ehvi",
      "Bayesian optimisation as a strategy. acquisition: logei, ei, pi, ucb, or a class or function of the incumbent "
      "(a number, minimised, standardised) whose result, called with a Posterior of n points, gives n scores, the "
      "highest measured first; what they measure is `kind`, or its attribute of that name: logarithm (of a gain), gain "
      "(not negative), level (any order). surrogate: forest, boosting, polynomial, knn, a model such as "
      "RandomForest(), or a class or function that makes objects with fit(x, y, noise) and "
      "predict(x) -> (mean, stddev), x (n, d), the rest (n,); default: the Gaussian process. initial_points: design "
      "before the first model, points_after_start the same where the history begins with your own row. logarithm: "
      "positive metrics are learnt as logarithms. compress: values far from where they matter are drawn nearer. "
      "learn_failures: learn where trials fail. front_acquisition, for two or three objectives: ehvi, hvpoi, poi. "
      "Raises InvalidArgument.");
  m.def(
      "SimulatedAnnealing",
      [](double first_temperature, double last_temperature, double reach, double second_move,
         std::size_t restart_after) {
        return search::AnyStrategy(search::SimulatedAnnealing({.first_temperature = first_temperature,
                                                               .last_temperature = last_temperature,
                                                               .reach = reach,
                                                               .second_move = second_move,
                                                               .restart_after = restart_after}));
      },
      "first_temperature"_a = 0.1, "last_temperature"_a = 0.01, "reach"_a = 0.6, "second_move"_a = 0.3,
      "restart_after"_a = 0,
      "Simulated annealing. Temperatures in logarithmic units (0.1 takes a loss of 10 % with probability 1/e); reach: "
      "longest move at first, share of an axis; second_move: probability that two parameters move at once; "
      "restart_after: trials without a better one until the walk goes back to the best (0: never). Raises ValueError "
      "for options that make no schedule.");
  m.def(
      "LocalSearch", [] { return search::AnyStrategy(search::LocalSearch()); },
      "First-improvement local search with random restarts.");
  m.def(
      "PseudoBinarySearch",
      [](const std::string& parameter) {
        return search::AnyStrategy(search::PseudoBinarySearch({.parameter = parameter}));
      },
      "parameter"_a = "",
      "BatchSizer's bisection over one ordered parameter; the others rest at the first trial's values. parameter: its "
      "name; default: the first with 'batch' in its name, else the one with the most levels.");
}

}  // namespace bayestuner::python
