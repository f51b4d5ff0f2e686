#pragma once
// Plain Python values for configurations and metrics. The only place where types are erased.

#include <pybind11/eigen.h>
#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <stdexcept>

#include "bayestuner/core/metric.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::python {

namespace py = pybind11;
using py::literals::operator""_a;

inline space::Value to_value(const py::handle& object) {
  if (py::isinstance<py::bool_>(object)) return object.cast<bool>();
  if (py::isinstance<py::int_>(object)) return object.cast<std::int64_t>();
  if (py::isinstance<py::str>(object)) return object.cast<std::string>();
  if (py::hasattr(object, "item")) return to_value(object.attr("item")());  // NumPy scalars
  try {
    return object.cast<double>();
  } catch (const py::cast_error&) {
    throw InvalidArgument("value: " + std::string(py::repr(object)) + " is neither a number nor a text nor a boolean");
  }
}

inline py::object from_value(const space::Value& value) {
  return std::visit([](const auto& v) -> py::object { return py::cast(v); }, value);
}

inline space::Configuration to_configuration(const py::handle& object) {
  if (!py::isinstance<py::dict>(object)) throw InvalidArgument("params: must be a dict of names and values");
  space::Configuration params;
  for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) {
    params.set(key.cast<std::string>(), to_value(value));
  }
  return params;
}

inline py::dict from_configuration(const space::Configuration& params) {
  py::dict dict;
  for (const auto& [name, value] : params) dict[py::str(name)] = from_value(value);
  return dict;
}

// A number, (mean, standard error), or a Metric.
inline Metric to_metric(const py::handle& object) {
  if (py::isinstance<Metric>(object)) return object.cast<Metric>();
  try {
    if (py::isinstance<py::tuple>(object) || py::isinstance<py::list>(object)) {
      const auto pair = object.cast<std::vector<double>>();
      if (pair.size() != 2) throw InvalidArgument("metric: a pair must be (mean, standard error)");
      return {.value = pair[0], .standard_error = pair[1]};
    }
    return {.value = object.cast<double>()};
  } catch (const py::cast_error&) {
    throw InvalidArgument("metric: " + std::string(py::repr(object)) +
                          " is neither a number, nor (mean, standard error), nor a Metric");
  }
}

// A dict of metrics; one value for a problem with one metric; a list or tuple, in the order of `names`, for several.
inline study::Metrics to_metrics(const py::handle& object, const std::vector<std::string>& names) {
  study::Metrics metrics;
  if (py::isinstance<py::dict>(object)) {
    for (const auto& [key, value] : py::reinterpret_borrow<py::dict>(object)) {
      metrics[key.cast<std::string>()] = to_metric(value);
    }
  } else if (names.size() == 1) {
    metrics[names.front()] = to_metric(object);
  } else if ((py::isinstance<py::tuple>(object) || py::isinstance<py::list>(object)) &&
             py::len(object) == names.size()) {
    const auto list = py::reinterpret_borrow<py::sequence>(object);
    for (std::size_t i = 0; i < names.size(); ++i) metrics[names[i]] = to_metric(py::object(list[i]));
  } else {
    throw InvalidArgument("values: must be a dict of metrics, or a list in the order " + join(names));
  }
  return metrics;
}

inline py::dict from_metrics(const study::Metrics& metrics) {
  py::dict dict;
  for (const auto& [name, m] : metrics) dict[py::str(name)] = py::cast(m);
  return dict;
}

}  // namespace bayestuner::python
