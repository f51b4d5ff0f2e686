#include "bayestuner/runner/tune.hpp"

#include <algorithm>
#include <cmath>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/knob/journal.hpp"
#include "bayestuner/knob/resource_lock.hpp"
#include "bayestuner/study/named_strategy.hpp"
#include "runner/fresh_store.hpp"
#include "runner/search_run.hpp"
#include "runner/tune_parts.hpp"

namespace bayestuner::runner {
namespace {

using study::FailureReason;
using study::Trial;
using study::TrialFailed;
using study::TrialState;

constexpr std::size_t hopeless_failures = 3;  // without any success: the set-up is wrong, not the configuration

/// One run of run_search().
class Tuning {
 public:
  Tuning(const TuneSpec& spec, std::optional<search::AnyStrategy> strategy, const TuneCallbacks& callbacks,
         const Stop& stop)
      : spec_(spec), strategy_(std::move(strategy)), callbacks_(callbacks), stop_(stop), begin_s_(monotonic_s()) {}

  TuneResult run();
  std::unique_ptr<study::Study> take_study() { return std::move(study_); }

 private:
  void prepare();
  TuneResult search_and_verify();
  bool learnt_nothing();
  study::Metrics objective(const Trial& trial);
  study::Metrics measure(const Trial& trial);
  void repeat_baseline_if_due();
  TuneProgress progress_of(const Trial& trial);
  void tell_resumed();
  void told(const Trial& trial);
  void summarise();
  void add_warnings();
  std::optional<double> drift() const;
  void note(const std::string& line) {
    result_.notes.push_back(line);
    if (callbacks_.note) callbacks_.note(line);
  }
  std::size_t verification_runs() const;

  const TuneSpec& spec_;
  std::optional<search::AnyStrategy> strategy_;
  const TuneCallbacks& callbacks_;
  const Stop& stop_;
  double begin_s_;
  TuneResult result_;
  std::optional<knob::ResourceLock> lock_;  // before the study, hence let go after it
  std::unique_ptr<study::Study> study_;
  std::optional<TrialRunner> runner_;
  const Trial* current_ = nullptr;
  std::exception_ptr fatal_;  // the set-up is wrong; thrown once the trial is back in the queue
  std::size_t run_here_ = 0;
  double run_here_s_ = 0.0;
};

std::string in_words(const Trial& trial, const TrialFailed& failure) {
  return "(" + trial.params.to_text() + ") fails: " + to_string(failure.reason) + ": " + failure.what();
}

/// Runs a trial and keeps what there is to say about it.
study::Metrics Tuning::measure(const Trial& trial) {
  current_ = &trial;
  const double from_s = monotonic_s();
  study::Metrics metrics = (*runner_)(trial);
  run_here_s_ += monotonic_s() - from_s;
  ++run_here_;
  for (const auto& [key, value] : runner_->notes()) study_->set_user_attr(trial.number, key, value);
  std::vector<std::string> missing, reported;
  for (const auto& [name, m] : metrics) reported.push_back(name);
  for (const std::string& name : spec_.problem.metrics()) {
    if (!metrics.contains(name)) missing.push_back(name);
  }
  if (!missing.empty()) {
    throw TrialFailed(FailureReason::invalid,
                      join(missing) + ": never reported; the trial reported " +
                          (reported.empty() ? std::string("nothing") : join(reported)),
                      metrics);
  }
  return metrics;
}

/// What the study optimises: measure(), and the cases where going on makes no sense.
study::Metrics Tuning::objective(const Trial& trial) {
  repeat_baseline_if_due();
  const auto all = study_->trials();
  const bool any_success =
      std::any_of(all.begin(), all.end(), [](const Trial& t) { return t.state == TrialState::complete; });
  const auto failures = static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const Trial& t) { return t.state == TrialState::fail; }));
  for (int attempt = 0;; ++attempt) {
    try {
      return measure(trial);
    } catch (const TrialFailed& failure) {
      if (failure.reason == FailureReason::cancelled || any_success) throw;
      const bool is_baseline = trial.is_baseline;
      if (!is_baseline && failures + 1 < hopeless_failures) throw;
      if (failure.reason == FailureReason::not_steady && attempt == 0) continue;  // a busy moment of the machine
      const std::string text = is_baseline ? "the configuration in force today " + in_words(trial, failure)
                                           : "no trial has succeeded; the last one " + in_words(trial, failure);
      if (failure.reason == FailureReason::knob_refused) {
        fatal_ = std::make_exception_ptr(DeviceError(text));
      } else {
        fatal_ = std::make_exception_ptr(WorkloadError(text));
      }
      throw TrialFailed(FailureReason::cancelled, text);
    }
  }
}

