#pragma once
// Python objects that C++ may keep.

#include <memory>

#include "casters.hpp"

namespace bayestuner::python {

// A copyable handle to a Python object that may be copied and dropped without the interpreter's lock.
class Handle {
 public:
  Handle() = default;
  explicit Handle(py::object object)
      : object_(new py::object(std::move(object)), [](py::object* o) {
          const py::gil_scoped_acquire lock;
          delete o;
        }) {}
  explicit operator bool() const { return object_ != nullptr; }
  const py::object& operator*() const { return *object_; }

 private:
  std::shared_ptr<py::object> object_;
};

}  // namespace bayestuner::python
