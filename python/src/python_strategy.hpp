#pragma once
// Python objects in place of C++ models.

#include "call_python.hpp"

#include "bayestuner/core/posterior.hpp"
#include "bayestuner/search/acquisition_choice.hpp"
#include "bayestuner/search/any_strategy.hpp"
#include "bayestuner/surrogate/any_surrogate.hpp"

namespace bayestuner::python {

// An object with suggest(history: dict) -> dict | None as a SearchStrategy. The history has "space", "metrics",
// "trials" (dicts with params, state, values), "seed", "budget".
class PythonStrategy {
 public:
  explicit PythonStrategy(py::object object) : object_(std::move(object)) {}
  std::optional<space::Point> suggest(const search::History& history);

 private:
  Handle object_;
};

// An object with fit(x, y, noise) and predict(x) -> (mean, stddev) as a Surrogate.
class PythonSurrogate {
 public:
  PythonSurrogate() = default;  // a place to assign to
  // `factory()` gives a fresh surrogate; each copy of this model makes its own.
  explicit PythonSurrogate(py::object factory) : factory_(std::move(factory)), model_(fresh()) {}
  PythonSurrogate(const PythonSurrogate& other) : factory_(other.factory_), model_(fresh()) {}
  PythonSurrogate& operator=(const PythonSurrogate& other) {
    factory_ = other.factory_;
    model_ = fresh();
    return *this;
  }
  void fit(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const Eigen::VectorXd& noise);
  Posterior predict(const Eigen::MatrixXd& x) const;

 private:
  Handle fresh() const {
    if (!factory_) return {};
    return with_python([&] { return Handle((*factory_)()); });
  }
  Handle factory_;
  Handle model_;
};

// An object that is called with a Posterior and gives scores (n) as an Acquisition.
class PythonAcquisition {
 public:
  explicit PythonAcquisition(py::object object) : object_(std::move(object)) {}
  Eigen::VectorXd operator()(const Posterior& posterior) const;

 private:
  Handle object_;
};

// An acquisition from Python: a name, or a class or function whose call with the incumbent gives a PythonAcquisition;
// its attribute `kind` (or `kind` here) says what a score measures.
search::AcquisitionChoice to_acquisition(const py::object& object, const std::optional<std::string>& kind);

// A surrogate from Python: a name, one of those bound here, or a class or function that makes objects with fit() and
// predict().
surrogate::AnySurrogate to_surrogate(const py::object& object);

// A strategy from Python: a name, a Strategy made here, or any object with suggest().
search::AnyStrategy to_strategy(const py::object& object);

}  // namespace bayestuner::python
