#pragma once
// Python objects as batch servers.

#include "call_python.hpp"

#include "bayestuner/control/server_port.hpp"

namespace bayestuner::python {

// An object with set_batch(batch) and collect() -> list of batches (dicts). Optional: set_level(level), release().
class PythonServerPort {
 public:
  explicit PythonServerPort(py::object object);
  void apply(const control::ServerSetting& setting);
  // What was taken last: an object that refuses raises in set_batch().
  control::ServerSetting in_force() const { return setting_; }
  void collect(control::Collected& collected);
  void release() noexcept;

 private:
  Handle object_;
  control::ServerSetting setting_;
  bool has_level_ = false, has_release_ = false;
};

// A URL, an Engine, or an object that stands in for one. Throws InvalidArgument that says what is missing.
control::AnyServerPort to_server_port(const py::object& object, const std::string& level_name, double lease_s,
                                      double timeout_s);

}  // namespace bayestuner::python
