#include "bayestuner/runner/tune.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "bayestuner/analysis/report.hpp"
#include "bayestuner/runner/tune_file.hpp"
#include "command/commands.hpp"
#include "command/live_run.hpp"

namespace bayestuner::command {

namespace {

struct TuneOptions {
  std::string file, format;
  bool dry_run = false, quiet = false;
  std::size_t trials = 0;
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

int run(const TuneOptions& o) {
  runner::TuneSpec spec = runner::read_tune_file(o.file);
  if (o.trials > 0) spec.study.trials = o.trials;
  spec.check();
  if (o.dry_run) {
    write_out("", dry_run_text(spec));
    return success;
  }
  Progress progress(spec, o.quiet || o.format == "json");
  runner::TuneResult result;
  run_live(progress, [&](const runner::TuneCallbacks& callbacks, const runner::Stop& stop) {
    result = runner::run_tune(spec, callbacks, stop);
  });
  write_out("", o.format == "json" ? as_json(result) : as_text(result));
  if (result.stopped) return interrupted;
  return result.best ? success : nothing_feasible;
}

}  // namespace

void add_tune(CLI::App& app, Action& action) {
  auto o = std::make_shared<TuneOptions>();
  CLI::App* sub = app.add_subcommand("tune", "Tune what a file describes; run it again to resume");
  sub->add_option("file", o->file, "tune file (TOML)")->required();
  sub->add_option("--trials", o->trials, "trials in all, instead of the file's")->check(CLI::PositiveNumber);
  sub->add_flag("--dry-run", o->dry_run, "check the file and say what would be tuned; touch nothing");
  sub->add_flag("--quiet", o->quiet, "no progress");
  add_format(*sub, o->format);
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
