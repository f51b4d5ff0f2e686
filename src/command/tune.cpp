#include "bayestuner/runner/tune.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "bayestuner/analysis/report.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/knob/resource_lock.hpp"
#include "bayestuner/knob/restore.hpp"
#include "bayestuner/knob/stop_signals.hpp"
#include "bayestuner/runner/tune_file.hpp"
#include "command/commands.hpp"

namespace bayestuner::command {

namespace {

struct Options {
  std::string file, format;
  bool dry_run = false, quiet = false;
  std::size_t trials = 0;
};

std::string minutes(double seconds) {
  return seconds < 90 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60);
}

std::string metrics_text(const std::vector<std::string>& names, const study::Metrics& metrics) {
  std::vector<std::string> parts;
  for (const auto& name : names) {
    if (const auto it = metrics.find(name); it != metrics.end())
      parts.push_back(name + " " + analysis::readable(it->second));
  }
  return join(parts);
}

// One line a trial; on a terminal also what the running one is doing.
class Progress {
 public:
  Progress(const runner::TuneSpec& spec, bool quiet)
      : metrics_(spec.problem.metrics()), quiet_(quiet), live_(!quiet && isatty(STDERR_FILENO) != 0) {}

  void phase(const study::Trial& trial, runner::Phase phase) const {
    if (live_) fmt::print(stderr, "\r\033[K{:>4}  {}: {} …", trial.number, trial.params.to_text(), to_string(phase));
  }
  void resume(const runner::TuneProgress& p) {
    any_ = true;
    if (quiet_) return;
    const std::string planned = p.planned ? fmt::format(" of {}", *p.planned) : "";
    fmt::print(stderr, "      going on: {}{} trials are there{}\n", p.finished, planned, best(p));
    if (p.best) fmt::print(stderr, "      best so far: {}\n", p.best->params.to_text());
    print_notes();
  }
  void trial(const runner::TuneProgress& p) {
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
    fmt::print(stderr, "{:>4}{}  {:<58} {}{}{}\n", p.finished, planned, p.trial.params.to_text(), outcome, best(p),
               left);
  }
  // Notes wait for the first trial: where it cannot even begin, the reason stands alone.
  void note(const std::string& text) {
    notes_.push_back(text);
    if (any_) print_notes();
  }
  void print_notes() {
    clear();
    for (const std::string& text : notes_) {
      if (!quiet_) fmt::print(stderr, "      {}\n", text);
    }
    notes_.clear();
  }
  bool any_trial() const { return any_; }
  void clear() const {
    if (live_) fmt::print(stderr, "\r\033[K");
  }

 private:
  // The best so far against the configuration in force today.
  std::string best(const runner::TuneProgress& p) const {
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

  std::vector<std::string> metrics_, notes_;
  bool quiet_, live_, any_ = false;
};

nlohmann::ordered_json metric_json(const std::optional<Metric>& m) {
  if (!m) return nullptr;
  return {{"value", m->value},
          {"standard_error", m->standard_error},
          {"n", m->n},
          {"provenance", to_string(m->provenance)}};
}

nlohmann::ordered_json params_json(const space::Configuration& params) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, value] : params) {
    std::visit([&json, &name = name](const auto& v) { json[name] = v; }, value);
  }
  return json;
}

std::string as_json(const runner::TuneResult& r) {
  nlohmann::ordered_json json{{"reason", study::to_string(r.reason)},
                              {"stopped", r.stopped},
                              {"finished", r.finished},
                              {"failed", r.failed},
                              {"seconds", r.seconds},
                              {"provenance", to_string(r.provenance)},
                              {"baseline", nullptr},
                              {"best", nullptr},
                              {"recommendation", nullptr}};
  if (r.baseline) json["baseline"] = params_json(r.baseline->params);
  if (r.best) json["best"] = params_json(r.best->params);
  if (r.recommendation) {
    json["recommendation"] = {{"params", params_json(r.recommendation->params)},
                              {"confirmed", r.recommendation->confirmed},
                              {"repeats", r.recommendation->repeats},
                              {"probability", r.recommendation->probability},
                              {"gain", metric_json(r.recommendation->gain)}};
  }
  json["comparison"] = nlohmann::ordered_json::array();
  for (const auto& c : r.comparison) {
    json["comparison"].push_back({{"metric", c.metric},
                                  {"baseline", metric_json(c.baseline)},
                                  {"recommended", metric_json(c.recommended)},
                                  {"change", metric_json(c.change)}});
  }
  json["notes"] = r.notes;
  json["warnings"] = r.warnings;
  return json.dump(1) + "\n";
}

