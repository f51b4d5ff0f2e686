#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "bayestuner/analysis/selection_tasks.hpp"
#include "bayestuner/core/error.hpp"
#include "command/select_parts.hpp"

namespace bayestuner::command {

namespace {

struct EvaluateOptions {
  std::string file, format, split;
  std::vector<std::string> ids, methods;
  int seeds = 1;
  double max_mean_cost = -1.0, min_score = -1.0;
  std::vector<std::string> costs;
  bool per_input = false, folds = false, shuffle = false;
};

std::string row_of(const analysis::SelectionResult& r) {
  return fmt::format(
      "{:<20} {:<10} {:>10.4f} {:>8.4f} {:>8} {:>10.4f} {:>10.4f} {:>7.3f} {:>10} {:>7} {:>9.2f} {:>8.1f}\n", r.task,
      r.method, r.score, r.score_se, r.cost ? fmt::format("{:.3f}", *r.cost) : "-", r.best_single_score, r.oracle_score,
      r.share_of_gap, r.random_score ? fmt::format("{:.4f}", *r.random_score) : "-",
      r.ece ? fmt::format("{:.3f}", *r.ece) : "-", 1e6 * r.decision_median_s, r.fit_s);
}

int run(const EvaluateOptions& o) {
  auto tasks = analysis::read_selection_tasks(o.file);
  for (const std::string& id : o.ids) {
    if (std::none_of(tasks.begin(), tasks.end(), [&](const auto& t) { return t.id == id; })) {
      throw InvalidArgument("--task: '" + id + "' is no selection task of " + o.file);
    }
  }
  if (tasks.empty()) throw InvalidArgument(o.file + ": has no task of type selection");
  const std::vector<std::string> methods = o.methods.empty() ? std::vector<std::string>{"default"} : o.methods;
  if (o.format == "table") {
    write_out("", fmt::format("{:<20} {:<10} {:>10} {:>8} {:>8} {:>10} {:>10} {:>7} {:>10} {:>7} {:>9} {:>8}\n", "task",
                              "method", "score", "se", "cost", "single", "oracle", "gap", "random", "ece", "decide us",
                              "fit s"));
  }
  bool failed = false;
  for (auto& task : tasks) {
    if (!o.ids.empty() && std::find(o.ids.begin(), o.ids.end(), task.id) == o.ids.end()) continue;
    try {
      set_costs(task.cost_per_call, o.costs, task.models, "task " + task.id);
      const analysis::SelectionTable table = analysis::load_selection_table(task, o.split);
      for (const std::string& method : methods) {
        for (int seed = 0; seed < o.seeds; ++seed) {
          analysis::EvaluateOptions options;
          options.per_input = o.per_input;
          options.folds = o.folds;
          options.shuffle = o.shuffle;
          options.selector.seed = static_cast<std::uint64_t>(seed);
          if (o.max_mean_cost >= 0.0) options.max_mean_cost = o.max_mean_cost;
          if (o.min_score >= 0.0) options.min_score = o.min_score;
          const analysis::SelectionResult result = analysis::evaluate(task, table, method, options);
          write_out("", o.format == "json" ? result.to_json() + "\n" : row_of(result));
        }
      }
    } catch (const Error& e) {
      if (tasks.size() == 1) throw;
      fmt::print(stderr, "bayestuner: {}: {}\n", task.id, e.what());
      failed = true;
    }
  }
  return failed ? partly_failed : success;
}

}  // namespace

void add_select_evaluate(CLI::App& select, Action& action) {
  auto o = std::make_shared<EvaluateOptions>();
  CLI::App* sub = select.add_subcommand("evaluate", "Try selectors on recorded tables of inputs");
  sub->add_option("tasks", o->file, "tasks.json")->required();
  sub->add_option("--task", o->ids, "only this task (may be repeated)");
  sub->add_option("--method", o->methods, "methods, separated by commas [default]")->delimiter(',');
  sub->add_option("--seeds", o->seeds, "runs of each")->check(CLI::PositiveNumber)->capture_default_str();
  sub->add_option("--max-mean-cost", o->max_mean_cost, "budget instead of each task's own")
      ->check(CLI::NonNegativeNumber);
  sub->add_option("--min-score", o->min_score, "least cost at this share of the best single model's score")
      ->check(CLI::NonNegativeNumber);
  sub->add_option("--costs", o->costs, "NAME=VALUE, separated by commas: what a call costs")->delimiter(',');
  sub->add_flag("--per-input", o->per_input, "keep to the budget by the training rows alone, one input at a time");
  sub->add_option("--split", o->split, "column to split by, instead of the task's own");
  sub->add_flag("--folds", o->folds, "every value of that column is a fold, tested once");
  sub->add_flag("--shuffle", o->shuffle, "shuffle the features between rows: nothing is to be learnt");
  add_format(*sub, o->format);
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
