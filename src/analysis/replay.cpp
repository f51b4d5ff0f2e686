#include "bayestuner/analysis/replay.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/quantile.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "bayestuner/study/named_strategy.hpp"

namespace bayestuner::analysis {

namespace {

constexpr int checkpoints[] = {10, 20, 40};

// One seed of one strategy on one task.
struct Run {
  std::optional<double> best, gap, hypervolume;
  std::map<int, std::optional<double>> gap_at;
  int failures = 0, repeats = 0;
  std::vector<double> ask_s;
};

double share_of_volume(const RecordedTable& table, const std::vector<Eigen::RowVectorXd>& found) {
  const auto k = static_cast<Eigen::Index>(table.task.objectives.size());
  Eigen::MatrixXd points(static_cast<Eigen::Index>(found.size()), k);
  Eigen::RowVectorXd reference(k);
  for (std::size_t i = 0; i < found.size(); ++i) points.row(static_cast<Eigen::Index>(i)) = found[i];
  for (Eigen::Index j = 0; j < k; ++j) {
    const auto& o = table.task.objectives[static_cast<std::size_t>(j)];
    reference[j] = (o.maximise ? -1.0 : 1.0) * *o.reference;
  }
  return found.empty() ? 0.0 : search::hypervolume(points, reference) / table.hypervolume;
}

search::AnyStrategy strategy_of(const ReplayOptions& options, const std::string& name) {
  return options.make_strategy ? options.make_strategy(name) : study::named_strategy(name);
}

Run run_one(const RecordedTask& task, const RecordedTable& table, const std::string& strategy_name, std::uint64_t seed,
            const ReplayOptions& options) {
  Run run;
  const std::size_t budget = options.budget.value_or(task.budget);
  search::AnyStrategy strategy = strategy_of(options, strategy_name);
  search::History history{
      .space = &table.space, .task = table.task, .observations = {}, .seed = seed, .budget = budget};
  std::set<std::uint64_t> seen;
  std::vector<Eigen::RowVectorXd> front;
  const bool pareto = task.type == "pareto";
  const auto& objective = table.task.objectives.front();
  const double optimum = table.best;  // what the candidates hold, whatever the task states: differs_from_stated()
  for (std::size_t n = 0; n < budget; ++n) {
    if (options.stop && options.stop()) throw Error("replay: stopped");
    const double start = monotonic_s();
    const auto point = strategy.suggest(history);
    run.ask_s.push_back(monotonic_s() - start);
    if (!point) break;
    const auto index = table.space.index_of(*point);
    if (!index) throw Error("strategy " + strategy_name + ": suggested a row that does not exist");
    run.repeats += !seen.insert(*index).second;
    search::Observation told = table.observe(*index, *point);
    if (told.outcome == search::Outcome::ok) {
      if (pareto) {
        Eigen::RowVectorXd row(static_cast<Eigen::Index>(table.task.objectives.size()));
        for (Eigen::Index j = 0; j < row.size(); ++j) {
          const auto& o = table.task.objectives[static_cast<std::size_t>(j)];
          row[j] = (o.maximise ? -1.0 : 1.0) * told.values[o.metric];
        }
        front.push_back(std::move(row));
      } else if (search::is_feasible(told, table.task)) {
        const double v = told.values[objective.metric];
        if (!run.best || (objective.maximise ? v > *run.best : v < *run.best)) run.best = v;
        run.gap = std::abs(*run.best - optimum) / std::max(std::abs(optimum), 1e-300);
      }
    } else {
      ++run.failures;
    }
    history.observations.push_back(std::move(told));
    for (const int c : checkpoints) {
      if (static_cast<int>(n) + 1 == c) run.gap_at[c] = run.gap;
    }
  }
  for (const int c : checkpoints) {  // an exhausted table keeps its last value
    if (static_cast<std::size_t>(c) <= budget) run.gap_at.try_emplace(c, run.gap);
  }
  if (pareto) run.hypervolume = share_of_volume(table, front);
  return run;
}

nlohmann::json list_of(const std::vector<std::optional<double>>& values) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& v : values) list.push_back(v ? nlohmann::json(*v) : nlohmann::json(nullptr));
  return list;
}

}  // namespace