void Tuning::repeat_baseline_if_due() {
  if (spec_.measure.drift_every <= 0) return;
  const auto baseline = study_->baseline();
  if (!baseline) return;
  auto all = study_->trials();
  std::erase_if(all, [](const Trial& t) { return !t.is_finished(); });
  std::sort(all.begin(), all.end(), [](const Trial& a, const Trial& b) { return a.told < b.told; });
  int since = 0;
  for (const Trial& t : all) since = t.params == baseline->params ? 0 : since + 1;
  if (since < spec_.measure.drift_every) return;
  const Trial repeat = study_->ask_repeat(baseline->params);
  try {
    study_->tell(repeat.number, measure(repeat));
  } catch (const TrialFailed& failure) {
    study_->tell_failure(repeat.number, failure.reason, failure.what(), failure.partial);
    if (failure.reason == FailureReason::cancelled) throw;
  }
}

std::size_t Tuning::verification_runs() const {
  if (!spec_.study.verify || spec_.problem.objectives().size() > 1) return 0;
  return (static_cast<std::size_t>(spec_.study.verify->top) + 1) *
         static_cast<std::size_t>(spec_.study.verify->repeats);
}

TuneProgress Tuning::progress_of(const Trial& trial) {
  TuneProgress progress{.trial = trial,
                        .is_feasible = study_->is_feasible(trial),
                        .planned = spec_.study.trials,
                        .best = study_->best(),
                        .baseline = study_->baseline(),
                        .elapsed_s = monotonic_s() - begin_s_};
  for (const Trial& t : study_->trials()) progress.finished += t.is_finished() && !t.is_verification;
  if (spec_.problem.objectives().size() > 1) progress.front = study_->pareto_front();
  return progress;
}

void Tuning::tell_resumed() {
  const Trial* last = nullptr;
  const auto all = study_->trials();
  for (const Trial& t : all) {
    if (t.is_finished() && (last == nullptr || t.told > last->told)) last = &t;
  }
  if (last != nullptr && callbacks_.resume) callbacks_.resume(progress_of(*last));
}

void Tuning::told(const Trial& trial) {
  if (!callbacks_.trial || !trial.is_finished()) return;
  TuneProgress progress = progress_of(trial);
  if (run_here_ > 0) {
    const double each_s = run_here_s_ / static_cast<double>(run_here_);
    std::optional<double> left_s;
    if (progress.planned) {
      left_s = each_s * static_cast<double>(*progress.planned - std::min(*progress.planned, progress.finished));
    }
    if (spec_.study.seconds) {
      const double rest = std::max(0.0, *spec_.study.seconds - progress.elapsed_s);
      left_s = std::min(left_s.value_or(rest), rest);
    }
    if (left_s) progress.left_s = *left_s + each_s * static_cast<double>(verification_runs());
  }
  callbacks_.trial(progress);
}

