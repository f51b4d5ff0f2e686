#include "bayestuner/study/study.hpp"

#include <algorithm>
#include <cmath>
#include <thread>
#include <unordered_map>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/search/pareto.hpp"
#include "bayestuner/study/named_strategy.hpp"
#include "study/json.hpp"
#include "study/objective_values.hpp"
#include "study/pooling.hpp"

namespace bayestuner::study {

// The log in memory: what the store held at the last refresh.
struct Study::Log {
  std::map<std::int64_t, Trial> trials;
  std::int64_t last_told = -1;

  std::int64_t next_number() const { return trials.empty() ? 0 : trials.rbegin()->first + 1; }
  std::int64_t next_told() const { return last_told + 1; }
  void set(Trial trial) {
    last_told = std::max(last_told, trial.told);
    trials.insert_or_assign(trial.number, std::move(trial));
  }
};

namespace {

std::string require_name(const std::string& name) {
  if (name.empty()) throw InvalidArgument("name: a study needs one");
  return name;
}

const Problem& require_objective(const Problem& problem) {
  if (problem.objectives().empty()) throw InvalidArgument("problem: has no objective; call minimize() or maximize()");
  return problem;
}

void require_finite(const Metrics& metrics) {
  for (const auto& [name, m] : metrics) {
    if (!std::isfinite(m.value)) throw InvalidArgument(name + ": " + to_text(m.value) + " is not a finite number");
    if (!std::isfinite(m.standard_error) || m.standard_error < 0.0) {
      throw InvalidArgument(name + ": its standard error " + to_text(m.standard_error) + " must be finite and >= 0");
    }
    if (m.n < 1) throw InvalidArgument(name + ": n = " + to_text(m.n) + " must be at least 1");
  }
}

}  // namespace

const char* to_string(StopReason reason) {
  constexpr const char* names[] = {"trials", "seconds", "joules", "exhausted", "no_gain", "target", "stopped"};
  return names[static_cast<int>(reason)];
}

Study::Study(space::DynamicSpace space, Problem problem, StudyOptions options)
    : space_(std::move(space)),
      problem_(require_objective(problem)),
      name_(require_name(options.name)),
      seed_(options.seed),
      budget_(options.budget),
      store_(options.store.empty() ? make_memory_store() : open_sqlite_store(options.store, name_)),
      strategy_(options.strategy ? *options.strategy : named_strategy("bo")),
      log_(std::make_unique<Log>()) {
  store_->transaction([&] {
    const std::string fingerprint = space_.fingerprint();
    if (const auto record = store_->record()) {
      if (record->space != fingerprint) {
        throw StoreError(options.store.string() + ": study '" + name_ + "' has another space; it was made with " +
                         record->space + ", now given " + fingerprint);
      }
      seed_ = record->seed;
      if (record->problem == problem_.to_json()) return;
    }
    store_->set_record({fingerprint, problem_.to_json(), seed_});
  });
  store_->release_lost();
  refresh();
}

Study::~Study() = default;

std::unique_ptr<Study> Study::open(const std::filesystem::path& path, const std::string& name, StudyOptions options) {
  const auto names = list_studies(path);
  if (names.empty()) throw StoreError(path.string() + ": holds no study");
  if (name.empty() && names.size() > 1) {
    throw InvalidArgument("name: " + path.string() + " holds several studies, choose one of " + join(names));
  }
  options.name = name.empty() ? names.front() : name;
  if (std::find(names.begin(), names.end(), options.name) == names.end()) {
    throw InvalidArgument("name: " + path.string() + " has no study '" + options.name + "', only " + join(names));
  }
  options.store = path;
  const auto record = open_sqlite_store(path, options.name)->record();
  space::DynamicSpace space = [&] {
    try {
      return space_from_fingerprint(record->space);
    } catch (const std::exception& e) {
      throw StoreError(path.string() + ": its space cannot be rebuilt: " + e.what());
    }
  }();
  options.seed = record->seed;
  return std::make_unique<Study>(std::move(space), Problem::from_json(record->problem), std::move(options));
}

void Study::refresh() {
  for (Trial& trial : store_->changes()) log_->set(std::move(trial));
}

std::int64_t Study::insert(Trial trial) {
  trial.number = log_->next_number();
  store_->put(trial);
  const std::int64_t number = trial.number;
  log_->set(std::move(trial));
  return number;
}

void Study::finish(Trial trial) {
  trial.finished_s = wall_clock_s();
  store_->transaction([&] {
    refresh();
    trial.told = log_->next_told();
    store_->put(trial);
  });
  log_->set(trial);
}

Trial& Study::find(std::int64_t number) {
  const auto it = log_->trials.find(number);
  if (it == log_->trials.end()) throw InvalidArgument("trial: no trial has number " + to_text(number));
  return it->second;
}

std::optional<Trial> Study::ask() {
  const std::lock_guard lock(mutex_);
  std::optional<Trial> asked;
  store_->transaction([&] {
    store_->release_lost();
    refresh();
    for (const auto& [number, trial] : log_->trials) {
      if (trial.state != TrialState::waiting) continue;
      asked = trial;
      break;
    }
    if (!asked) {
      const auto point = strategy_.suggest(history_locked());
      if (!point) return;
      asked = Trial{.params = space_.configuration(*point)};
      asked->number = log_->next_number();
    }
    asked->state = TrialState::running;
    asked->started_s = wall_clock_s();
    store_->put(*asked);
  });
  if (asked) log_->set(*asked);
  return asked;
}

void Study::tell(std::int64_t number, const Metrics& metrics, bool skip_if_finished) {
  const std::lock_guard lock(mutex_);
  refresh();
  Trial trial = find(number);
  if (trial.is_finished()) {
    if (skip_if_finished) return;
    throw InvalidArgument("trial: number " + to_text(number) + " was told before");
  }
  require_finite(metrics);
  for (const std::string& name : problem_.metrics()) {
    if (!metrics.contains(name)) {
      std::vector<std::string> given;
      for (const auto& [given_name, m] : metrics) given.push_back(given_name);
      throw InvalidArgument(name + ": the problem needs this metric, but the trial reported " +
                            (given.empty() ? std::string("none") : "only " + join(given)));
    }
  }
  trial.state = TrialState::complete;
  trial.metrics = metrics;
  finish(std::move(trial));
}

void Study::tell_failure(std::int64_t number, FailureReason reason, const std::string& message,
                         const Metrics& partial) {
  const std::lock_guard lock(mutex_);
  refresh();
  Trial trial = find(number);
  if (trial.is_finished()) throw InvalidArgument("trial: number " + to_text(number) + " was told before");
  trial.state = TrialState::fail;
  trial.reason = reason == FailureReason::none ? FailureReason::invalid : reason;
  trial.message = message;
  for (const auto& [name, m] : partial) {
    if (std::isfinite(m.value) && std::isfinite(m.standard_error)) trial.metrics[name] = m;
  }
  finish(std::move(trial));
}

void Study::give_back(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  refresh();
  Trial trial = find(number);
  if (trial.is_finished()) throw InvalidArgument("trial: number " + to_text(number) + " was told before");
  trial.state = TrialState::waiting;
  trial.started_s = 0.0;
  store_->put(trial);
  log_->set(std::move(trial));
}

void Study::set_user_attr(std::int64_t number, const std::string& key, const std::string& value) {
  const std::lock_guard lock(mutex_);
  refresh();
  Trial trial = find(number);
  trial.user_attrs[key] = value;
  store_->put(trial);
  log_->set(std::move(trial));
}

bool Study::enqueue(const space::Configuration& params, bool skip_if_exists) {
  const std::lock_guard lock(mutex_);
  const space::Configuration canonical = space_.configuration(space_.point(params));
  bool added = false;
  store_->transaction([&] {
    refresh();
    bool first = true, known = false;
    for (const auto& [number, trial] : log_->trials) {
      first = first && !trial.is_baseline;
      known = known || trial.params == canonical;
    }
    if (known && skip_if_exists) return;
    insert(Trial{.params = canonical, .state = TrialState::waiting, .is_baseline = first});
    added = true;
  });
  return added;
}

std::int64_t Study::add_trial(Trial trial) {
  const std::lock_guard lock(mutex_);
  if (!trial.is_finished()) throw InvalidArgument("trial: only a finished one can be added");
  trial.params = space_.configuration(space_.point(trial.params));
  require_finite(trial.metrics);
  store_->transaction([&] {
    refresh();
    trial.told = log_->next_told();
    trial.number = insert(trial);
  });
  return trial.number;
}

Trial Study::ask_repeat(const space::Configuration& params) {
  const std::lock_guard lock(mutex_);
  Trial trial{.params = space_.configuration(space_.point(params)), .state = TrialState::running};
  trial.started_s = wall_clock_s();
  trial.is_verification = true;
  store_->transaction([&] {
    refresh();
    trial.number = insert(trial);
  });
  return trial;
}

Problem Study::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

void Study::set_problem(Problem problem) {
  const std::lock_guard lock(mutex_);
  require_objective(problem);
  store_->transaction([&] { store_->set_record({space_.fingerprint(), problem.to_json(), seed_}); });
  problem_ = std::move(problem);
  gainless_ = 0;
}

std::vector<Trial> Study::trials() {
  const std::lock_guard lock(mutex_);
  refresh();
  std::vector<Trial> all;
  all.reserve(log_->trials.size());
  for (const auto& [number, trial] : log_->trials) all.push_back(trial);
  return all;
}

Trial Study::trial(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  refresh();
  return find(number);
}

std::vector<Trial> Study::pooled() {
  std::vector<Trial> complete;
  for (const auto& [number, trial] : log_->trials) {
    if (trial.state == TrialState::complete) complete.push_back(trial);
  }
  return pool_by_configuration(complete, space_);
}

std::optional<Trial> Study::baseline_locked() {
  const Trial* chosen = nullptr;
  for (const auto& [number, trial] : log_->trials) {
    if (trial.is_baseline || (!chosen && !trial.is_verification)) {
      chosen = &trial;
      if (trial.is_baseline) break;
    }
  }
  if (!chosen) return std::nullopt;
  for (Trial& trial : pooled()) {
    if (trial.params == chosen->params) return trial;
  }
  return std::nullopt;
}

std::optional<Trial> Study::baseline() {
  const std::lock_guard lock(mutex_);
  refresh();
  return baseline_locked();
}

std::vector<std::optional<double>> Study::thresholds_locked() {
  std::optional<Trial> base;
  if (problem_.has_relative_constraint()) base = baseline_locked();
  std::vector<std::optional<double>> thresholds;
  for (const Constraint& c : problem_.constraints()) {
    std::optional<double> value;
    if (base) {
      if (const auto it = base->metrics.find(c.metric); it != base->metrics.end()) value = it->second.value;
    }
    thresholds.push_back(c.threshold(value));
  }
  return thresholds;
}

std::vector<std::optional<double>> Study::thresholds() {
  const std::lock_guard lock(mutex_);
  refresh();
  return thresholds_locked();
}

bool Study::feasible_locked(const Trial& trial, const std::vector<std::optional<double>>& thresholds) const {
  if (trial.state != TrialState::complete) return false;
  for (const Objective& o : problem_.objectives()) {
    if (!trial.metrics.contains(o.metric)) return false;
  }
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    const Constraint& c = problem_.constraints()[i];
    const auto it = trial.metrics.find(c.metric);
    if (it == trial.metrics.end() || !thresholds[i]) return false;
    const double v = it->second.value;
    if (!(c.bound == Bound::at_most ? v <= *thresholds[i] : v >= *thresholds[i])) return false;
  }
  return true;
}

