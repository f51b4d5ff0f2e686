#pragma once
// Python objects as knobs.

#include "call_python.hpp"

#include "bayestuner/knob/any_knob.hpp"

namespace bayestuner::python {

// An object with `parameter` and either plan(value), the writes of a knob::Plan, or set(value), which does it in this
// process. Optional: describe(), availability(). Its name is the parameter's.
class PythonKnob {
 public:
  explicit PythonKnob(py::object object);
  const std::string& name() const { return parameter_.name(); }
  knob::Description describe() const { return description_; }
  Availability availability() const { return availability_; }
  space::Parameter parameter() const { return parameter_; }
  knob::Plan plan(const space::Value& value) const;

 private:
  Handle object_;
  space::Parameter parameter_;
  knob::Description description_;
  Availability availability_ = Availability::available();
  bool plans_ = false;
};

// A knob made here, or any object that can stand in for one. Throws InvalidArgument that says what is missing.
knob::AnyKnob to_knob(const py::object& object);

}  // namespace bayestuner::python
