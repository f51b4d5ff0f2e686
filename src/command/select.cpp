#include <algorithm>

#include "command/select_parts.hpp"

namespace bayestuner::command {

void set_costs(std::map<std::string, double>& costs, const std::vector<std::string>& entries,
               const std::vector<std::string>& models, const std::string& task) {
  for (const std::string& entry : entries) {
    const auto at = entry.find('=');
    if (at == std::string::npos) throw InvalidArgument("--costs: '" + entry + "' is no NAME=VALUE");
    const std::string name = entry.substr(0, at);
    if (std::find(models.begin(), models.end(), name) == models.end()) {
      throw InvalidArgument("--costs: '" + name + "' is no model of " + task);
    }
    double value = 0.0;
    if (!CLI::detail::lexical_cast(entry.substr(at + 1), value)) {
      throw InvalidArgument("--costs: '" + entry.substr(at + 1) + "' is no number");
    }
    costs[name] = value;
  }
}

void add_select(CLI::App& app, Action& action) {
  CLI::App* select = app.add_subcommand("select", "Choose the right model for each input");
  select->require_subcommand(1);
  add_select_fit(*select, action);
  add_select_predict(*select, action);
  add_select_explain(*select, action);
  add_select_evaluate(*select, action);
}

}  // namespace bayestuner::command
