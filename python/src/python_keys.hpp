#pragma once
// Dicts whose keys are known.

#include <algorithm>
#include <string>
#include <vector>

#include "casters.hpp"

namespace bayestuner::python {

// The keys of a dict, each at most once asked for; what is left over is refused.
class Keys {
 public:
  Keys(const char* what, const py::dict& dict) : what_(what), dict_(dict) {}

  template <class T>
  void operator()(const char* key, T& value) {
    names_.emplace_back(key);
    if (!dict_.contains(key) || dict_[key].is_none()) return;
    try {
      value = dict_[key].cast<T>();
    } catch (const py::cast_error&) {
      throw InvalidArgument(std::string(what_) + "['" + key + "']: " + std::string(py::repr(dict_[key])) +
                            " is not of the right kind");
    }
  }
  void refuse_others() const {
    for (const auto& [key, value] : dict_) {
      const auto name = py::str(key).cast<std::string>();
      if (std::find(names_.begin(), names_.end(), name) != names_.end()) continue;
      throw InvalidArgument(std::string(what_) + ": has no key '" + name + "', only " + join(names_));
    }
  }

 private:
  const char* what_;
  py::dict dict_;
  std::vector<std::string> names_;
};

}  // namespace bayestuner::python
