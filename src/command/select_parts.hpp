#pragma once
// The subcommands of `select`, and what they share.

#include <map>
#include <string>
#include <vector>

#include "command/commands.hpp"

namespace bayestuner::command {

void add_select_evaluate(CLI::App& select, Action& action);
void add_select_fit(CLI::App& select, Action& action);
void add_select_predict(CLI::App& select, Action& action);
void add_select_explain(CLI::App& select, Action& action);

// NAME=VALUE entries over `costs`, by the names of `models`. Throws InvalidArgument that begins with --costs.
void set_costs(std::map<std::string, double>& costs, const std::vector<std::string>& entries,
               const std::vector<std::string>& models, const std::string& task);

}  // namespace bayestuner::command
