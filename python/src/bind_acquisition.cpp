#include "casters.hpp"

#include "bayestuner/acquisition/expected_improvement.hpp"
#include "bayestuner/acquisition/log_expected_improvement.hpp"
#include "bayestuner/acquisition/probability_of_improvement.hpp"
#include "bayestuner/acquisition/upper_confidence_bound.hpp"

namespace bayestuner::python {

namespace {

template <class A>
void bind_score(py::module_& m, const char* name, const char* doc, const char* argument) {
  py::class_<A>(m, name, doc)
      .def(py::init<double>(), py::arg(argument), "Raises InvalidArgument for a number that is not finite.")
      .def("__call__", &A::operator(), "posterior"_a, py::call_guard<py::gil_scoped_release>(),
           "Return the scores (n,) of a posterior of n points; higher is measured sooner. Raises InvalidArgument.");
}

}  // namespace

void bind_acquisition(py::module_& m) {
  bind_score<acquisition::ExpectedImprovement>(m, "ExpectedImprovement", "Expected gain over the incumbent.",
                                               "incumbent");
  bind_score<acquisition::LogExpectedImprovement>(
      m, "LogExpectedImprovement", "Logarithm of the expected gain, stable far from the optimum.", "incumbent");
  bind_score<acquisition::ProbabilityOfImprovement>(m, "ProbabilityOfImprovement",
                                                    "Probability of a gain over the incumbent.", "incumbent");
  bind_score<acquisition::UpperConfidenceBound>(m, "UpperConfidenceBound",
                                                "-(mean - kappa * stddev), for minimisation.", "kappa");
}

}  // namespace bayestuner::python
