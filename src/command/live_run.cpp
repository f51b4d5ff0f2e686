#include "command/live_run.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "bayestuner/analysis/report.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/knob/resource_lock.hpp"
#include "bayestuner/knob/restore.hpp"
#include "bayestuner/knob/stop_signals.hpp"
#include "command/commands.hpp"

namespace bayestuner::command {

namespace {

std::string metrics_text(const std::vector<std::string>& names, const study::Metrics& metrics) {
  std::vector<std::string> parts;
  for (const auto& name : names) {
    if (const auto it = metrics.find(name); it != metrics.end())
      parts.push_back(name + " " + analysis::readable(it->second));
  }
  return join(parts);
}

}  // namespace

std::string minutes(double seconds) {
  return seconds < 90 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60);
}

std::string dry_run_text(const runner::TuneSpec& spec) {
  const auto space = spec.space();
  const auto count = space.count();
  std::string text = fmt::format("{} parameters, {} configurations, objective and constraints: {}\n", space.dimension(),
                                 count ? fmt::format("{}", *count) : "uncounted", spec.problem.to_json());
  for (const auto& note : spec.notes) text += "note: " + note + "\n";
  if (const auto base = spec.baseline()) text += "today: " + base->to_text() + "\n";
  return text;
}

Progress::Progress(const runner::TuneSpec& spec, bool quiet)
    : metrics_(spec.problem.metrics()), quiet_(quiet), live_(!quiet && isatty(STDERR_FILENO) != 0) {}

void Progress::phase(const study::Trial& trial, runner::Phase phase) const {
  if (live_) fmt::print(stderr, "\r\033[K{:>4}  {}: {} …", trial.number, trial.params.to_text(), to_string(phase));
}

void Progress::resume(const runner::TuneProgress& p) {
  any_ = true;
  if (quiet_) return;
  const std::string planned = p.planned ? fmt::format(" of {}", *p.planned) : "";
  fmt::print(stderr, "      going on: {}{} trials are there{}\n", p.finished, planned, standing(p));
  if (p.best) fmt::print(stderr, "      best so far: {}\n", p.best->params.to_text());
  print_notes();
}

void Progress::trial(const runner::TuneProgress& p) {
  any_ = true;
  if (quiet_) return;
  print_notes();
  std::string outcome;
  if (p.trial.state == study::TrialState::complete) {
    outcome = metrics_text(metrics_, p.trial.metrics) + (p.is_feasible ? "" : "  (infeasible)");
  } else {
    outcome = fmt::format("failed: {}: {}", study::to_string(p.trial.reason), p.trial.message);
  }
  if (const auto noisy = p.trial.user_attrs.find("noisy"); noisy != p.trial.user_attrs.end()) {
    outcome += "  (noisy: others used " + noisy->second + " of the CPUs)";
  }
  const std::string planned = p.planned ? fmt::format("/{}", *p.planned) : "";
  const std::string left = p.left_s ? fmt::format("  [{} left]", minutes(*p.left_s)) : "";
  fmt::print(stderr, "{:>4}{}  {:<58} {}{}{}\n", p.finished, planned, p.trial.params.to_text(), outcome, standing(p),
             left);
}

void Progress::note(const std::string& text) {
  notes_.push_back(text);
  if (any_) print_notes();
}

void Progress::print_notes() {
  clear();
  for (const std::string& text : notes_) {
    if (!quiet_) fmt::print(stderr, "      {}\n", text);
  }
  notes_.clear();
}

void Progress::clear() const {
  if (live_) fmt::print(stderr, "\r\033[K");
}

// Where the search stands: the best so far, or the front.
std::string Progress::standing(const runner::TuneProgress& p) const {
  if (p.front.empty()) return best(p);
  const bool here =
      p.trial.state == study::TrialState::complete &&
      std::any_of(p.front.begin(), p.front.end(), [&](const study::Trial& t) { return t.params == p.trial.params; });
  return fmt::format("  | {}front of {}", here ? "* " : "", p.front.size());
}

// The best so far against the configuration in force today.
std::string Progress::best(const runner::TuneProgress& p) const {
  if (!p.best) return "  | nothing feasible yet";
  const bool here = p.trial.state == study::TrialState::complete && p.best->params == p.trial.params;
  const auto found = p.best->metrics.find(metrics_.front());
  if (found == p.best->metrics.end()) return here ? "  | * best" : "";
  std::string text = fmt::format("  | {}best {}", here ? "* " : "", analysis::readable(found->second));
  if (p.baseline && p.baseline->params != p.best->params) {
    const auto today = p.baseline->metrics.find(metrics_.front());
    if (today != p.baseline->metrics.end() && today->second.value != 0.0) {
      const char* const about = found->second.provenance == Provenance::estimated ? "~" : "";
      text += fmt::format(" ({}{:+.0f} %)", about, 100.0 * (found->second.value / today->second.value - 1.0));
    }
  }
  return text;
}

void run_live(Progress& progress, const LiveRun& run) {
  const knob::StopSignals signals;
  const runner::TuneCallbacks callbacks{
      .resume = [&](const runner::TuneProgress& p) { progress.resume(p); },
      .trial = [&](const runner::TuneProgress& p) { progress.trial(p); },
      .phase = [&](const study::Trial& t, runner::Phase phase) { progress.phase(t, phase); },
      .note = [&](const std::string& text) { progress.note(text); }};
  try {
    run(callbacks, [&] { return signals.requested(); });
  } catch (const knob::BusyError&) {
    throw;
  } catch (const knob::RestoreError&) {
    throw;
  } catch (const Error& error) {
    progress.clear();
    // Before the first told trial nothing was learnt and nothing is left: what the user asked for cannot work here.
    if (!progress.any_trial()) throw InvalidArgument(error.what());
    if (dynamic_cast<const InvalidArgument*>(&error) == nullptr) throw MachineProblem(error.what());
    throw;
  }
  progress.print_notes();
}

}  // namespace bayestuner::command
