#include "call_python.hpp"

#include "bayestuner/study/trial.hpp"

namespace bayestuner::python {

namespace {

std::string first_line(const py::error_already_set& error) {
  std::string text = error.type().attr("__name__").cast<std::string>();
  std::string message = py::str(error.value()).cast<std::string>();
  if (const auto end = message.find('\n'); end != std::string::npos) message.resize(end);
  return message.empty() ? text : text + ": " + message;
}

}  // namespace

Raised::Raised(py::error_already_set error) : error_(std::move(error)), text_(first_line(error_)) {}

void throw_as_cpp(const py::error_already_set& error) {
  const py::object failed = py::module_::import("bayestuner.study").attr("TrialFailed");
  if (error.matches(failed)) {
    const py::object value = error.value();
    study::Metrics partial;
    for (const auto& [name, metric] : value.attr("metrics").cast<py::dict>()) {
      partial[name.cast<std::string>()] = to_metric(metric);
    }
    throw study::TrialFailed(study::failure_reason_from_string(value.attr("reason").cast<std::string>()),
                             py::str(value).cast<std::string>(), std::move(partial));
  }
  if (!error.matches(PyExc_Exception)) throw Interruption{error};
  if (error.matches(PyExc_MemoryError)) {
    throw study::TrialFailed(study::FailureReason::out_of_memory, first_line(error));
  }
  throw Raised(error);
}

py::object value_or_call(const py::object& object, const char* name, py::object fallback) {
  if (!py::hasattr(object, name)) return fallback;
  py::object value = object.attr(name);
  return PyCallable_Check(value.ptr()) != 0 && !py::isinstance<py::type>(value) ? py::object(value()) : value;
}

void require_methods(const char* what, const py::object& object, const std::vector<const char*>& methods) {
  for (const char* const name : methods) {
    if (py::hasattr(object, name) && PyCallable_Check(object.attr(name).ptr()) != 0) continue;
    throw InvalidArgument(std::string(what) + ": " + py::repr(object).cast<std::string>() + " has no method " + name +
                          "()");
  }
}

Availability to_availability(const py::object& object) {
  if (object.is_none() || object.is(py::bool_(true))) return Availability::available();
  if (py::isinstance<py::str>(object)) return Availability::unavailable(object.cast<std::string>());
  throw InvalidArgument("availability: " + py::repr(object).cast<std::string>() +
                        " is neither None (available) nor a text that says why not");
}

}  // namespace bayestuner::python