bool Study::is_feasible(const Trial& trial) {
  const std::lock_guard lock(mutex_);
  refresh();
  return feasible_locked(trial, thresholds_locked());
}

std::vector<bool> Study::feasible() {
  const std::lock_guard lock(mutex_);
  refresh();
  const auto thresholds = thresholds_locked();
  std::vector<bool> flags;
  flags.reserve(log_->trials.size());
  for (const auto& [number, trial] : log_->trials) flags.push_back(feasible_locked(trial, thresholds));
  return flags;
}

std::vector<bool> Study::feasible(const std::vector<Trial>& trials) {
  const std::lock_guard lock(mutex_);
  refresh();
  const auto thresholds = thresholds_locked();
  std::vector<bool> flags;
  flags.reserve(trials.size());
  for (const Trial& trial : trials) flags.push_back(feasible_locked(trial, thresholds));
  return flags;
}

std::vector<Trial> Study::configurations() {
  const std::lock_guard lock(mutex_);
  refresh();
  return pooled();
}

std::vector<Trial> Study::ranked_locked() {
  const auto thresholds = thresholds_locked();
  std::vector<Trial> feasible;
  for (Trial& trial : pooled()) {
    if (feasible_locked(trial, thresholds)) feasible.push_back(std::move(trial));
  }
  const Objective& objective = problem_.objectives().front();
  keep_best_provenance(feasible, objective.metric);
  std::stable_sort(feasible.begin(), feasible.end(), [&](const Trial& a, const Trial& b) {
    const double x = a.metrics.at(objective.metric).value, y = b.metrics.at(objective.metric).value;
    return objective.maximise ? x > y : x < y;
  });
  return feasible;
}