std::optional<double> Tuning::drift() const {
  const auto baseline = study_->baseline();
  if (!baseline) return std::nullopt;
  const std::string& metric = spec_.problem.objectives().front().metric;
  auto all = study_->trials();
  std::sort(all.begin(), all.end(), [](const Trial& a, const Trial& b) { return a.told < b.told; });
  std::vector<double> values;
  for (const Trial& t : all) {
    if (t.state == TrialState::complete && t.params == baseline->params && t.metrics.contains(metric)) {
      values.push_back(t.metrics.at(metric).value);
    }
  }
  if (values.size() < 2 || values.front() == 0.0) return std::nullopt;
  return values.back() / values.front() - 1.0;
}

/// A tuner cannot make a machine quiet, but it must not sell what others' work did as a finding.
void Tuning::add_warnings() {
  constexpr double drift_limit = 0.05;
  std::size_t noisy = 0, measured = 0;
  for (const Trial& t : study_->trials()) {
    if (t.state != TrialState::complete) continue;
    ++measured;
    noisy += t.user_attrs.contains("noisy");
  }
  if (noisy > 0) {
    result_.warnings.push_back(to_text(noisy) + " of " + to_text(measured) +
                               " measurements were taken while other programs used more than " +
                               to_text(100.0 * spec_.measure.options.noise_limit) +
                               " % of the CPUs; tune again on a quiet machine before you rely on the result");
  }
  if (result_.drift && std::abs(*result_.drift) > drift_limit) {
    result_.warnings.push_back("the machine changed while it was tuned: the configuration in force today measured " +
                               to_text(std::round(1000.0 * *result_.drift) / 10.0) +
                               " % differently at the end than at the beginning");
  }
}

void Tuning::summarise() {
  for (const Trial& t : study_->trials()) {
    if (t.is_verification || !t.is_finished()) continue;
    ++result_.finished;
    result_.failed += t.state == TrialState::fail;
  }
  result_.baseline = study_->baseline();
  result_.best = study_->best();
  if (spec_.problem.objectives().size() > 1) result_.front = study_->pareto_front();
  result_.drift = drift();
  result_.seconds = monotonic_s() - begin_s_;

  add_warnings();

  study::Metrics from, to;
  if (result_.baseline) from = result_.baseline->metrics;
  if (result_.best) to = result_.best->metrics;
  if (result_.recommendation) {
    if (!result_.recommendation->baseline_metrics.empty()) from = result_.recommendation->baseline_metrics;
    to = result_.recommendation->metrics;
  }
  std::vector<std::string> names = spec_.problem.metrics();
  for (const auto* metrics : {&from, &to}) {
    for (const auto& [name, m] : *metrics) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  const auto find = [](const study::Metrics& metrics, const std::string& name) {
    const auto it = metrics.find(name);
    return it == metrics.end() ? std::nullopt : std::optional(it->second);
  };
  for (const std::string& name : names) {
    Comparison c{.metric = name, .baseline = find(from, name), .recommended = find(to, name), .change = {}};
    if (c.baseline && c.recommended && c.baseline->value != 0.0 &&
        c.baseline->provenance == c.recommended->provenance) {
      const Metric &a = *c.baseline, &b = *c.recommended;
      c.change = Metric{
          .value = b.value / a.value - 1.0,
          .standard_error = std::hypot(b.standard_error / a.value, b.value * a.standard_error / (a.value * a.value)),
          .n = std::min(a.n, b.n),
          .provenance = b.provenance};
    }
    result_.comparison.push_back(std::move(c));
  }
  for (const auto& o : spec_.problem.objectives()) {
    for (const auto* metrics : {&from, &to}) {
      if (const auto m = find(*metrics, o.metric)) result_.provenance = std::max(result_.provenance, m->provenance);
    }
  }
}

/// One run at a time of a study on this machine: two would measure each other.
knob::ResourceLock lock_of(const StudySpec& study) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(study.store, error);
  const std::string what = "study '" + study.name + "' in " + (error ? study.store : path).string();
  // FNV-1a: the name of a lock is a file name, a path is not.
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : what) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return knob::ResourceLock(knob::state_directory(), "study-" + std::to_string(hash), what);
}

