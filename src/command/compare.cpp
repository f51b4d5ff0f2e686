#include "bayestuner/analysis/comparison.hpp"

#include <memory>

#include "command/commands.hpp"

namespace bayestuner::command {

namespace {

struct CompareOptions {
  std::vector<std::string> files;
  std::string format, out;
  analysis::CompareOptions compare;
};

int run(const CompareOptions& o) {
  std::vector<analysis::ReplayResult> results;
  for (const std::string& file : o.files) {
    for (auto& result : analysis::read_results(file)) results.push_back(std::move(result));
  }
  std::string text;
  for (const auto& comparison : analysis::compare(results, o.compare)) {
    if (o.format == "json") {
      text += comparison.to_json() + "\n";
    } else {
      text += (text.empty() ? "" : "\n") + comparison.to_text();
    }
  }
  write_out(o.out, text);
  return success;
}

}  // namespace

void add_compare(CLI::App& app, Action& action) {
  auto o = std::make_shared<CompareOptions>();
  CLI::App* sub = app.add_subcommand("compare", "Strategies against each other, from results of replay");
  sub->add_option("results", o->files, "files of `bayestuner replay --format json`")->required();
  sub->add_option("--baseline", o->compare.baseline, "differences from this strategy only [all pairs]");
  sub->add_option("--confidence", o->compare.confidence, "of the intervals")->capture_default_str();
  sub->add_option("--resamples", o->compare.resamples, "bootstrap samples")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--seed", o->compare.seed, "of the bootstrap")->capture_default_str();
  sub->add_flag("--fixed-tasks", o->compare.fixed_tasks, "intervals for these very tasks: only seeds are drawn anew");
  sub->add_option("--within", o->compare.within, "gap that counts as the optimum")->capture_default_str();
  add_format(*sub, o->format);
  sub->add_option("--out", o->out, "file to write to");
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
