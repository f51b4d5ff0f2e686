#include "bayestuner/runner/tune_file.hpp"

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/study/named_strategy.hpp"
#include "runner/toml_file.hpp"
#include "runner/tune_file_parts.hpp"

namespace bayestuner::runner {
namespace {

namespace fs = std::filesystem;

std::size_t count(const TomlTable& table, const std::string& key, std::int64_t least) {
  const std::int64_t given = table.integer(key).value();
  if (given < least) table.fail(key, to_text(given) + " must be at least " + to_text(least));
  return static_cast<std::size_t>(given);
}

void read_verify(const TomlTable& table, StudySpec& study) {
  const toml::node* const node = table.node("verify");
  if (node == nullptr) return;
  if (const auto* flag = node->as_boolean()) {
    if (!flag->get()) study.verify.reset();
    return;
  }
  const auto verify = table.table("verify", {"top", "repeats", "confidence", "max_repeats", "max_candidates"}).value();
  study::RecommendOptions& options = *study.verify;
  const auto take = [&](const std::string& key, int& target) {
    if (verify.has(key)) target = static_cast<int>(count(verify, key, 1));
  };
  take("top", options.top);
  take("repeats", options.repeats);
  options.max_repeats = std::max(options.max_repeats, options.repeats);
  take("max_repeats", options.max_repeats);
  take("max_candidates", options.max_candidates);
  options.confidence = verify.number("confidence").value_or(options.confidence);
  if (!(options.confidence > 0.0 && options.confidence < 1.0)) {
    verify.fail("confidence", to_text(options.confidence) + " is outside (0, 1)");
  }
}

void read_study(const TomlTable& table, TuneSpec& spec, const fs::path& folder) {
  StudySpec& study = spec.study;
  if (table.has("name")) study.name = table.require_text("name");
  study.store = (folder / table.text("store").value_or(study.name + ".db")).lexically_normal();
  if (table.has("seed")) study.seed = count(table, "seed", 0);
  study.strategy = table.text("strategy").value_or(study.strategy);
  table.at("strategy", [&] { study::named_strategy(study.strategy); });
  if (table.has("trials")) study.trials = count(table, "trials", 1);
  for (const auto& [key, target] : {std::pair{"seconds", &study.seconds}, {"joules", &study.joules}}) {
    *target = table.number(key);
    if (*target && !(**target > 0.0)) table.fail(key, "must be above 0");
  }
  study.stop_without_gain = table.boolean("stop_without_gain").value_or(false);
  read_verify(table, study);
}

void read_problem(const TomlTable& table, TuneSpec& spec) {
  const auto reference = [&](const std::string& metric) -> std::optional<double> {
    const toml::node* const node = table.node("reference");
    if (node == nullptr) return std::nullopt;
    const auto* inner = node->as_table();
    if (inner == nullptr) table.fail("reference", "must be a table: the worst acceptable value of each objective");
    const toml::node* const value = inner->get(metric);
    return value == nullptr ? std::nullopt : value->value<double>();
  };
  for (const bool maximise : {false, true}) {
    const std::string key = maximise ? "maximize" : "minimize";
    const toml::node* const node = table.node(key);
    if (node == nullptr) continue;
    const auto metrics = node->is_array() ? table.texts(key).value() : std::vector{table.require_text(key)};
    for (const std::string& metric : metrics) {
      table.at(key, [&] {
        maximise ? spec.problem.maximize(metric, reference(metric)) : spec.problem.minimize(metric, reference(metric));
      });
    }
  }
  if (spec.problem.objectives().empty()) table.fail("minimize", "is missing; name a metric to minimize or maximize");
  const auto constraints = table.texts("subject_to").value_or(std::vector<std::string>{});
  for (const std::string& text : constraints) table.at("subject_to", [&] { spec.problem.subject_to(text); });
  spec.constraints = table.texts("constraints").value_or(std::vector<std::string>{});
  for (const std::string& text : spec.constraints) {
    table.at("constraints", [&] { static_cast<void>(space::Constraint(text)); });
  }
}

void read_explore(const TomlTable& table, ExploreSpec& explore) {
  if (table.has("initial")) explore.how.initial = count(table, "initial", 1);
  if (table.has("guided")) explore.how.guided = count(table, "guided", 0);
  explore.how.criterion = table.text("criterion").value_or(explore.how.criterion);
  table.at("criterion", [&] { explore.how.check(); });
  if (const auto rule = table.text("reference_rule")) {
    table.at("reference_rule", [&] { explore.how.rule = study::reference_rule(*rule); });
  }
  explore.against = table.text("against").value_or("");
  if (!explore.against.empty()) table.at("against", [&] { study::named_strategy(explore.against); });
}

TuneSpec read(const toml::table& root, const fs::path& path) {
  const std::string file = path.filename().string();
  const fs::path folder = fs::absolute(path).parent_path();
  const TomlTable top(root, file, "", {"study", "explore", "problem", "parameter", "workload", "load", "measure"});
  TuneSpec spec{.file = path};
  spec.study.name = path.stem().string();
  spec.study.store = folder / (spec.study.name + ".db");

  const auto study = top.table(
      "study", {"name", "store", "seed", "strategy", "trials", "seconds", "joules", "stop_without_gain", "verify"});
  if (study) read_study(*study, spec, folder);
  const auto explore = top.table("explore", {"initial", "guided", "criterion", "reference_rule", "against"});
  if (explore) read_explore(*explore, spec.explore);
  const auto problem = top.table("problem", {"minimize", "maximize", "reference", "subject_to", "constraints"});
  if (!problem) top.fail("problem", "this section is missing");
  read_problem(*problem, spec);
  const toml::node* const parameters = top.node("parameter");
  if (parameters == nullptr) top.fail("parameter", "no [[parameter]] is there");
  if (!parameters->is_array()) top.fail("parameter", "write [[parameter]], in double brackets, for each parameter");
  for (const toml::node& node : *parameters->as_array()) {
    const auto* inner = node.as_table();
    if (inner == nullptr) top.fail("parameter", "must hold tables");
    read_parameter(TomlTable(*inner, file, "parameter", parameter_keys()), spec, folder);
  }
  const auto workload = top.table("workload", workload_keys());
  if (!workload) top.fail("workload", "this section is missing");
  read_workload(*workload, spec, folder);
  const auto load = top.table("load", load_keys());
  if (!load) top.fail("load", "this section is missing");
  read_load(*load, spec, folder);
  const auto measure = top.table("measure", measure_keys());
  if (measure) read_measure(*measure, spec, folder);
  for (const auto& o : spec.problem.objectives()) {
    if (o.metric.rfind("latency", 0) == 0) spec.measure.options.watch_latency = true;
  }
  for (const auto& c : spec.problem.constraints()) {
    if (c.metric.rfind("latency", 0) == 0) spec.measure.options.watch_latency = true;
  }

  // What only shows once everything is read; each names the section it is about.
  problem->at("constraints", [&] { static_cast<void>(spec.space()); });
  problem->at("", [&] { spec.check(); });
  return spec;
}

}  // namespace

TuneSpec parse_tune_text(const std::string& text, const fs::path& file) {
  return read(parse_toml(text, file), file);
}

TuneSpec read_tune_file(const fs::path& file) {
  return parse_tune_text(read_toml_text(file, "tune file"), file);
}

}  // namespace bayestuner::runner
