#include "bayestuner/runner/tune.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "bayestuner/analysis/report.hpp"
#include "bayestuner/core/text.hpp"
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
  void trial(const runner::TuneProgress& p) const {
    if (quiet_) return;
    clear();
    std::string outcome;
    if (p.trial.state == study::TrialState::complete) {
      outcome = metrics_text(metrics_, p.trial.metrics) + (p.is_feasible ? "" : "  (infeasible)");
    } else {
      outcome = fmt::format("failed: {}: {}", study::to_string(p.trial.reason), p.trial.message);
    }
    std::string end;
    if (p.best && p.trial.state == study::TrialState::complete && p.best->params == p.trial.params) end = "  * best";
    const std::string planned = p.planned ? fmt::format("/{}", *p.planned) : "";
    const std::string left = p.left_s ? fmt::format("  [{} left]", minutes(*p.left_s)) : "";
    fmt::print(stderr, "{:>4}{}  {:<58} {}{}{}\n", p.finished, planned, p.trial.params.to_text(), outcome, end, left);
  }
  void note(const std::string& text) const {
    if (quiet_) return;
    clear();
    fmt::print(stderr, "      {}\n", text);
  }
  void clear() const {
    if (live_) fmt::print(stderr, "\r\033[K");
  }

 private:
  std::vector<std::string> metrics_;
  bool quiet_, live_;
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
  return json.dump(1) + "\n";
}

std::string as_text(const runner::TuneResult& r) {
  std::string text = fmt::format("{} trials ({} failed) in {}\n", r.finished, r.failed, minutes(r.seconds));
  if (!r.best) text += "nothing feasible was found\n";
  if (r.recommendation) {
    const auto& answer = *r.recommendation;
    text += fmt::format("recommended: {}\n", answer.params.to_text());
    for (const auto& [rule, p] : answer.probability) {
      text += fmt::format("  {} holds with probability {:.3f}\n", rule, p);
    }
    text += fmt::format("  {} by {} further measurements\n", answer.confirmed ? "confirmed" : "NOT confirmed",
                        answer.repeats);
  } else if (r.best) {
    text += fmt::format("best measured (not verified): {}\n", r.best->params.to_text());
  }
  if (r.baseline && !r.comparison.empty()) {
    text += fmt::format("today:       {}\n", r.baseline->params.to_text());
    text += fmt::format("  {:<20} {:>20} {:>20} {:>18}\n", "", "today", "recommended", "change");
    for (const auto& c : r.comparison) {
      const std::string change =
          c.change ? fmt::format("{:+.1f} % ± {:.1f}", 100 * c.change->value, 100 * c.change->standard_error) : "-";
      text +=
          fmt::format("  {:<20} {:>20} {:>20} {:>18}\n", c.metric, c.baseline ? analysis::readable(*c.baseline) : "-",
                      c.recommended ? analysis::readable(*c.recommended) : "-", change);
    }
  }
  if (r.drift) text += fmt::format("drift of the baseline from first to last measurement: {:+.1f} %\n", 100 * *r.drift);
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
  if (!spec.study.store.empty() && spec.study.store.has_parent_path()) {
    std::filesystem::create_directories(spec.study.store.parent_path());
  }
  const knob::StopSignals signals;
  const Progress progress(spec, o.quiet || o.format == "json");
  const runner::TuneCallbacks callbacks{
      .trial = [&](const runner::TuneProgress& p) { progress.trial(p); },
      .phase = [&](const study::Trial& t, runner::Phase phase) { progress.phase(t, phase); },
      .note = [&](const std::string& text) { progress.note(text); }};
  const runner::TuneResult result = runner::run_tune(spec, callbacks, [&] { return signals.requested(); });
  progress.clear();
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
