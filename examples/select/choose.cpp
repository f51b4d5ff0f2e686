// Learns to choose from the training rows of a recorded task, then names a model for each line of features.
//   choose TASKS.json TASK optimum | max_score BUDGET | min_cost SHARE
// Standard input: the task's features in their order, separated by blanks. Standard output: a line with the model's
// name, or - where none is to be run. The first line, before any input, says what was learnt.

#include <bayestuner/analysis/selection_tasks.hpp>
#include <bayestuner/core/error.hpp>
#include <bayestuner/selection/model_selector.hpp>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using bayestuner::InvalidArgument;
namespace analysis = bayestuner::analysis;
namespace selection = bayestuner::selection;

analysis::SelectionTask task_named(const std::string& file, const std::string& id) {
  for (analysis::SelectionTask& task : analysis::read_selection_tasks(file)) {
    if (task.id == id) return task;
  }
  throw InvalidArgument(file + ": has no task '" + id + "'");
}

selection::SelectorOptions options_of(const std::string& policy, double value) {
  selection::SelectorOptions options;
  options.estimator = "mix";  // the mean of several: what `bayestuner select evaluate` takes where there are costs
  if (policy == "optimum") {  // the paper's cascade
    options.estimator = "cascade";
    options.policy = selection::Policy::optimum();
    options.cascade.order = selection::StageOrder::cost;
  } else if (policy == "max_score") {
    options.policy = selection::Policy::max_score(value);
  } else if (policy == "min_cost") {
    options.policy = selection::Policy::min_cost(value);
  } else {
    throw InvalidArgument("policy: '" + policy + "' is none of optimum, max_score, min_cost");
  }
  return options;
}

selection::ModelSelector learn(const analysis::SelectionTask& task, const selection::SelectorOptions& options) {
  const analysis::SelectionTable table = analysis::load_selection_table(task);
  std::vector<Eigen::Index> train;
  for (std::size_t i = 0; i < table.split.size(); ++i) {
    if (table.split[i] == "train") train.push_back(static_cast<Eigen::Index>(i));
  }
  selection::ModelSelector selector(options);
  selector.fit(table.x.take(train), table.scores.take(train), table.costs.take(train));
  return selector;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4 && argc != 5)
    throw InvalidArgument("choose TASKS.json TASK optimum | max_score BUDGET | min_cost SHARE");
  const analysis::SelectionTask task = task_named(argv[1], argv[2]);
  const selection::ModelSelector selector = learn(task, options_of(argv[3], argc == 5 ? std::atof(argv[4]) : 0.0));
  std::cout << selector.estimator_name() << ", best single model " << selector.models()[selector.best_single()]
            << std::endl;
  selection::Decision decision;
  std::vector<double> x(task.features.size());
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    for (double& value : x) in >> value;
    if (!in) throw InvalidArgument("features: '" + line + "' is not " + std::to_string(x.size()) + " numbers");
    selector.select(x, decision);
    std::cout << (decision.model < 0 ? "-" : selector.models()[decision.model]) << std::endl;
  }
  return 0;
} catch (const bayestuner::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
