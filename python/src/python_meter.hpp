#pragma once
// Python objects as meters, and meters that several runners may hold.

#include "call_python.hpp"

#include "bayestuner/meter/any_meter.hpp"

namespace bayestuner::python {

// A meter behind a shared handle: Python variables may be used more than once.
class SharedMeter {
 public:
  explicit SharedMeter(std::shared_ptr<meter::AnyMeter> meter) : meter_(std::move(meter)) {}
  std::string name() const { return meter_->name(); }
  meter::Description describe() const { return meter_->describe(); }
  Availability availability() const { return meter_->availability(); }
  void begin(const meter::Target& target) { meter_->begin(target); }
  void sample() { meter_->sample(); }
  meter::Metrics end() { return meter_->end(); }

 private:
  std::shared_ptr<meter::AnyMeter> meter_;
};

// An object with begin(target) and end() -> dict of metrics. Optional: sample(), name, describe(), availability().
class PythonMeter {
 public:
  explicit PythonMeter(py::object object);
  const std::string& name() const { return name_; }
  meter::Description describe() const { return description_; }
  Availability availability() const { return availability_; }
  void begin(const meter::Target& target);
  void sample();
  meter::Metrics end();

 private:
  Handle object_;
  std::string name_;
  meter::Description description_;
  Availability availability_ = Availability::available();
  bool samples_ = false;
};

// A meter made here, or any object that can stand in for one. Throws InvalidArgument that says what is missing.
meter::AnyMeter to_meter(const py::object& object);

}  // namespace bayestuner::python
