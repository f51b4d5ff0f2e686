#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "bayestuner/control/replay.hpp"
#include "bayestuner/core/error.hpp"
#include "command/commands.hpp"

namespace bayestuner::command {

namespace {

struct ControlOptions {
  std::string path, format, out, mode;
  std::vector<std::string> tasks, controllers, steps;
  std::vector<double> caps;
  control::ReplayOptions replay;
  bool recorded = false;
};

double mean(const std::vector<double>& values) {
  double sum = 0.0;
  std::size_t n = 0;
  for (const double v : values) {
    if (std::isnan(v)) continue;
    sum += v;
    ++n;
  }
  return n > 0 ? sum / static_cast<double>(n) : std::nan("");
}

std::string table_row(const control::ReplayResult& r) {
  std::vector<double> changes(r.changes.begin(), r.changes.end());
  const auto found = std::count_if(r.decisions_to_converge.begin(), r.decisions_to_converge.end(),
                                   [](const auto& d) { return d.has_value(); });
  return fmt::format("{:<44} {:<34} {:>8.1f} {:>10.3f} {:>8.3f} {:>8.3f} {:>8.1f} {:>8.1f} {:>8.1f} {:>9}\n", r.task,
                     r.controller, r.cap_w, mean(r.throughput_share), mean(r.goodput_share), mean(r.violation_share),
                     mean(r.violation_w), mean(r.longest_violation_s), mean(changes),
                     fmt::format("{}/{}", found, r.changes.size()));
}

// `100:0.75`: from 100 s on, three quarters of the cap.
std::pair<double, double> cap_step(const std::string& text) {
  double at = 0.0, factor = 0.0;
  char rest = 0;
  if (std::sscanf(text.c_str(), "%lf:%lf%c", &at, &factor, &rest) != 2 || !(at > 0.0) || !(factor > 0.0)) {
    throw InvalidArgument("--cap-step: '" + text + "' is not of the form seconds:factor, both above 0");
  }
  return {at, factor};
}

int run(ControlOptions o) {
  const bool json = o.format == "json";
  const bool stream = o.out.empty() || o.out == "-";
  std::string text;
  const auto emit = [&](const std::string& line) { stream ? write_out("", line) : void(text += line); };
  if (o.recorded) {
    if (!json)
      emit(fmt::format("{:<44} {:<12} {:>8} {:>10} {:>8} {:>8}\n", "task", "recorded", "cap W", "throughput", "over",
                       "excess W"));
    for (const control::RecordedRun& r : control::recorded_runs(o.path, o.replay.idle_w)) {
      emit(json ? fmt::format("{{\"task\":\"{}\",\"recorded\":\"{}\",\"cap_w\":{},\"throughput_share\":{},"
                              "\"violation_share\":{},\"violation_w\":{}}}\n",
                              r.task, r.approach, r.cap_w,
                              std::isnan(r.throughput_share) ? "null" : fmt::format("{}", r.throughput_share),
                              r.violation_share, r.violation_w)
                : fmt::format("{:<44} {:<12} {:>8.1f} {:>10.3f} {:>8.3f} {:>8.1f}\n", r.task, r.approach, r.cap_w,
                              r.throughput_share, r.violation_share, r.violation_w));
    }
  } else {
    o.replay.mode = o.mode == "traces" ? control::ReplayMode::traces : control::ReplayMode::table;
    o.replay.tasks = o.tasks;
    o.replay.controllers = o.controllers;
    o.replay.caps_w = o.caps;
    for (const std::string& step : o.steps) o.replay.cap_steps.push_back(cap_step(step));
    if (!std::is_sorted(o.replay.cap_steps.begin(), o.replay.cap_steps.end())) {
      throw InvalidArgument("--cap-step: the times must rise");
    }
    if (!json) {
      emit(fmt::format("{:<44} {:<34} {:>8} {:>10} {:>8} {:>8} {:>8} {:>8} {:>8} {:>9}\n", "task", "controller",
                       "cap W", "throughput", "goodput", "over", "excess W", "longest", "changes", "converged"));
    }
    control::replay(o.path, o.replay,
                    [&](const control::ReplayResult& r) { emit(json ? r.to_json() + "\n" : table_row(r)); });
  }
  if (!stream) write_out(o.out, text);
  return success;
}

void add_control_replay(CLI::App& group, Action& action) {
  auto o = std::make_shared<ControlOptions>();
  CLI::App* sub = group.add_subcommand("replay", "Try controllers on a recorded server, without hardware");
  sub->add_option("path", o->path, "folder or tasks.json; traces.csv.gz beside it for --mode traces")->required();
  sub->add_option("--task", o->tasks, "only this task, in traces mode this problem (may be repeated)");
  o->controllers = {"guard"};
  sub->add_option("--controller", o->controllers, "controllers, separated by commas; options as NAME:option=number")
      ->delimiter(',')
      ->capture_default_str();
  o->mode = "table";
  sub->add_option("--mode", o->mode, "table: each setting answers its row; traces: windows drawn from recorded runs")
      ->check(CLI::IsMember({"table", "traces"}))
      ->capture_default_str();
  sub->add_option("--cap", o->caps, "caps in W instead of the task's, separated by commas")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  sub->add_option("--seeds", o->replay.seeds, "runs of each")->check(CLI::PositiveNumber)->capture_default_str();
  sub->add_option("--first-seed", o->replay.first_seed, "seed of the first run")->capture_default_str();
  sub->add_option("--decisions", o->replay.decisions, "table: decisions of a run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--seconds", o->replay.horizon_s, "traces: length of a run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--cap-step", o->steps, "traces: SECONDS:FACTOR, the cap from then on (may be repeated)");
  sub->add_option("--delay", o->replay.delay, "traces: windows that the meter is late")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  sub->add_option("--rise", o->replay.rise, "traces: share by which power above idle rises at 100 s")
      ->capture_default_str();
  sub->add_option("--idle", o->replay.idle_w, "traces: W below every reading")->capture_default_str();
  sub->add_flag("--windows", o->replay.log, "json: every window too");
  sub->add_flag("--recorded", o->recorded, "what the recorded controllers did, by the same measures");
  add_format(*sub, o->format);
  sub->add_option("--out", o->out, "file to write to");
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace

void add_control(CLI::App& app, Action& action) {
  CLI::App* group = app.add_subcommand("control", "Steer a live server under a power cap");
  group->require_subcommand(1);
  add_control_run(*group, action);
  add_control_replay(*group, action);
}

}  // namespace bayestuner::command
