#pragma once

#include <string>
#include <utility>

#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::knob {

/// A placeholder {name} in the workload's argument template; no shell ever sees it. See render_template().
class Argument {
 public:
  explicit Argument(space::Parameter parameter, std::string kind = "software")
      : parameter_(std::move(parameter)), kind_(std::move(kind)) {}

  const std::string& name() const { return parameter_.name(); }
  Description describe() const {
    return {.kind = kind_,
            .mechanism = "argument {" + name() + "}",
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
            .writes = {{.action = Action::set_argument, .target = name(), .value = text}}};
  }

 private:
  space::Parameter parameter_;
  std::string kind_;
};
static_assert(Knob<Argument>);

}  // namespace bayestuner::knob
