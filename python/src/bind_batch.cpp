#include "bayestuner/acquisition/batch.hpp"
#include "casters.hpp"
#include "python_bound.hpp"

namespace bayestuner::python {

namespace {

using Release = py::call_guard<py::gil_scoped_release>;
using acquisition::BatchConstraint, acquisition::JointPosterior;

}  // namespace

void bind_batch(py::module_& m) {
  py::class_<BatchConstraint>(m, "BatchConstraint", "A constrained metric of a batch: what is believed, and its bound.")
      .def(py::init([](JointPosterior posterior, double threshold, const std::string& bound) {
             return BatchConstraint{std::move(posterior), threshold, to_bound(bound)};
           }),
           "posterior"_a, "threshold"_a,
           "bound"_a = "<=", "posterior: of the same q candidates. bound: <= or >=. Raises InvalidArgument.")
      .def_readonly("posterior", &BatchConstraint::posterior, "The joint belief.")
      .def_readonly("threshold", &BatchConstraint::threshold, "The metric's unit.");

  using acquisition::BatchExpectedImprovement;
  py::class_<BatchExpectedImprovement>(
      m, "BatchExpectedImprovement",
      "qEI: expected gain of the best of q candidates measured together, by quasi-Monte-Carlo.")
      .def(py::init([](double incumbent, std::size_t samples, std::uint64_t seed) {
             return BatchExpectedImprovement(incumbent, {.samples = samples, .seed = seed});
           }),
           "incumbent"_a, "samples"_a = 512, "seed"_a = 0,
           "incumbent: best value so far, minimised. Equal seeds give equal values. Raises InvalidArgument.")
      .def("__call__", &BatchExpectedImprovement::operator(), "posterior"_a,
           "constraints"_a = std::vector<BatchConstraint>(), Release(),
           "Return the expected gain, a number, of candidates that keep the constraints. Raises InvalidArgument.")
      .def("log_value", &BatchExpectedImprovement::log_value, "posterior"_a,
           "constraints"_a = std::vector<BatchConstraint>(), Release(),
           "Return qLogEI: its logarithm, finite where no draw gains. Raises InvalidArgument.");

  using acquisition::BatchExpectedHypervolumeImprovement;
  py::class_<BatchExpectedHypervolumeImprovement>(
      m, "BatchExpectedHypervolumeImprovement",
      "qEHVI: expected gain in hypervolume of up to 8 candidates measured together, by quasi-Monte-Carlo.")
      .def(py::init([](acquisition::HypervolumeImprovement front, std::size_t samples, std::uint64_t seed) {
             return BatchExpectedHypervolumeImprovement(std::move(front), {.samples = samples, .seed = seed});
           }),
           "front"_a, "samples"_a = 512, "seed"_a = 0,
           "front: what a batch must improve. Equal seeds give equal values. Raises InvalidArgument.")
      .def("__call__", &BatchExpectedHypervolumeImprovement::operator(), "posteriors"_a,
           "constraints"_a = std::vector<BatchConstraint>(), Release(),
           "Return the expected gain, a number, for one joint belief (q) an objective. Raises InvalidArgument.");
}

}  // namespace bayestuner::python
