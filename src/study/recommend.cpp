// Verification of the winner: optimisation.md's rule that the answer keeps its promise (Study::recommend).

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "bayestuner/core/text.hpp"
#include "bayestuner/study/study.hpp"
#include "study/pooling.hpp"

namespace bayestuner::study {

namespace {

// P(metric on the right side of the threshold), Student's t with the runs' degrees of freedom; both sides' errors add.
double probability_of(double distance, double standard_error, int runs) {
  if (standard_error <= 0.0) return distance >= 0.0 ? 1.0 : 0.0;
  const boost::math::students_t t(std::max(1, runs - 1));
  return boost::math::cdf(t, std::clamp(distance / standard_error, -1e6, 1e6));
}

struct Candidate {
  space::Configuration params;
  std::map<std::string, std::vector<Metric>> readings = {};
  std::vector<std::int64_t> trials = {};
  int runs = 0;
  bool failed = false;

  Metrics metrics() const {
    Metrics pooled;
    for (const auto& [name, all] : readings) pooled[name] = pool(all);
    return pooled;
  }
};

}  // namespace

std::optional<Recommendation> Study::recommend(const Function& measure, const RecommendOptions& options) {
  if (!measure) throw InvalidArgument("measure: is empty");
  if (options.top < 1 || options.repeats < 1) throw InvalidArgument("recommend: top and repeats must be at least 1");
  if (!(options.confidence > 0.0 && options.confidence < 1.0)) {
    throw InvalidArgument("confidence: " + to_text(options.confidence) + " is outside (0, 1)");
  }
  stop_requested_ = false;  // what ended the search does not end the verification
  std::vector<Trial> ranked;
  std::optional<Trial> base;
  {
    const std::lock_guard lock(mutex_);
    refresh();
    ranked = ranked_locked();
    base = baseline_locked();
  }
  if (ranked.empty()) return std::nullopt;
  if (static_cast<int>(ranked.size()) > options.max_candidates) {
    ranked.resize(static_cast<std::size_t>(options.max_candidates));
  }
  std::vector<Candidate> candidates;
  for (const Trial& t : ranked) candidates.push_back({.params = t.params});
  Candidate reference;
  if (base) reference.params = base->params;
  const bool baseline_is_first = base && base->params == candidates.front().params;

  const auto run = [&](Candidate& candidate) {
    if (stop_requested_ || candidate.failed) return;
    const Trial trial = ask_repeat(candidate.params);
    candidate.trials.push_back(trial.number);
    try {
      const Metrics metrics = measure(trial);
      tell(trial.number, metrics);
      for (const auto& [name, m] : metrics) candidate.readings[name].push_back(m);
      ++candidate.runs;
    } catch (const TrialFailed& e) {
      tell_failure(trial.number, e.reason, e.what(), e.partial);
      if (e.reason == FailureReason::cancelled) {
        stop_requested_ = true;
        return;
      }
      candidate.failed = true;  // a configuration that fails when repeated keeps no promise
    } catch (const std::exception& e) {
      if (!this->trial(trial.number).is_finished()) tell_failure(trial.number, FailureReason::crashed, e.what());
      throw;
    }
  };

  const Problem problem = this->problem();
  const auto probabilities = [&](const Candidate& candidate) {
    std::map<std::string, double> result;
    const Metrics metrics = candidate.metrics();
    const Metrics base_metrics = reference.runs > 0 ? reference.metrics() : base ? base->metrics : Metrics{};
    for (const Constraint& c : problem.constraints()) {
      const auto it = metrics.find(c.metric);
      const auto b = base_metrics.find(c.metric);
      const auto threshold = c.threshold(b == base_metrics.end() ? std::nullopt : std::optional(b->second.value));
      if (candidate.failed || it == metrics.end() || !threshold) {
        result[c.to_text()] = 0.0;
        continue;
      }
      // The baseline against itself has no error of difference.
      const bool itself = c.relative && base && candidate.params == base->params;
      const double theirs = c.relative && !itself ? c.value * b->second.standard_error : 0.0;
      const double gap = c.bound == Bound::at_most ? *threshold - it->second.value : it->second.value - *threshold;
      result[c.to_text()] =
          probability_of(gap, itself ? 0.0 : std::hypot(it->second.standard_error, theirs), candidate.runs);
    }
    return result;
  };
  const auto least = [](const std::map<std::string, double>& p) {
    double low = 1.0;
    for (const auto& [text, value] : p) low = std::min(low, value);
    return low;
  };

  // Interleaved, so that a drift of the machine falls on all alike.
  const std::size_t top = std::min(candidates.size(), static_cast<std::size_t>(options.top));
  for (int r = 0; r < options.repeats; ++r) {
    if (base && options.repeat_baseline && !baseline_is_first) run(reference);
    for (std::size_t i = 0; i < top; ++i) run(candidates[i]);
  }
  if (baseline_is_first) reference = candidates.front();

  const auto& objective = problem.objectives().front();
  const auto value = [&](const Candidate& c) {
    const auto it = c.readings.find(objective.metric);
    if (it == c.readings.end() || c.failed) return std::numeric_limits<double>::infinity();
    return (objective.maximise ? -1.0 : 1.0) * pool(it->second).value;
  };
  std::stable_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(top),
                   [&](const Candidate& a, const Candidate& b) { return value(a) < value(b); });

  const Candidate* chosen = nullptr;
  const Candidate* surest = nullptr;
  for (std::size_t i = 0; i < candidates.size() && !chosen; ++i) {
    Candidate& c = candidates[i];
    while (!c.failed && !stop_requested_ && c.runs < options.repeats) run(c);
    while (!c.failed && !stop_requested_ && c.runs < options.max_repeats) {
      const double p = least(probabilities(c));
      if (p >= options.confidence || p <= 1.0 - options.confidence) break;
      run(c);
    }
    if (c.runs == 0) continue;
    if (least(probabilities(c)) >= options.confidence) chosen = &c;
    if (!surest || least(probabilities(c)) > least(probabilities(*surest))) surest = &c;
    if (stop_requested_) break;
  }
  const Candidate* answer = chosen ? chosen : surest;
  Recommendation result;
  result.params = answer ? answer->params : ranked.front().params;
  result.metrics = answer ? answer->metrics() : ranked.front().metrics;
  result.confirmed = chosen != nullptr;
  if (answer) {
    result.probability = probabilities(*answer);
    result.repeats = answer->runs;
  }
  for (const Candidate& c : candidates) result.trials.insert(result.trials.end(), c.trials.begin(), c.trials.end());
  if (!baseline_is_first) {
    result.trials.insert(result.trials.end(), reference.trials.begin(), reference.trials.end());
  }
  std::sort(result.trials.begin(), result.trials.end());
  if (base) {
    result.baseline = base->params;
    result.baseline_metrics = reference.runs > 0 ? reference.metrics() : base->metrics;
    const Metric& from = result.baseline_metrics.at(objective.metric);
    const Metric& to = result.metrics.at(objective.metric);
    if (from.value != 0.0 && from.provenance == to.provenance) {
      const double ratio = to.value / from.value;
      const double relative = std::hypot(to.standard_error / std::max(std::abs(to.value), 1e-300),
                                         from.standard_error / std::abs(from.value));
      const bool same = base->params == result.params;
      result.gain = Metric{.value = objective.maximise ? ratio - 1.0 : 1.0 - ratio,
                           .standard_error = same ? 0.0 : std::abs(ratio) * relative,
                           .n = result.repeats,
                           .provenance = to.provenance};
    }
  }
  return result;
}

}  // namespace bayestuner::study
