#pragma once
/// Ask, tell, optimise, answer: the log of a problem on a space, and what follows from it.

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/search/any_strategy.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/study/problem.hpp"
#include "bayestuner/study/store.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::study {

struct StudyOptions {
  std::string name = "study";
  std::filesystem::path store = {};  ///< SQLite file; empty: memory
  std::uint64_t seed = 0;
  std::optional<search::AnyStrategy> strategy = {};  ///< default: Bayesian optimisation
  std::optional<std::size_t> budget = {};            ///< trials planned; shapes the initial design only
};

enum class StopReason { trials, seconds, joules, exhausted, no_gain, target, stopped };
const char* to_string(StopReason reason);

struct OptimizeOptions {
  std::optional<std::size_t> trials = {};  ///< finished trials of the study in all, past ones and failures included
  std::optional<double> timeout_s = {};
  std::optional<double> joules = {};  ///< sum of the metric energy_j over trials
  std::optional<double> target = {};  ///< stop once a feasible objective is at least this good
  bool stop_without_gain = false;     ///< stop when no further gain is expected (optimisation by model only)
  bool catch_errors = false;          ///< record any exception as a failed trial and go on
  int jobs = 1;                       ///< trials at once, each in a thread of its own
  std::function<void(const Trial&)> callback = {};  ///< after each told trial
};

struct RecommendOptions {
  int top = 3;               ///< best observed feasible configurations that are measured again
  int repeats = 3;           ///< of each, interleaved
  int max_repeats = 6;       ///< until its constraints are decided
  int max_candidates = 8;    ///< configurations tried before giving up
  double confidence = 0.95;  ///< probability with which each constraint must hold
  bool repeat_baseline = true;
};

/// The answer, with how sure it is.
struct Recommendation {
  space::Configuration params;
  Metrics metrics;                            ///< of the verification runs alone: free of the winner's luck
  std::map<std::string, double> probability;  ///< constraint text -> probability that it holds
  bool confirmed = false;                     ///< every probability reached the confidence asked for
  int repeats = 0;                            ///< verification runs behind `metrics`
  std::optional<space::Configuration> baseline;
  Metrics baseline_metrics;
  std::optional<Metric> gain;        ///< relative gain in the objective over the baseline, with its error
  std::vector<std::int64_t> trials;  ///< numbers of the verification trials
};

/// A study: space, problem, seed and the log of trials. Every suggestion follows from those alone, so a study that is
/// opened again goes on as if it had never stopped. Thread-safe.
class BAYESTUNER_EXPORT Study {
 public:
  using Function = std::function<Metrics(const Trial&)>;

  /// Creates the study, or resumes it where the store has it: the space must be the same (StoreError otherwise), the
  /// problem may differ (everything measured is scored anew). Throws InvalidArgument, StoreError.
  Study(space::DynamicSpace space, Problem problem, StudyOptions options = {});
  /// Opens a stored study with the space and problem it was made with. Throws StoreError if there is none, or its space
  /// cannot be rebuilt from the file (predicates, pools).
  static std::unique_ptr<Study> open(const std::filesystem::path& path, const std::string& name = {},
                                     StudyOptions options = {});
  ~Study();

  /// Next trial to run, nullopt once every configuration was tried. Enqueued ones come first.
  std::optional<Trial> ask();
  /// Reports a trial. Throws InvalidArgument for a number never asked, a trial told before (unless `skip_if_finished`),
  /// a metric of the problem that is missing, or a value that is not finite; the trial then stays running.
  void tell(std::int64_t number, const Metrics& metrics, bool skip_if_finished = false);
  /// Reports a failure; `partial` keeps what was measured.
  void tell_failure(std::int64_t number, FailureReason reason, const std::string& message, const Metrics& partial = {});
  /// Puts an asked trial back in the queue, as if it had not begun: what a stop request does to the trial it meets.
  void give_back(std::int64_t number);
  void set_user_attr(std::int64_t number, const std::string& key, const std::string& value);

  /// Has `params` tried next. The first one enqueued is the baseline. Returns false where the study has that
  /// configuration and `skip_if_exists`. Throws InvalidArgument if the space does not contain it.
  bool enqueue(const space::Configuration& params, bool skip_if_exists = true);
  /// Adds a finished trial of the past (number and order of telling are given anew). Returns its number.
  std::int64_t add_trial(Trial trial);
  /// A further measurement of `params`, asked for on purpose.
  Trial ask_repeat(const space::Configuration& params);

  /// Runs trials until something says stop.
  StopReason optimize(const Function& objective, const OptimizeOptions& options);
  /// Ends optimize() after the trials that run now; from any thread or callback.
  void stop() { stop_requested_ = true; }

  const space::DynamicSpace& space() const { return space_; }
  Problem problem() const;
  /// Replaces objectives and constraints; nothing needs to be measured again.
  void set_problem(Problem problem);
  std::uint64_t seed() const { return seed_; }
  const std::string& name() const { return name_; }

  /// All trials, by number. Includes those of other processes.
  std::vector<Trial> trials();
  Trial trial(std::int64_t number);
  /// Metrics of the baseline configuration, the mean of all its complete trials; nullopt before it is measured.
  std::optional<Trial> baseline();
  /// Absolute threshold of each constraint, in order; nullopt where the baseline is still unknown.
  std::vector<std::optional<double>> thresholds();
  /// Whether a complete trial keeps every constraint.
  bool is_feasible(const Trial& trial);
  /// The same of every one of trials(), in order, in one pass: is_feasible() looks at the whole log each time.
  std::vector<bool> feasible();
  /// The same of `trials`, of this study or pooled from it.
  std::vector<bool> feasible(const std::vector<Trial>& trials);
  /// Every configuration that was measured, once: its first trial, with the means of all its readings and their
  /// standard errors. In order of asking.
  std::vector<Trial> configurations();
  /// Best feasible configuration; its metrics are the means of its trials. nullopt if nothing is feasible. Never mixes
  /// provenances: if some trials' objective is measured, those that are only estimated do not compete.
  std::optional<Trial> best();
  /// Feasible configurations that none dominates, for several objectives.
  std::vector<Trial> pareto_front();
  /// Measures the best configurations again (`measure`) until one keeps its constraints with the confidence asked
  /// for; see RecommendOptions. nullopt if nothing feasible was found. The runs are trials of the study.
  std::optional<Recommendation> recommend(const Function& measure, const RecommendOptions& options = {});

  /// What a strategy sees now.
  search::History history();

 private:
  struct Log;

  void refresh();
  std::int64_t insert(Trial trial);
  void finish(Trial trial);
  Trial& find(std::int64_t number);
  std::vector<Trial> pooled();
  std::optional<Trial> baseline_locked();
  std::vector<std::optional<double>> thresholds_locked();
  bool feasible_locked(const Trial& trial, const std::vector<std::optional<double>>& thresholds) const;
  std::vector<Trial> ranked_locked();
  search::History history_locked();
  bool out_of_gain();
  bool run_one(const Function& objective, const OptimizeOptions& options);

  space::DynamicSpace space_;
  Problem problem_;
  std::string name_;
  std::uint64_t seed_;
  std::optional<std::size_t> budget_;
  std::unique_ptr<Store> store_;
  search::AnyStrategy strategy_;
  std::unique_ptr<Log> log_;
  mutable std::recursive_mutex mutex_;
  std::atomic<bool> stop_requested_{false};
  int gainless_ = 0;
};

}  // namespace bayestuner::study
