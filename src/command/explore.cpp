#include "bayestuner/runner/explore.hpp"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "bayestuner/analysis/report.hpp"
#include "bayestuner/runner/tune_file.hpp"
#include "bayestuner/study/export.hpp"
#include "command/commands.hpp"
#include "command/live_run.hpp"

namespace bayestuner::command {

namespace {

struct ExploreOptions {
  std::string file, format, criterion, rule, against, out;
  std::optional<std::size_t> initial, guided;
  bool dry_run = false, quiet = false;
};

std::string as_json(const runner::ExploreResult& r) {
  nlohmann::ordered_json json{{"reason", study::to_string(r.run.reason)},
                              {"stopped", r.stopped()},
                              {"seconds", r.run.seconds + (r.against ? r.against->seconds : 0.0)},
                              {"provenance", to_string(r.run.provenance)},
                              {"explorations", nlohmann::ordered_json::parse(study::to_json(r.explorations))},
                              {"notes", r.run.notes},
                              {"warnings", r.run.warnings}};
  return json.dump(1) + "\n";
}

std::string as_text(const runner::ExploreResult& r) {
  std::string text = analysis::text_report(r.explorations);
  const auto doubts = [&](const runner::TuneResult& run, const std::string& name) {
    if (run.drift) {
      text +=
          fmt::format("{}: drift of the baseline from first to last measurement: {:+.1f} %\n", name, 100 * *run.drift);
    }
    for (const std::string& warning : run.warnings) text += "WARNING: " + name + ": " + warning + "\n";
  };
  doubts(r.run, r.explorations.front().study);
  if (r.against) doubts(*r.against, r.explorations.back().study);
  if (r.run.provenance == Provenance::estimated) {
    text += "~ marks ESTIMATED numbers: no sensor measured them; see docs/power.md\n";
  }
  if (r.stopped()) text += "stopped; run the same command again to go on\n";
  return text;
}

std::string render(const runner::ExploreResult& result, const std::string& format) {
  if (format == "json") return as_json(result);
  if (format == "csv") return study::to_csv(result.explorations);
  return as_text(result);
}

int run(const ExploreOptions& o) {
  runner::TuneSpec spec = runner::read_tune_file(o.file);
  auto& [how, against] = spec.explore;
  if (o.initial) how.initial = *o.initial;
  if (o.guided) how.guided = *o.guided;
  if (!o.criterion.empty()) how.criterion = o.criterion;
  if (!o.rule.empty()) how.rule = study::reference_rule(o.rule);
  if (!o.against.empty()) against = o.against == "none" ? "" : o.against;
  spec = runner::exploration_spec(spec);
  spec.check();
  if (o.dry_run) {
    write_out("", dry_run_text(spec));
    return success;
  }
  Progress progress(spec, o.quiet || o.format == "json" || o.format == "csv");
  runner::ExploreResult result;
  run_live(progress, [&](const runner::TuneCallbacks& callbacks, const runner::Stop& stop) {
    result = runner::run_explore(spec, callbacks, stop);
  });
  write_out(o.out, render(result, o.format));
  if (result.stopped()) return interrupted;
  return result.explorations.front().front.empty() ? nothing_feasible : success;
}

}  // namespace

void add_explore(CLI::App& app, Action& action) {
  auto o = std::make_shared<ExploreOptions>();
  CLI::App* sub = app.add_subcommand("explore", "The trade-off of two or three objectives; run it again to resume");
  sub->add_option("file", o->file, "tune file (TOML) with two or three objectives")->required();
  sub->add_option("--initial", o->initial, "Latin-hypercube points, instead of the file's")->check(CLI::PositiveNumber);
  sub->add_option("--guided", o->guided, "model-guided points after them")->check(CLI::NonNegativeNumber);
  sub->add_option("--criterion", o->criterion, "what guides: ehvi, hvpoi, poi");
  sub->add_option("--reference-rule", o->rule, "reference point where the file states none: worst, nadir");
  sub->add_option("--against", o->against, "a strategy measured as well, of the same size: random, …, or none");
  sub->add_flag("--dry-run", o->dry_run, "check the file and say what would be explored; touch nothing");
  sub->add_flag("--quiet", o->quiet, "no progress");
  add_format(*sub, o->format, {"table", "json", "csv"});
  sub->add_option("--out", o->out, "file to write to");
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
