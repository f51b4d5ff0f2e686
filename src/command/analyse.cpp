#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "bayestuner/analysis/degree_study.hpp"
#include "bayestuner/analysis/functional_anova.hpp"
#include "bayestuner/analysis/importance.hpp"
#include "bayestuner/analysis/interactions.hpp"
#include "bayestuner/analysis/partial_dependence.hpp"
#include "bayestuner/analysis/prediction.hpp"
#include "bayestuner/core/text.hpp"
#include "command/commands.hpp"

namespace bayestuner::command {

namespace {

struct AnalyseOptions {
  std::string source, name, metric, surrogate = "gp", format, out, strategy = "bo";
  std::vector<std::string> what{"importance"}, parameters;
  double confidence = 0.95;
  std::uint64_t seed = 0;
  int degree = 0, resamples = 20, repeats = 20;
  std::size_t evaluations = 40;
};

// What is analysed: a study's trials, or a whole recorded table.
struct Source {
  std::optional<analysis::RecordedTable> table;
  analysis::Sample sample;
};

Source read(const AnalyseOptions& o) {
  if (std::filesystem::path(o.source).extension() != ".json") {
    const auto study = study::Study::open(o.source, o.name);
    return {.table = {}, .sample = analysis::sample_of(*study, o.metric)};
  }
  const auto tasks = analysis::read_tasks(o.source);
  std::vector<std::string> ids;
  for (const auto& task : tasks) {
    ids.push_back(task.id);
    if (task.id == o.name || (o.name.empty() && tasks.size() == 1)) {
      analysis::RecordedTable table = analysis::load_table(task);
      analysis::Sample sample = analysis::sample_of(table, o.metric);
      return {.table = std::move(table), .sample = std::move(sample)};
    }
  }
  if (ids.size() > 6) ids.resize(6), ids.emplace_back("…");
  throw InvalidArgument("--name: '" + o.name + "' is no task of " + o.source + ": " + join(ids));
}

// Analyses have to_json() and to_text(): one line, or a table.
template <class Result>
std::string render(const Result& result, const std::string& what, const std::string& format) {
  if (format == "json") return fmt::format("{{\"what\": \"{}\", \"result\": {}}}\n", what, result.to_json());
  return result.to_text();
}

std::string prediction(const AnalyseOptions& o, const Source& source) {
  const analysis::PredictionOptions options{.confidence = o.confidence, .seed = o.seed};
  if (!source.table) {
    return render(analysis::prediction_study({{"measured", {source.sample}}}, options), "prediction", o.format);
  }
  const analysis::GatherOptions guided{
      .strategy = o.strategy, .evaluations = o.evaluations, .repeats = o.repeats, .first_seed = o.seed};
  return render(analysis::prediction_study(*source.table, o.metric, guided, options), "prediction", o.format);
}

std::string analyse(const std::string& what, const AnalyseOptions& o, const Source& source) {
  const analysis::Sample& sample = source.sample;
  if (what == "interactions") {
    return render(analysis::interactions(sample, {.degree = o.degree, .confidence = o.confidence, .seed = o.seed}),
                  what, o.format);
  }
  if (what == "degrees") {
    return render(
        analysis::degree_study(sample, {.confidence = o.confidence, .seed = o.seed}, source.table ? &sample : nullptr),
        what, o.format);
  }
  if (what == "prediction") return prediction(o, source);
  if (what == "dependence") {
    auto parameters = o.parameters;
    if (parameters.empty()) {
      for (const auto& p : analysis::axis_parameters(sample.space)) parameters.push_back(p.name());
    }
    std::string text;
    const analysis::DependenceOptions options{
        .surrogate = o.surrogate, .resamples = o.resamples, .confidence = o.confidence, .seed = o.seed};
    for (const std::string& p : parameters) {
      text += render(analysis::partial_dependence(sample, CLI::detail::split(p, ','), options), what, o.format);
    }
    return text;
  }
  const analysis::AnovaOptions options{.surrogate = o.surrogate == "none" ? "" : o.surrogate,
                                       .resamples = o.resamples,
                                       .confidence = o.confidence,
                                       .seed = o.seed};
  if (what == "variance") return render(analysis::functional_anova(sample, options), what, o.format);
  return render(analysis::importance(sample, options), what, o.format);
}

int run(const AnalyseOptions& o) {
  const Source source = read(o);
  std::string text;
  for (const std::string& what : o.what) {
    if (o.format == "table" && !text.empty()) text += "\n";
    text += analyse(what, o, source);
  }
  write_out(o.out, text);
  return success;
}

}  // namespace

void add_analyse(CLI::App& app, Action& action) {
  auto o = std::make_shared<AnalyseOptions>();
  CLI::App* sub = app.add_subcommand("analyse", "What a metric depends on: importance, interactions, predictions");
  sub->add_option("source", o->source, "store of a study (.db), or recorded tables (tasks.json)")->required();
  sub->add_option("--name", o->name, "study, or task, where there are several");
  sub->add_option("--metric", o->metric, "metric [the first objective]");
  sub->add_option("--what", o->what, "importance, variance, interactions, dependence, degrees, prediction")
      ->delimiter(',')
      ->check(CLI::IsMember({"importance", "variance", "interactions", "dependence", "degrees", "prediction"}))
      ->capture_default_str();
  sub->add_option("--surrogate", o->surrogate, "model that fills the gaps; none (variance): the table is full")
      ->capture_default_str();
  sub->add_option("--parameter", o->parameters, "of dependence: one, or two with a comma; may be repeated [each]");
  sub->add_option("--degree", o->degree, "of interactions' polynomial [by cross-validation]")->check(CLI::Range(1, 6));
  sub->add_option("--resamples", o->resamples, "bootstrap samples behind intervals")->capture_default_str();
  sub->add_option("--strategy", o->strategy, "of prediction on a table: what gathers the guided samples")
      ->capture_default_str();
  sub->add_option("--evaluations", o->evaluations, "of prediction on a table: size of a sample")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--repeats", o->repeats, "of prediction on a table: samples of each kind")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  sub->add_option("--confidence", o->confidence, "of the intervals")->capture_default_str();
  sub->add_option("--seed", o->seed, "of splits and resamples")->capture_default_str();
  add_format(*sub, o->format);
  sub->add_option("--out", o->out, "file to write to");
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
