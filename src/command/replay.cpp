#include "bayestuner/analysis/replay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "command/commands.hpp"

namespace bayestuner::command {

namespace {

struct ReplayOptions {
  std::string file, format, out;
  std::vector<std::string> ids, types, strategies;
  int seeds = 1, jobs = 1;
  std::uint64_t first_seed = 0;
  std::size_t budget = 0;
};

double mean_of(const std::vector<std::optional<double>>& values, double missing) {
  double sum = 0.0;
  for (const auto& v : values) sum += std::min(v.value_or(missing), 1.0);
  return values.empty() ? 0.0 : sum / static_cast<double>(values.size());
}

std::string table_row(const analysis::ReplayResult& r) {
  const bool pareto = r.type == "pareto";
  int within = 0, none = 0;
  for (const auto& g : r.gap) {
    within += g && *g <= 0.01;
    none += !g;
  }
  const double n = static_cast<double>(r.seeds.size());
  return fmt::format("{:<52} {:<13} {:>6} {:>9.4f} {:>8} {:>8} {:>7} {:>10.2f} {:>10.2f}\n", r.task, r.strategy,
                     r.budget, pareto ? mean_of(r.hypervolume, 0.0) : mean_of(r.gap, 1.0),
                     pareto ? "-" : fmt::format("{:.2f}", within / n), pareto ? "-" : fmt::format("{:.2f}", none / n),
                     *std::max_element(r.repeats.begin(), r.repeats.end()), 1e3 * r.ask_median_s, 1e3 * r.ask_p99_s);
}

int run(const ReplayOptions& o) {
  const auto all = analysis::read_tasks(o.file);
  std::vector<std::pair<analysis::RecordedTask, analysis::RecordedTable>> tasks;
  std::vector<std::string> failures;
  for (const std::string& id : o.ids) {
    if (std::none_of(all.begin(), all.end(), [&](const auto& t) { return t.id == id; })) {
      throw InvalidArgument("--task: '" + id + "' is not in " + o.file);
    }
  }
  for (const auto& task : all) {
    if (!o.ids.empty() && std::find(o.ids.begin(), o.ids.end(), task.id) == o.ids.end()) continue;
    if (!o.types.empty() && std::find(o.types.begin(), o.types.end(), task.type) == o.types.end()) continue;
    try {
      tasks.emplace_back(task, analysis::load_table(task));
      const std::string note = analysis::differs_from_stated(task, tasks.back().second);
      if (!note.empty()) fmt::print(stderr, "bayestuner: {}\n", note);
    } catch (const Error& e) {
      failures.push_back(task.id + ": " + e.what());
    }
  }
  if (tasks.empty() && failures.empty()) throw InvalidArgument("replay: no task matches");
  if (tasks.empty()) {
    const std::string more = failures.size() > 1 ? fmt::format(" (and {} more)", failures.size() - 1) : "";
    throw InvalidArgument(failures.front() + more);
  }
  for (const std::string& failure : failures) fmt::print(stderr, "bayestuner: {}\n", failure);
  analysis::ReplayOptions options{
      .strategies = o.strategies, .seeds = o.seeds, .first_seed = o.first_seed, .jobs = o.jobs};
  if (options.strategies.empty()) options.strategies = {"bo"};
  if (o.budget > 0) options.budget = o.budget;
  const bool stream = o.out.empty() || o.out == "-";
  std::string text;
  const auto emit = [&](const std::string& line) { stream ? write_out("", line) : void(text += line); };
  bool headed = o.format == "json";
  const auto head = [&] {
    if (std::exchange(headed, true)) return;
    emit(fmt::format("{:<52} {:<13} {:>6} {:>9} {:>8} {:>8} {:>7} {:>10} {:>10}\n", "task", "strategy", "budget",
                     "gap|hv", "<=1%", "none", "repeats", "ask ms", "p99 ms"));
  };
  analysis::replay(tasks, options, [&](const analysis::ReplayResult& r) {
    head();
    emit(o.format == "json" ? r.to_json() + "\n" : table_row(r));
  });
  if (!stream) write_out(o.out, text);
  return failures.empty() ? success : partly_failed;
}

}  // namespace

void add_replay(CLI::App& app, Action& action) {
  auto o = std::make_shared<ReplayOptions>();
  CLI::App* sub = app.add_subcommand("replay", "Try strategies on recorded tables, without hardware");
  sub->add_option("tasks", o->file, "tasks.json")->required();
  sub->add_option("--task", o->ids, "only this task (may be repeated)");
  sub->add_option("--type", o->types, "only tasks of this type (may be repeated)");
  sub->add_option("--strategy", o->strategies, "strategies, separated by commas [bo]")->delimiter(',');
  sub->add_option("--seeds", o->seeds, "runs of each")->check(CLI::PositiveNumber)->capture_default_str();
  sub->add_option("--first-seed", o->first_seed, "seed of the first run")->capture_default_str();
  sub->add_option("--budget", o->budget, "evaluations instead of each task's own")->check(CLI::PositiveNumber);
  sub->add_option("--jobs", o->jobs, "runs at once")->check(CLI::PositiveNumber)->capture_default_str();
  add_format(*sub, o->format);
  sub->add_option("--out", o->out, "file to write to");
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