// Estimates are known to two digits at most.
std::string change_text(const Metric& change) {
  const double percent = 100 * change.value, error = 100 * change.standard_error;
  if (change.provenance == Provenance::estimated) return fmt::format("~{:+.2g} % ± {:.1g}", percent, error);
  return fmt::format("{:+.1f} % ± {:.1f}", percent, error);
}

std::string as_text(const runner::TuneResult& r) {
  std::string text = fmt::format("{} trials ({} failed) in {}\n", r.finished, r.failed, minutes(r.seconds));
  if (!r.best) text += "nothing feasible was found\n";
  if (r.recommendation) {
    const auto& answer = *r.recommendation;
    text += fmt::format("recommended: {}\n", answer.params.to_text());
    for (const auto& [rule, p] : answer.probability) {
      if (answer.repeats > 0) text += fmt::format("  {} holds with probability {:.3f}\n", rule, p);
    }
    if (r.stopped && !answer.confirmed) {
      text += "  not verified yet: the verification was interrupted\n";
    } else {
      text += fmt::format("  {} by {} further measurements\n", answer.confirmed ? "confirmed" : "NOT confirmed",
                          answer.repeats);
    }
  } else if (r.best) {
    text += fmt::format("best measured (not verified): {}\n", r.best->params.to_text());
  }
  const auto chosen = r.recommendation ? std::optional(r.recommendation->params)
                      : r.best         ? std::optional(r.best->params)
                                       : std::nullopt;
  if (r.baseline && chosen && r.baseline->params == *chosen) {
    text += "that is the configuration in force today: nothing better that keeps the constraints was found\n";
    for (const auto& c : r.comparison) {
      if (c.recommended) text += fmt::format("  {:<20} {:>20}\n", c.metric, analysis::readable(*c.recommended));
    }
  } else if (r.baseline && !r.comparison.empty()) {
    text += fmt::format("today:       {}\n", r.baseline->params.to_text());
    text += fmt::format("  {:<20} {:>20} {:>20} {:>18}\n", "", "today", "recommended", "change");
    for (const auto& c : r.comparison) {
      const std::string change = c.change ? change_text(*c.change) : "-";
      text +=
          fmt::format("  {:<20} {:>20} {:>20} {:>18}\n", c.metric, c.baseline ? analysis::readable(*c.baseline) : "-",
                      c.recommended ? analysis::readable(*c.recommended) : "-", change);
    }
  }
  if (r.drift) text += fmt::format("drift of the baseline from first to last measurement: {:+.1f} %\n", 100 * *r.drift);
  for (const std::string& warning : r.warnings) text += "WARNING: " + warning + "\n";
  if (r.provenance == Provenance::estimated) {
    text += "~ marks ESTIMATED numbers: no sensor measured them; see docs/power.md\n";
  }
  if (r.stopped) text += "stopped; run the same command again to go on\n";
  return text;
}

int run(const Options& o) {
  runner::TuneSpec spec = runner::read_tune_file(o.file);
  if (o.trials > 0) spec.study.trials = o.trials;
  spec.check();
  if (o.dry_run) {
    const auto space = spec.space();
    const auto count = space.count();
    std::string text =
        fmt::format("{} parameters, {} configurations, objective and constraints: {}\n", space.dimension(),
                    count ? fmt::format("{}", *count) : "uncounted", spec.problem.to_json());
    for (const auto& note : spec.notes) text += "note: " + note + "\n";
    if (const auto base = spec.baseline()) text += "today: " + base->to_text() + "\n";
    write_out("", text);
    return success;
  }
  const knob::StopSignals signals;
  Progress progress(spec, o.quiet || o.format == "json");
  const runner::TuneCallbacks callbacks{
      .resume = [&](const runner::TuneProgress& p) { progress.resume(p); },
      .trial = [&](const runner::TuneProgress& p) { progress.trial(p); },
      .phase = [&](const study::Trial& t, runner::Phase phase) { progress.phase(t, phase); },
      .note = [&](const std::string& text) { progress.note(text); }};
  const auto result = [&] {
    try {
      return runner::run_tune(spec, callbacks, [&] { return signals.requested(); });
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
  }();
  progress.print_notes();
  write_out("", o.format == "json" ? as_json(result) : as_text(result));
  if (result.stopped) return interrupted;
  return result.best ? success : nothing_feasible;
}

}  // namespace

void add_tune(CLI::App& app, Action& action) {
  auto o = std::make_shared<Options>();
  CLI::App* sub = app.add_subcommand("tune", "Tune what a file describes; run it again to resume");
  sub->add_option("file", o->file, "tune file (TOML)")->required();
  sub->add_option("--trials", o->trials, "trials in all, instead of the file's")->check(CLI::PositiveNumber);
  sub->add_flag("--dry-run", o->dry_run, "check the file and say what would be tuned; touch nothing");
  sub->add_flag("--quiet", o->quiet, "no progress");
  add_format(*sub, o->format);
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
