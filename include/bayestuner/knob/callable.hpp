#pragma once

#include <functional>
#include <string>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::knob {

/// A function of the user's that sets the value, in this process: the batch size of a loop of one's own. An exception
/// makes the trial invalid. Undoing it is the user's.
class Callable {
 public:
  /// Throws InvalidArgument for an empty function.
  Callable(space::Parameter parameter, std::function<void(const space::Value&)> function, std::string kind = "software")
      : parameter_(std::move(parameter)), function_(std::move(function)), kind_(std::move(kind)) {
    if (!function_) throw InvalidArgument(parameter_.name() + ": the function is empty");
  }

  const std::string& name() const { return parameter_.name(); }
  Description describe() const {
    return {.kind = kind_,
            .mechanism = "function call",
            .unit = "",
            .scope = Scope::process,
            .allowed = "the parameter's values",
            .side_effects = {},
            .privilege = "none"};
  }
  Availability availability() const { return Availability::available(); }
  space::Parameter parameter() const { return parameter_; }
  Plan plan(const space::Value& value) const {
    const space::Value exact = parameter_.value(parameter_.require_code(value));
    return {.knob = name(),
            .value = value,
            .resource = {},
            .writes = {{.action = Action::call,
                        .target = name(),
                        .value = space::to_text(exact),
                        .function = [function = function_, exact] { function(exact); }},
                       {.action = Action::set_argument, .target = name(), .value = space::to_text(exact)}}};
  }

 private:
  space::Parameter parameter_;
  std::function<void(const space::Value&)> function_;
  std::string kind_;
};
static_assert(Knob<Callable>);

}  // namespace bayestuner::knob
