#pragma once
/// Strategies against each other, over tasks and seeds.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bayestuner/analysis/interval.hpp"
#include "bayestuner/analysis/replay.hpp"
#include "bayestuner/analysis/statistics.hpp"

namespace bayestuner::analysis {

/// Results in a file of `bayestuner replay --format json`, whoever wrote it: one JSON object a line, or one list of
/// them. Only task, type, strategy, budget, seeds and gap (Pareto: hypervolume) are needed. Lines with the key `error`
/// are left out. Throws InvalidArgument `file:line: …`, DeviceError if it cannot be read.
std::vector<ReplayResult> read_results(const std::filesystem::path& path);
/// The same from text; `name` stands for the file in messages.
std::vector<ReplayResult> parse_results(const std::string& text, const std::string& name = "results");

struct CompareOptions {
  double confidence = 0.95;
  int resamples = 2000;         ///< bootstrap samples behind every interval
  std::uint64_t seed = 0;       ///< of the bootstrap: equal seeds give equal intervals
  bool fixed_tasks = false;     ///< intervals for these very tasks (seeds drawn anew), not for tasks like them
  std::string baseline = {};    ///< differences from this strategy only; empty: of all pairs
  double within = 0.01;         ///< gap that counts as the optimum
  double within_volume = 0.05;  ///< lost hypervolume that counts as the whole front
};

/// Mean of a measure at a number of evaluations, over the tasks whose budget reaches it.
struct ScoreAt {
  Interval mean = {};
  std::size_t tasks = 0;
};

struct StrategyScore {
  std::string strategy = {};
  Interval mean = {};                  ///< at each task's budget: mean over tasks of the mean over seeds
  std::map<int, ScoreAt> at = {};      ///< evaluations -> mean
  Interval rank = {};                  ///< mean over blocks, 1 the best
  Interval within = {};                ///< share of runs within the tolerance
  double nothing = 0.0;                ///< share of runs that found nothing feasible
  int repeats = 0;                     ///< most of one run
  std::vector<double> task_mean = {};  ///< one a task of the comparison
};

/// `first` minus `second`: below 0 the first is better.
struct StrategyDifference {
  std::string first = {}, second = {};
  Interval mean = {};
  int wins = 0, ties = 0, losses = 0;  ///< of the first, over blocks
  double p_value = 1.0;                ///< Wilcoxon's signed-rank test over blocks
  double p_holm = 1.0;                 ///< adjusted for all differences shown
};

/// How strategies did on the same runs. A block is a task, or a seed where there is one task.
struct Comparison {
  std::string measure = {};             ///< gap, or lost_hypervolume; smaller is better
  std::vector<std::string> tasks = {};  ///< that every strategy has
  std::size_t runs = 0;                 ///< of each strategy
  double confidence = 0.95;
  double tolerance = 0.01;                           ///< of StrategyScore::within
  std::string blocks = {};                           ///< tasks, or seeds
  std::vector<StrategyScore> strategies = {};        ///< best mean rank first
  std::vector<StrategyDifference> differences = {};  ///< in that order; empty for one strategy
  Friedman friedman = {};                            ///< mean_ranks in the order of `strategies`
  double critical_difference = 0.0;                  ///< of mean ranks, Nemenyi's; 0: not defined
  std::vector<std::string> notes = {};               ///< what was left out, and why

  std::string to_json() const;
  std::string to_text() const;
};

/// Compares the strategies in `results`: one comparison for tasks with an optimum (gap: |best - optimum| / |optimum|,
/// at most 1, and 1 where nothing feasible was found), one for Pareto tasks (lost share of the hypervolume). Only tasks
/// that every strategy has, and their common seeds, enter; what is left out is noted. Intervals are by bootstrap:
/// tasks, then seeds in each, drawn with replacement, the same ones for every strategy. Throws InvalidArgument: no
/// result, no common run, a run given twice, a strategy unknown, budgets of one task that differ, options out of range.
/// Source of the protocol: Demsar 2006, JMLR 7, 1-30.
std::vector<Comparison> compare(const std::vector<ReplayResult>& results, const CompareOptions& options = {});

}  // namespace bayestuner::analysis
