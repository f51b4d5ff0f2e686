#pragma once
// What adapters of Python objects share: attributes that may be values or methods, and exceptions that cross C++.

#include "handle.hpp"

#include "bayestuner/core/availability.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::python {

// Ctrl-C or SystemExit inside Python code that C++ called. No std::exception, so that nothing on the way up takes it
// for a failure of a trial.
struct Interruption {
  py::error_already_set error;
};

// Any other exception of Python's on its way through C++; what() is one line, and Python sees the original again.
class Raised : public std::exception {
 public:
  explicit Raised(py::error_already_set error);
  const char* what() const noexcept override { return text_.c_str(); }
  const py::error_already_set& error() const { return error_; }

 private:
  py::error_already_set error_;
  std::string text_;
};

// Throws what C++ makes of an exception of Python's: TrialFailed (of the same reason, or out_of_memory), Interruption,
// or Raised. With the interpreter's lock.
[[noreturn]] void throw_as_cpp(const py::error_already_set& error);

// Calls `function` with the interpreter's lock; see throw_as_cpp().
template <class F>
auto with_python(F function) {
  const py::gil_scoped_acquire lock;
  try {
    return function();
  } catch (const py::error_already_set& error) {
    throw_as_cpp(error);
  }
}

// `object.name`, called if it is a method; `fallback` where there is none. With the interpreter's lock.
py::object value_or_call(const py::object& object, const char* name, py::object fallback = py::none());

// Throws InvalidArgument unless `object` has every one of `methods`.
void require_methods(const char* what, const py::object& object, const std::vector<const char*>& methods);

// None or True: available; a text: why not.
Availability to_availability(const py::object& object);

}  // namespace bayestuner::python