std::optional<Trial> Study::best() {
  const std::lock_guard lock(mutex_);
  refresh();
  auto ranked = ranked_locked();
  if (ranked.empty()) return std::nullopt;
  return std::move(ranked.front());
}

std::vector<Trial> Study::pareto_front() {
  const std::lock_guard lock(mutex_);
  refresh();
  const std::vector<Trial> ranked = ranked_locked();
  std::vector<Trial> front;
  for (const Eigen::Index i : search::non_dominated(objective_values(ranked, problem_))) {
    front.push_back(ranked[static_cast<std::size_t>(i)]);
  }
  return front;
}

search::History Study::history_locked() {
  search::History history{.space = &space_, .seed = seed_, .budget = budget_};
  history.task.metrics = problem_.metrics();
  const auto index = [&](const std::string& name) {
    const auto& names = history.task.metrics;
    return static_cast<Eigen::Index>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  for (const Objective& o : problem_.objectives()) {
    history.task.objectives.push_back({.metric = index(o.metric), .maximise = o.maximise, .reference = o.reference});
  }
  const auto thresholds = thresholds_locked();
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    if (!thresholds[i]) continue;  // the baseline is not measured yet
    const Constraint& c = problem_.constraints()[i];
    history.task.constraints.push_back({.metric = index(c.metric), .bound = c.bound, .threshold = *thresholds[i]});
  }
  std::vector<const Trial*> told, pending;
  for (const auto& [number, trial] : log_->trials) {
    if (trial.state == TrialState::fail && trial.reason == FailureReason::cancelled) continue;  // says nothing
    (trial.is_finished() ? told : pending).push_back(&trial);
  }
  std::sort(told.begin(), told.end(), [](const Trial* a, const Trial* b) { return a->told < b->told; });
  told.insert(told.end(), pending.begin(), pending.end());
  const auto n = static_cast<Eigen::Index>(history.task.metrics.size());
  for (const Trial* trial : told) {
    search::Observation seen{.point = space_.point(trial->params)};
    if (!trial->is_finished()) {
      seen.outcome = search::Outcome::pending;
    } else if (trial->state != TrialState::complete) {
      seen.outcome = search::Outcome::failed;
    } else {
      seen.values.setConstant(n, std::nan(""));
      seen.standard_errors.setZero(n);
      for (Eigen::Index i = 0; i < n; ++i) {
        const auto it = trial->metrics.find(history.task.metrics[static_cast<std::size_t>(i)]);
        if (it == trial->metrics.end()) continue;
        seen.values[i] = it->second.value;
        seen.standard_errors[i] = it->second.standard_error;
      }
    }
    history.observations.push_back(std::move(seen));
  }
  return history;
}

