#pragma once

#include <string>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::knob {

/// A variable in the workload's environment. Takes effect at its start; our own environment is never touched.
class Environment {
 public:
  /// `kind`: what a meter must be able to see, "threads" for thread counts. Throws InvalidArgument for a bad variable.
  Environment(std::string variable, space::Parameter parameter, std::string kind = "software")
      : variable_(std::move(variable)), parameter_(std::move(parameter)), kind_(std::move(kind)) {
    if (variable_.empty() || variable_.find_first_of(std::string("=\0", 2)) != std::string::npos) {
      throw InvalidArgument(parameter_.name() + ": \"" + variable_ + "\" is no name of an environment variable");
    }
  }

  const std::string& name() const { return parameter_.name(); }
  Description describe() const {
    return {.kind = kind_,
            .mechanism = "environment " + variable_,
            .unit = "",
            .scope = Scope::process,
            .allowed = "the parameter's values",
            .side_effects = {},
            .privilege = "none"};
  }
  Availability availability() const { return Availability::available(); }
  space::Parameter parameter() const { return parameter_; }
  Plan plan(const space::Value& value) const {
    const std::string text = space::to_text(parameter_.value(parameter_.require_code(value)));
    return {.knob = name(),
            .value = value,
            .resource = {},
            .writes = {{.action = Action::set_environment, .target = variable_, .value = text},
                       {.action = Action::set_argument, .target = name(), .value = text}}};
  }

 private:
  std::string variable_;
  space::Parameter parameter_;
  std::string kind_;
};
static_assert(Knob<Environment>);

}  // namespace bayestuner::knob
