#include "bayestuner/search/make_strategy.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "python_strategy.hpp"

namespace bayestuner::python {

static_assert(search::SearchStrategy<PythonStrategy>);
static_assert(surrogate::Surrogate<PythonSurrogate>);

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
  const py::object answer = (*object_).attr("suggest")(seen);
  if (answer.is_none()) return std::nullopt;
  return history.space->point(to_configuration(answer));
}

void PythonSurrogate::fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const Eigen::VectorXd& noise) {
  const py::gil_scoped_acquire lock;
  (*model_).attr("fit")(x, y, noise);
}

Posterior PythonSurrogate::predict(const Eigen::MatrixXd& x) const {
  const py::gil_scoped_acquire lock;
  const py::tuple both = (*model_).attr("predict")(x);
  if (both.size() != 2) throw InvalidArgument("surrogate: predict must return (mean, stddev)");
  Posterior p{both[0].cast<Eigen::VectorXd>(), both[1].cast<Eigen::VectorXd>()};
  if (p.mean.size() != x.rows() || p.stddev.size() != x.rows()) {
    throw InvalidArgument("surrogate: predict returned " + std::to_string(p.mean.size()) + " values for " +
                          std::to_string(x.rows()) + " rows");
  }
  return p;
}

search::AnyStrategy to_strategy(const py::object& object) {
  if (object.is_none()) return search::make_strategy("bo");
  if (py::isinstance<py::str>(object)) return search::make_strategy(object.cast<std::string>());
  if (py::isinstance<search::AnyStrategy>(object)) return object.cast<search::AnyStrategy>();
  if (py::hasattr(object, "suggest")) return PythonStrategy(object);
  throw InvalidArgument("strategy: must be a name, a strategy, or an object with suggest(history)");
}

void bind_search(py::module_& m) {
  py::class_<search::AnyStrategy>(m, "Strategy",
                                  "Proposes what to measure next; made by name or by the functions here.")
      .def(py::init([](const std::string& name) { return search::make_strategy(name); }), "name"_a,
           "bo, random, exhaustive, lhs, sobol.");
  m.def(
      "BayesianOptimisation",
      [](const std::string& acquisition, std::size_t initial_points, bool learn_failures, const py::object& surrogate) {
        search::BayesianOptions options;
        options.initial_points = initial_points;
        options.learn_failures = learn_failures;
        if (acquisition == "ei")
          options.acquisition = search::choose_expected_improvement();
        else if (acquisition == "pi")
          options.acquisition = search::choose_probability_of_improvement();
        else if (acquisition != "logei") {
          throw InvalidArgument("acquisition: '" + acquisition + "' is none of logei, ei, pi");
        }
        if (surrogate.is_none()) return search::AnyStrategy(search::BayesianOptimisation<>(std::move(options)));
        return search::AnyStrategy(
            search::BayesianOptimisation<PythonSurrogate>(std::move(options), PythonSurrogate(surrogate)));
      },
      "acquisition"_a = "logei", "initial_points"_a = 5, "learn_failures"_a = true, "surrogate"_a = py::none(),
      "Bayesian optimisation. surrogate: a class or function that makes objects with fit(x, y, noise) and "
      "predict(x) -> (mean, stddev); default: the Gaussian process.");
}

}  // namespace bayestuner::python
