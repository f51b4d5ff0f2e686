#pragma once
/// Recorded tables of inputs, and how well a selector chooses on them.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/selection/data.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace bayestuner::analysis {

/// One task of type `selection` of a tasks.json: a row is an input, with its features and every model's score.
struct SelectionTask {
  std::string id;
  std::filesystem::path file;
  std::vector<std::string> models, features;  ///< features empty: every column that begins with f_
  std::string score_columns;                  ///< a model's column, with <model> where its name stands
  bool higher_is_better = true;
  std::string split_column;                       ///< empty: every row is `train`
  std::map<std::string, double> cost_per_call{};  ///< empty: none
  std::optional<double> max_mean_cost{};
};

/// The selection tasks of a tasks.json; others are left out. Throws InvalidArgument naming task and key.
std::vector<SelectionTask> read_selection_tasks(const std::filesystem::path& path);

/// The table of a task.
struct SelectionTable {
  selection::FeatureMatrix x;
  selection::ScoreMatrix scores;
  selection::CostModel costs;
  std::vector<std::string> split;  ///< one a row
};

/// Loads a task's table. A feature with text in it is a category, and so is one with `pred`, `label` or `class` as a
/// word of its name; empty cells are missing numbers. Scores that are lower the better are cost-like; others are
/// successes where all lie in [0, 1]. `split_column`: another than the task's own. Throws InvalidArgument
/// `file:line: column …`.
SelectionTable load_selection_table(const SelectionTask& task, const std::string& split_column = {});

/// Inputs to choose models for: the columns of a CSV file that are `learnt` ones, in their order. A level that was not
/// learnt is -1, an empty cell of a number is missing. Throws InvalidArgument `file:line: column …`.
selection::FeatureMatrix load_inputs(const std::filesystem::path& path,
                                     const std::vector<selection::FeatureColumn>& learnt);

struct EvaluateOptions {
  selection::SelectorOptions selector{};  ///< policy and estimator are set by method and budget
  bool as_given = false;                  ///< the selector's options hold as they are; the method is a name alone
  std::optional<double> max_mean_cost{}, min_score{};
  bool per_input = false;  ///< with a budget: lambda from the training rows instead of an exactly filled batch
  bool folds = false;      ///< every value of the split column is a fold, tested once
  bool shuffle = false;    ///< features shuffled between rows: nothing is to be learnt
};

/// How a method did on a task.
struct SelectionResult {
  std::string task, method, estimator, best_single;
  double score = 0.0, score_se = 0.0, best_single_score = 0.0, oracle_score = 0.0, share_of_gap = 0.0, declined = 0.0;
  std::optional<double> cost, best_single_cost, random_score;  ///< random: mix of single models at the same mean cost
  std::optional<double> ece;                                   ///< mean over the models, on test rows
  std::map<std::string, double> single_scores;
  std::vector<std::string> candidates;  ///< Algorithm 1 on the training rows
  std::vector<double> gain_points;
  double unanswered_points = 0.0;
  double decision_median_s = 0.0, decision_p99_s = 0.0, fit_s = 0.0;

  std::string to_json() const;  ///< one line
};

/// The methods that `evaluate` knows: "default" (mix where there are costs, forest where not), "auto", every name of
/// selection::estimator_names(), and stages as `knn.svm.dt`. What predicts the optimum ("cascade" with K = 5, stages,
/// "multi-…") goes with the paper's policy and stages in the order of cost.
/// Learns on rows with split `train`, scores on `test`. Throws InvalidArgument.
SelectionResult evaluate(const SelectionTask& task, const SelectionTable& table, const std::string& method,
                         const EvaluateOptions& options);

}  // namespace bayestuner::analysis
