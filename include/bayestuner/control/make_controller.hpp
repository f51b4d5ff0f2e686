#pragma once
/// Controllers by name, for files, commands and Python.

#include <map>
#include <string>
#include <vector>

#include "bayestuner/control/any_controller.hpp"

namespace bayestuner::control {

/// Options by name: numbers; flags are 0 and 1.
using ControllerOptions = std::map<std::string, double>;

/// Names that make_controller takes.
std::vector<std::string> controller_names();

/// Options that the controller of that name takes, with their defaults. Throws InvalidArgument.
ControllerOptions controller_options(const std::string& name);

/// A controller over `grid` under `limits`; options not given keep their defaults. Throws InvalidArgument for an
/// unknown name or option (the message lists what there is) and for a value that is not allowed.
AnyController make_controller(const std::string& name, const KnobGrid& grid, const Limits& limits,
                              const ControllerOptions& options = {});

}  // namespace bayestuner::control
