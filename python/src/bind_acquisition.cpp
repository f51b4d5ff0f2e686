#include "call_python.hpp"
#include "casters.hpp"
#include "python_bound.hpp"

#include "bayestuner/acquisition/constrained.hpp"
#include "bayestuner/acquisition/expected_improvement.hpp"
#include "bayestuner/acquisition/log_expected_improvement.hpp"
#include "bayestuner/acquisition/probability_of_improvement.hpp"
#include "bayestuner/acquisition/upper_confidence_bound.hpp"

namespace bayestuner::python {

namespace {

using Release = py::call_guard<py::gil_scoped_release>;

template <class A>
void bind_score(py::module_& m, const char* name, const char* doc, const char* argument) {
  py::class_<A>(m, name, doc)
      .def(py::init<double>(), py::arg(argument), "Raises InvalidArgument for a number that is not finite.")
      .def("__call__", &A::operator(), "posterior"_a, Release(),
           "Return the scores (n,) of a posterior of n points; higher is measured sooner. Raises InvalidArgument.");
}

// Any acquisition in logs that Python can call, of one belief or of one an objective.
class LogAcquisition {
 public:
  explicit LogAcquisition(const py::object& object) : object_(object) {}
  Eigen::VectorXd operator()(const Posterior& belief) const { return call(belief); }
  Eigen::VectorXd operator()(const std::vector<Posterior>& beliefs) const { return call(beliefs); }

 private:
  template <class Beliefs>
  Eigen::VectorXd call(const Beliefs& beliefs) const {
    return with_python([&] { return (*object_)(py::cast(beliefs)).template cast<Eigen::VectorXd>(); });
  }
  Handle object_;
};
using Constrained = acquisition::Constrained<LogAcquisition>;

LogAcquisition require_log(const py::object& object) {
  const bool is_plain = py::isinstance<acquisition::ExpectedImprovement>(object) ||
                        py::isinstance<acquisition::ProbabilityOfImprovement>(object) ||
                        py::isinstance<acquisition::UpperConfidenceBound>(object);
  if (is_plain || PyCallable_Check(object.ptr()) == 0) {
    throw InvalidArgument(
        "acquisition: must be one in logarithms, such as LogExpectedImprovement: ln P is added to it");
  }
  return LogAcquisition(object);
}

}  // namespace

void bind_acquisition(py::module_& m) {
  bind_score<acquisition::ExpectedImprovement>(m, "ExpectedImprovement", "Expected gain over the incumbent.",
                                               "incumbent");
  bind_score<acquisition::LogExpectedImprovement>(
      m, "LogExpectedImprovement", "Logarithm of the expected gain, stable far from the optimum.", "incumbent");
  bind_score<acquisition::ProbabilityOfImprovement>(m, "ProbabilityOfImprovement",
                                                    "Probability of a gain over the incumbent.", "incumbent");
  bind_score<acquisition::LogProbabilityOfImprovement>(m, "LogProbabilityOfImprovement",
                                                       "Its logarithm, stable far from the optimum.", "incumbent");
  bind_score<acquisition::UpperConfidenceBound>(m, "UpperConfidenceBound",
                                                "-(mean - kappa * stddev), for minimisation.", "kappa");

  using acquisition::ConstraintBelief;
  py::class_<ConstraintBelief>(m, "ConstraintBelief", "A constrained metric: what is believed of it, and its bound.")
      .def(py::init([](Posterior posterior, double threshold, const std::string& bound) {
             return ConstraintBelief{std::move(posterior), threshold, to_bound(bound)};
           }),
           "posterior"_a, "threshold"_a,
           "bound"_a = "<=", "posterior: of the candidates to be scored. bound: <= or >=. Raises InvalidArgument.")
      .def_readonly("posterior", &ConstraintBelief::posterior, "The belief.")
      .def_readonly("threshold", &ConstraintBelief::threshold, "The metric's unit.");
  py::class_<Constrained>(m, "Constrained", "An acquisition in logs plus ln P(feasible).")
      .def(py::init([](const py::object& acquisition, const std::vector<ConstraintBelief>& constraints) {
             return Constrained(require_log(acquisition), constraints);
           }),
           "acquisition"_a, "constraints"_a,
           "acquisition: any of the Log... classes, of one objective or of several, or a function in logarithms. "
           "constraints: ConstraintBelief each, about the candidates to be scored. Raises InvalidArgument.")
      .def(
          "__call__", [](const Constrained& c, const Posterior& p) { return c(p); }, "posterior"_a, Release(),
          "Return the scores (n,) of one objective. Raises InvalidArgument.")
      .def(
          "__call__", [](const Constrained& c, const std::vector<Posterior>& p) { return c(p); }, "posteriors"_a,
          Release(), "Return the scores (n,) of several objectives, one posterior each. Raises InvalidArgument.")
      .def_property_readonly("log_feasible", &Constrained::log_feasible,
                             "Sum of the constraints' ln P (n,); empty without constraints.");
  m.def(
      "log_probability_of_feasibility",
      [](const Posterior& posterior, double threshold, const std::string& bound) {
        return acquisition::log_probability_of_feasibility(posterior, threshold, to_bound(bound));
      },
      "posterior"_a, "threshold"_a, "bound"_a = "<=",
      "Return ln P(metric on the allowed side), shape (n,). bound: <= or >=. Raises InvalidArgument.");
}

}  // namespace bayestuner::python