search::History Study::history() {
  const std::lock_guard lock(mutex_);
  refresh();
  return history_locked();
}

bool Study::out_of_gain() {
  constexpr double worth_it = 0.005;
  constexpr int in_a_row = 3;
  const std::lock_guard lock(mutex_);
  refresh();
  const search::History seen = history_locked();
  const std::size_t least = std::max<std::size_t>(10, 2 * space_.dimension() + 2);
  const bool any = std::any_of(seen.observations.begin(), seen.observations.end(),
                               [&](const search::Observation& o) { return search::is_feasible(o, seen.task); });
  if (seen.observations.size() < least || !any) return false;
  const auto prospect = strategy_.prospect(seen);
  const bool hopeless = prospect && (prospect->expected_gain < worth_it || prospect->probability_feasible < 0.01);
  gainless_ = hopeless ? gainless_ + 1 : 0;
  return gainless_ >= in_a_row;
}

// One trial; false once the space is exhausted.
bool Study::run_one(const Function& objective, const OptimizeOptions& options) {
  const auto asked = ask();
  if (!asked) return false;
  const auto fail = [&](FailureReason reason, const std::string& message, const Metrics& partial) {
    tell_failure(asked->number, reason, message, partial);
  };
  try {
    const Metrics metrics = objective(*asked);
    try {
      tell(asked->number, metrics);
    } catch (const InvalidArgument& e) {
      fail(FailureReason::invalid, e.what(), metrics);
      if (!options.catch_errors) throw;
    }
  } catch (const TrialFailed& e) {
    if (e.reason == FailureReason::cancelled) {  // nothing is known against its configuration
      give_back(asked->number);
      stop_requested_ = true;
      return true;
    }
    fail(e.reason, e.what(), e.partial);
  } catch (const std::exception& e) {
    if (!trial(asked->number).is_finished()) fail(FailureReason::crashed, e.what(), {});
    if (!options.catch_errors) throw;
  } catch (...) {
    // Foreign exceptions (a cancelled thread, an interrupt of an embedding language) are not swallowed.
    if (!trial(asked->number).is_finished()) fail(FailureReason::cancelled, "interrupted", {});
    throw;
  }
  if (options.callback) options.callback(trial(asked->number));
  return true;
}