/// Whatever can refuse does so here, and a store that is not ours to use stays as it is.
void Tuning::prepare() {
  TuneParts parts = make_parts(spec_);
  for (const std::string& line : parts.notes) note(line);
  std::error_code error;
  if (std::filesystem::exists(spec_.study.store, error)) study::list_studies(spec_.study.store);
  if (!spec_.study.store.empty()) lock_.emplace(lock_of(spec_.study));
  parts.options.stop = stop_;
  parts.options.phase = [this](Phase phase) {
    if (callbacks_.phase && current_ != nullptr) callbacks_.phase(*current_, phase);
  };
  runner_.emplace(std::move(parts.workload), std::move(parts.options));
  result_.recovered = runner_->recovered();
  study_ = open_study(spec_, std::move(strategy_));
  tell_resumed();
}

bool Tuning::learnt_nothing() {
  if (!study_) return true;
  try {
    const auto all = study_->trials();
    return std::none_of(all.begin(), all.end(), [](const Trial& t) { return t.is_finished(); });
  } catch (const StoreError&) {
    return false;
  }
}

TuneResult Tuning::run() {
  const FreshStore fresh(spec_.study.store);
  try {
    return search_and_verify();
  } catch (...) {
    const bool nothing = learnt_nothing();
    study_.reset();  // closes the store
    if (nothing) fresh.remove();
    throw;
  }
}

TuneResult Tuning::search_and_verify() {
  prepare();
  result_.reason = study_->optimize([this](const Trial& trial) { return objective(trial); },
                                    {.trials = spec_.study.trials,
                                     .timeout_s = spec_.study.seconds,
                                     .joules = spec_.study.joules,
                                     .stop_without_gain = spec_.study.stop_without_gain,
                                     .callback = [this](const Trial& trial) { told(trial); }});
  current_ = nullptr;
  if (fatal_) std::rethrow_exception(fatal_);
  result_.stopped = result_.reason == study::StopReason::stopped || wants_stop(stop_);

  if (!result_.stopped && verification_runs() > 0 && study_->best()) {
    note("verification: the best configurations are measured again");
    result_.recommendation = study_->recommend(
        [this](const Trial& trial) {
          study::Metrics metrics = measure(trial);
          return metrics;
        },
        *spec_.study.verify);
    current_ = nullptr;
    result_.stopped = wants_stop(stop_);
  }
  summarise();
  return std::move(result_);
}

}  // namespace

std::unique_ptr<study::Study> open_study(const TuneSpec& spec, std::optional<search::AnyStrategy> strategy) {
  if (!spec.study.store.empty() && spec.study.store.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(spec.study.store.parent_path(), error);
    if (error) throw StoreError(spec.study.store.parent_path().string() + ": cannot be made: " + error.message());
  }
  study::StudyOptions options{.name = spec.study.name, .store = spec.study.store, .seed = spec.study.seed};
  if (strategy) {
    options.strategy = std::move(strategy);
  } else {
    options.strategy = study::named_strategy(spec.study.strategy);
    options.budget = spec.study.trials;
  }
  auto made = std::make_unique<study::Study>(spec.space(), spec.problem, std::move(options));
  if (const auto baseline = spec.baseline()) made->enqueue(*baseline);
  return made;
}

std::unique_ptr<study::Study> make_study(const TuneSpec& spec) {
  return open_study(spec, std::nullopt);
}

SearchRun run_search(const TuneSpec& spec, std::optional<search::AnyStrategy> strategy, const TuneCallbacks& callbacks,
                     const Stop& stop) {
  Tuning tuning(spec, std::move(strategy), callbacks, stop);
  SearchRun run{.result = tuning.run(), .study = nullptr};
  run.study = tuning.take_study();
  return run;
}

TuneResult run_tune(const TuneSpec& spec, const TuneCallbacks& callbacks, const Stop& stop) {
  return run_search(spec, std::nullopt, callbacks, stop).result;
}

}  // namespace bayestuner::runner
