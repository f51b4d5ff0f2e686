#pragma once
/// Strategies on recorded tables.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/analysis/recorded_table.hpp"
#include "bayestuner/search/any_strategy.hpp"

namespace bayestuner::analysis {

struct ReplayOptions {
  std::vector<std::string> strategies{"bo"};
  int seeds = 1;
  std::uint64_t first_seed = 0;
  std::optional<std::size_t> budget = {};  ///< default: each task's own
  int jobs = 1;
  /// A strategy by its name; empty: search::make_strategy. Called at once from several threads.
  std::function<search::AnyStrategy(const std::string&)> make_strategy = {};
  std::function<bool()> stop = {};  ///< asked before every suggestion, from any thread: whether to give up
};

/// What one strategy reached on one task, lists over seeds in order; the keys of `bayestuner replay --format json`.
struct ReplayResult {
  std::string task, type, strategy;
  std::size_t budget = 0;
  std::vector<std::uint64_t> seeds = {};
  std::vector<std::optional<double>> best = {}, gap = {};
  std::map<int, std::vector<std::optional<double>>> gap_at = {};  ///< 10, 20, 40 evaluations
  std::vector<std::optional<double>> hypervolume = {};            ///< share of the table's
  std::vector<int> failures = {}, repeats = {};
  double ask_median_s = 0.0, ask_p99_s = 0.0, ask_max_s = 0.0, wall_s = 0.0;

  std::string to_json() const;
};

/// Runs every strategy on every task; `done` is called once a pair is complete, in the order of tasks and strategies.
/// Equal seeds give equal results whatever `jobs` is (times aside). Throws InvalidArgument, and Error once `stop` says
/// so.
std::vector<ReplayResult> replay(const std::vector<std::pair<RecordedTask, RecordedTable>>& tasks,
                                 const ReplayOptions& options,
                                 const std::function<void(const ReplayResult&)>& done = {});

}  // namespace bayestuner::analysis