StopReason Study::optimize(const Function& objective, const OptimizeOptions& options) {
  if (!objective) throw InvalidArgument("objective: is empty");
  if (options.jobs < 1) throw InvalidArgument("jobs: " + to_text(options.jobs) + " must be at least 1");
  if (!options.trials && !options.timeout_s && !options.joules && !options.target && !options.stop_without_gain &&
      !space_.is_finite()) {
    throw InvalidArgument(
        "optimize: needs a stop condition on a space without end: trials, timeout_s, joules or target");
  }
  stop_requested_ = false;
  const double start = monotonic_s();
  std::mutex gate;
  std::optional<StopReason> reason;
  std::exception_ptr error;
  std::int64_t begun = 0, finished_before = 0;
  for (const Trial& t : trials()) finished_before += t.is_finished() && !t.is_verification;

  const auto stop_reason = [&]() -> std::optional<StopReason> {
    if (stop_requested_) return StopReason::stopped;
    if (options.timeout_s && monotonic_s() - start >= *options.timeout_s) return StopReason::seconds;
    const auto all = trials();
    std::int64_t finished = 0;
    double joules = 0.0;
    for (const Trial& t : all) {
      finished += t.is_finished() && !t.is_verification;
      if (const auto it = t.metrics.find("energy_j"); it != t.metrics.end()) joules += it->second.value;
    }
    // A trial begun here counts at once, so that threads do not begin one too many; those of other processes once told.
    if (options.trials && std::max(finished, finished_before + begun) >= static_cast<std::int64_t>(*options.trials)) {
      return StopReason::trials;
    }
    if (options.joules && joules >= *options.joules) return StopReason::joules;
    if (options.target) {
      if (const auto b = best()) {
        const auto& o = problem_.objectives().front();
        const double v = b->metrics.at(o.metric).value;
        if (o.maximise ? v >= *options.target : v <= *options.target) return StopReason::target;
      }
    }
    if (options.stop_without_gain && out_of_gain()) return StopReason::no_gain;
    return std::nullopt;
  };

  const auto work = [&] {
    for (;;) {
      {
        const std::lock_guard lock(gate);
        if (reason || error) return;
        if (const auto why = stop_reason()) {
          reason = why;
          return;
        }
        ++begun;
      }
      bool more = true;
      std::exception_ptr thrown;
      try {
        more = run_one(objective, options);
      } catch (...) {
        thrown = std::current_exception();
      }
      const std::lock_guard lock(gate);
      if (thrown && !error) error = thrown;
      if (!more && !reason) reason = StopReason::exhausted;
    }
  };
  if (options.jobs == 1) {
    work();
  } else {
    std::vector<std::thread> threads;
    for (int i = 0; i < options.jobs; ++i) threads.emplace_back(work);
    for (std::thread& t : threads) t.join();
  }
  if (error) std::rethrow_exception(error);
  return *reason;
}

}  // namespace bayestuner::study
