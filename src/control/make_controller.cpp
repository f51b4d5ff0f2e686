#include "bayestuner/control/make_controller.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "bayestuner/control/fixed.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

namespace {

// Reads options into the members of a struct, or, asked for the defaults, reports what the members hold.
class Reading {
 public:
  Reading(const std::string& controller, const ControllerOptions& given) : controller_(controller), given_(&given) {}

  template <class T>
  void operator()(const char* name, T& member) {
    defaults[name] = static_cast<double>(member);
    const auto it = given_->find(name);
    if (it == given_->end()) return;
    if constexpr (std::is_floating_point_v<T>) {
      member = it->second;
    } else {
      const double whole = std::nearbyint(it->second);
      const double largest = std::is_same_v<T, bool> ? 1.0 : static_cast<double>(std::numeric_limits<T>::max());
      if (whole != it->second || whole < 0.0 || whole > largest) {
        throw InvalidArgument(controller_ + "." + name + ": " + to_text(it->second) + " is no whole number in [0, " +
                              to_text(largest) + "]");
      }
      member = static_cast<T>(whole);
    }
  }

  void refuse_others() const {
    for (const auto& [name, value] : *given_) {
      if (defaults.count(name) > 0) continue;
      std::vector<std::string> names;
      for (const auto& [known, unused] : defaults) names.push_back(known);
      throw InvalidArgument(controller_ + ": has no option '" + name + "'; it has " + join(names));
    }
  }

  ControllerOptions defaults;

 private:
  std::string controller_;
  const ControllerOptions* given_;
};

struct Made {
  const char* name;
  AnyController (*make)(const KnobGrid& grid, const Limits& limits, Reading& reading);
};

AnyController make_fixed(const KnobGrid& grid, const Limits& limits, Reading& reading) {
  Setting setting;
  reading("batch_index", setting.batch_index);
  reading("clock_index", setting.clock_index);
  reading("instances", setting.instances);
  reading.refuse_others();
  return Fixed(grid, limits, setting);
}

constexpr Made all[] = {{"fixed", make_fixed}};

const Made& find(const std::string& name) {
  const auto it = std::find_if(std::begin(all), std::end(all), [&](const Made& m) { return name == m.name; });
  if (it == std::end(all)) {
    throw InvalidArgument("controller: '" + name + "' is none of " + join(controller_names()));
  }
  return *it;
}

}  // namespace

std::vector<std::string> controller_names() {
  std::vector<std::string> names;
  for (const Made& made : all) names.emplace_back(made.name);
  return names;
}

ControllerOptions controller_options(const std::string& name) {
  const std::uint32_t one[] = {1};
  const ControllerOptions none;
  Reading reading(name, none);
  find(name).make(KnobGrid(one), Limits{}, reading);
  return reading.defaults;
}

AnyController make_controller(const std::string& name, const KnobGrid& grid, const Limits& limits,
                              const ControllerOptions& options) {
  Reading reading(name, options);
  return find(name).make(grid, limits, reading);
}

}  // namespace bayestuner::control