std::string ReplayResult::to_json() const {
  nlohmann::ordered_json json{
      {"task", task}, {"type", type}, {"strategy", strategy}, {"budget", budget}, {"seeds", seeds}};
  if (type == "pareto") {
    json["hypervolume"] = list_of(hypervolume);
  } else {
    json["best"] = list_of(best);
    json["gap"] = list_of(gap);
    json["gap_at"] = nlohmann::ordered_json::object();
    for (const auto& [at, values] : gap_at) json["gap_at"][std::to_string(at)] = list_of(values);
  }
  json["failures"] = failures;
  json["repeats"] = repeats;
  json["ask_s"] = {{"median", ask_median_s}, {"p99", ask_p99_s}, {"max", ask_max_s}};
  json["wall_s"] = wall_s;
  return json.dump();
}

std::vector<ReplayResult> replay(const std::vector<std::pair<RecordedTask, RecordedTable>>& tasks,
                                 const ReplayOptions& options, const std::function<void(const ReplayResult&)>& done) {
  if (options.seeds < 1) throw InvalidArgument("seeds: must be at least 1");
  if (options.jobs < 1) throw InvalidArgument("jobs: must be at least 1");
  if (options.budget && *options.budget < 1) throw InvalidArgument("budget: must be at least 1");
  for (const std::string& name : options.strategies) (void)strategy_of(options, name);

  const std::size_t seeds = static_cast<std::size_t>(options.seeds), pairs = tasks.size() * options.strategies.size();
  std::vector<std::vector<Run>> runs(pairs, std::vector<Run>(seeds));
  std::vector<double> wall(pairs, 0.0);
  std::vector<std::size_t> open(pairs, seeds);
  std::vector<ReplayResult> results(pairs);
  std::mutex gate;
  std::size_t reported = 0;
  std::exception_ptr error;
  std::atomic<std::size_t> next{0};

  const auto collect = [&](std::size_t pair) {
    const auto& [task, table] = tasks[pair / options.strategies.size()];
    ReplayResult r{
        .task = task.id, .type = task.type, .strategy = options.strategies[pair % options.strategies.size()]};
    r.budget = options.budget.value_or(task.budget);
    r.wall_s = wall[pair];
    std::vector<double> asks;
    for (std::size_t s = 0; s < seeds; ++s) {
      const Run& run = runs[pair][s];
      r.seeds.push_back(options.first_seed + s);
      r.best.push_back(run.best);
      r.gap.push_back(run.gap);
      r.hypervolume.push_back(run.hypervolume);
      for (const auto& [at, gap] : run.gap_at) r.gap_at[at].push_back(gap);
      r.failures.push_back(run.failures);
      r.repeats.push_back(run.repeats);
      asks.insert(asks.end(), run.ask_s.begin(), run.ask_s.end());
    }
    if (!asks.empty()) {
      r.ask_median_s = lower_quantile(asks, 0.5);
      r.ask_p99_s = lower_quantile(asks, 0.99);
      r.ask_max_s = lower_quantile(asks, 1.0);
    }
    results[pair] = std::move(r);
  };
  const auto work = [&] {
    for (std::size_t unit = next++; unit < pairs * seeds; unit = next++) {
      const std::size_t pair = unit / seeds, s = unit % seeds;
      const auto& [task, table] = tasks[pair / options.strategies.size()];
      const double start = monotonic_s();
      try {
        Run run =
            run_one(task, table, options.strategies[pair % options.strategies.size()], options.first_seed + s, options);
        const std::lock_guard lock(gate);
        runs[pair][s] = std::move(run);
        wall[pair] += monotonic_s() - start;
        if (--open[pair] == 0) collect(pair);
        for (; reported < pairs && open[reported] == 0; ++reported) {
          if (done) done(results[reported]);
        }
      } catch (...) {
        const std::lock_guard lock(gate);
        if (!error) error = std::current_exception();
        next = pairs * seeds;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int j = 1; j < options.jobs; ++j) threads.emplace_back(work);
  work();
  for (std::thread& t : threads) t.join();
  if (error) std::rethrow_exception(error);
  return results;
}

}  // namespace bayestuner::analysis
