// `select fit`: learns from a table, says what was learnt, writes a selector's file.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "bayestuner/analysis/selection_tasks.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/selection/model_selector.hpp"
#include "bayestuner/selection/optimum_estimators.hpp"
#include "bayestuner/surrogate/detail/folds.hpp"
#include "command/select_parts.hpp"

namespace bayestuner::command {

namespace {

using nlohmann::json;
using selection::ModelSelector;
using selection::Policy;

struct FitOptions {
  std::string source, task, score_columns = "<model>", policy, out, format;
  std::vector<std::string> features, models, costs;
  bool lower_is_better = false, absolute = false;
  std::optional<double> max_mean_cost, min_score, min_probability, lambda;
  int cross_validate = 5;
  bool impute = false;
  selection::SelectorOptions selector{};
};

bool is_tasks_file(const std::string& path) {
  return std::filesystem::path(path).extension() == ".json";
}

analysis::SelectionTask task_of(const FitOptions& o) {
  if (!is_tasks_file(o.source)) {
    if (!o.task.empty()) throw InvalidArgument("--task: " + o.source + " is a table, which has no tasks");
    if (o.models.empty())
      throw InvalidArgument("--models: a table alone does not say which columns are models' scores");
    return {.id = std::filesystem::path(o.source).stem().string(),
            .file = o.source,
            .models = o.models,
            .features = o.features,
            .score_columns = o.score_columns,
            .higher_is_better = !o.lower_is_better,
            .split_column = {}};
  }
  if (!o.models.empty() || !o.features.empty() || o.lower_is_better) {
    throw InvalidArgument("--models, --features and --lower-is-better describe a table; " + o.source +
                          " says these itself");
  }
  auto tasks = analysis::read_selection_tasks(o.source);
  std::vector<std::string> ids;
  for (auto& task : tasks) {
    ids.push_back(task.id);
    if (task.id == o.task || (o.task.empty() && tasks.size() == 1)) return std::move(task);
  }
  if (ids.empty()) throw InvalidArgument(o.source + ": has no task of type selection");
  throw InvalidArgument((o.task.empty() ? std::string("--task: is needed") : "--task: '" + o.task + "'") +
                        ", there are " + join(ids));
}

// Rows to learn from: those with split `train`.
analysis::SelectionTable training_rows(const analysis::SelectionTask& task) {
  analysis::SelectionTable table = analysis::load_selection_table(task);
  if (table.x.columns.empty()) {
    throw InvalidArgument("--features: none are named, and no column begins with f_");
  }
  std::vector<Eigen::Index> rows;
  for (std::size_t i = 0; i < table.split.size(); ++i) {
    if (table.split[i] == "train") rows.push_back(static_cast<Eigen::Index>(i));
  }
  if (rows.empty()) throw InvalidArgument(task.file.string() + ": has no rows to learn from (split 'train')");
  return {.x = table.x.take(rows),
          .scores = table.scores.take(rows),
          .costs = table.costs.take(rows),
          .split = std::vector<std::string>(rows.size(), "train")};
}

Policy policy_of(const FitOptions& o, const analysis::SelectionTask& task, bool success) {
  std::string kind = o.policy;
  if (kind.empty()) {
    kind = o.min_score                                                    ? "min_cost"
           : o.min_probability                                            ? "per_input"
           : o.lambda                                                     ? "trade_off"
           : selection::predicts_optimum(o.selector.estimator) && success ? "optimum"
                                                                          : "max_score";
  }
  const auto only = [&](bool given, const char* option, const char* owner) {
    if (given && kind != owner) {
      throw InvalidArgument(std::string(option) + ": belongs to policy " + owner + ", not to " + kind);
    }
  };
  only(o.max_mean_cost.has_value(), "--max-mean-cost", "max_score");
  only(o.min_score.has_value(), "--min-score", "min_cost");
  only(o.absolute, "--absolute", "min_cost");
  only(o.min_probability.has_value(), "--min-probability", "per_input");
  only(o.lambda.has_value(), "--lambda", "trade_off");
  const auto needed = [&](const std::optional<double>& value, const char* option) {
    if (!value) throw InvalidArgument("--policy: " + kind + " needs " + option);
    return *value;
  };
  if (kind == "optimum") return Policy::optimum();
  if (kind == "min_cost") return Policy::min_cost(needed(o.min_score, "--min-score"), !o.absolute);
  if (kind == "per_input") return Policy::per_input(needed(o.min_probability, "--min-probability"));
  if (kind == "trade_off") return Policy::trade_off(needed(o.lambda, "--lambda"));
  const auto budget = o.max_mean_cost ? o.max_mean_cost : task.max_mean_cost;
  return budget ? Policy::max_score(*budget) : Policy::max_score();
}

// The whole of it, learnt anew in each fold by the estimator that was chosen.
std::optional<analysis::SelectionResult> cross_validated(const analysis::SelectionTask& task,
                                                         analysis::SelectionTable table, const ModelSelector& learnt,
                                                         int folds) {
  if (folds == 0) return std::nullopt;
  analysis::EvaluateOptions options{.selector = learnt.options(), .as_given = true, .per_input = true, .folds = true};
  options.selector.estimator = learnt.estimator_name();
  int k = 0;
  for (const auto& fold : surrogate::detail::seeded_folds(table.x.rows(), folds, options.selector.seed)) {
    for (const Eigen::Index i : fold.test) table.split[static_cast<std::size_t>(i)] = std::to_string(k);
    ++k;
  }
  return analysis::evaluate(task, table, learnt.estimator_name(), options);
}

json learnt_as_json(const analysis::SelectionTask& task, const ModelSelector& s,
                    const std::optional<analysis::SelectionResult>& cv) {
  const std::vector<std::string>& names = s.models();
  const Eigen::VectorXd mean = s.training_scores().means();
  json out{{"task", task.id},
           {"rows", s.training_features().rows()},
           {"estimator", s.estimator_name()},
           {"policy", s.options().policy.to_text()},
           {"lambda", s.lambda()},
           {"helps", s.helps()},
           {"best_single", names[static_cast<std::size_t>(s.best_single())]},
           {"fallback", s.fallback() < 0 ? json() : json(names[static_cast<std::size_t>(s.fallback())])},
           {"warnings", s.warnings()},
           {"models", json::array()},
           {"candidates", json::array()},
           {"features", json::array()},
           {"dropped", json::array()},
           {"trials", json::array()},
           {"cross_validated", json()}};
  for (std::size_t j = 0; j < names.size(); ++j) {
    const auto model = static_cast<Eigen::Index>(j);
    out["models"].push_back({{"name", names[j]}, {"score", mean[model]}, {"cost", s.costs()[model]}});
  }
  if (s.training_scores().kind == selection::ScoreKind::success) {
    const auto c = selection::choose_candidates(s.training_scores(), s.costs(), s.options().cascade.threshold_points);
    for (std::size_t k = 0; k < c.models.size(); ++k) {
      out["candidates"].push_back(
          {{"name", names[static_cast<std::size_t>(c.models[k])]}, {"gain_points", c.gain_points[k]}});
    }
    out["unanswered_points"] = c.unanswered_points;
  }
  for (std::size_t k = 0; k < s.coder().coded().size(); ++k) {
    json feature{{"name", s.coder().coded()[k].name}};
    if (k < s.reduction().importance.size()) feature["importance"] = s.reduction().importance[k];
    out["features"].push_back(std::move(feature));
  }
  for (const auto& d : s.reduction().dropped) {
    out["dropped"].push_back({{"name", d.name},
                              {"for", d.for_name.empty() ? json() : json(d.for_name)},
                              {"correlation", d.for_name.empty() ? json() : json(d.correlation)}});
  }
  for (const auto& t : s.trials()) {  // infinite where the policy's demand is not met: null in JSON
    out["trials"].push_back({{"name", t.name},
                             {"utility", t.utility},
                             {"behind_best", t.behind_best},
                             {"behind_best_se", t.behind_best_se}});
  }
  if (cv) {
    out["cross_validated"] = {{"score", cv->score},
                              {"score_se", cv->score_se},
                              {"cost", cv->cost ? json(*cv->cost) : json()},
                              {"best_single_score", cv->best_single_score},
                              {"oracle_score", cv->oracle_score},
                              {"declined", cv->declined}};
  }
  return out;
}

std::string number_or_dash(const json& v) {
  return v.is_number() ? fmt::format("{:.4g}", v.get<double>()) : "-";
}

std::string as_text(const json& j, const std::string& file) {
  std::string text =
      fmt::format("{}: {} rows, estimator {}, policy {}", j["task"].get<std::string>(), j["rows"].get<int>(),
                  j["estimator"].get<std::string>(), j["policy"].get<std::string>());
  if (j["lambda"] != 0.0) text += fmt::format(", lambda {:.4g}", j["lambda"].get<double>());
  text += fmt::format("\n{:<24} {:>9} {:>9}\n", "model", "score", "cost");
  for (const json& m : j["models"]) {
    text += fmt::format("{:<24} {:>9} {:>9}{}\n", m["name"].get<std::string>(), number_or_dash(m["score"]),
                        number_or_dash(m["cost"]), m["name"] == j["best_single"] ? "  best single" : "");
  }
  if (!j["candidates"].empty()) {
    text += "candidates:";
    for (const json& c : j["candidates"]) {
      text += fmt::format(" {} +{:.2f}", c["name"].get<std::string>(), c["gain_points"].get<double>());
    }
    text += fmt::format(" points; {:.2f} answered by none\n", j["unanswered_points"].get<double>());
  }
  text += fmt::format("columns learnt: {}\n", j["features"].size());
  for (const json& f : j["features"]) {
    text += "  " + f["name"].get<std::string>();
    if (f.contains("importance")) text += fmt::format(", importance {:.3f}", f["importance"].get<double>());
    text += '\n';
  }
  for (const json& d : j["dropped"]) {
    text += "dropped " + d["name"].get<std::string>() + ": ";
    text += d["for"].is_null()
                ? std::string("its absence costs nothing\n")
                : fmt::format("|r| {:.3f} with {}\n", d["correlation"].get<double>(), d["for"].get<std::string>());
  }
  for (const json& t : j["trials"]) {
    const double utility = t["utility"].get<double>(), behind = t["behind_best"].get<double>();
    text += fmt::format("tried {:<10} utility {:>9.4f}, behind the best {:.4f} ± {:.4f}\n",
                        t["name"].get<std::string>(), utility, behind, t["behind_best_se"].get<double>());
  }
  if (const json& cv = j["cross_validated"]; !cv.is_null()) {
    text += fmt::format("cross-validated score {:.4f} ± {:.4f} (best single {:.4f}, oracle {:.4f}), cost {}\n",
                        cv["score"].get<double>(), cv["score_se"].get<double>(), cv["best_single_score"].get<double>(),
                        cv["oracle_score"].get<double>(), number_or_dash(cv["cost"]));
    if (cv["declined"] != 0.0) text += fmt::format("declined: {:.4f} of the inputs\n", cv["declined"].get<double>());
  }
  for (const json& w : j["warnings"]) text += "warning: " + w.get<std::string>() + "\n";
  return text + "written: " + file + "\n";
}

int run(FitOptions o) {
  analysis::SelectionTask task = task_of(o);
  set_costs(task.cost_per_call, o.costs, task.models, is_tasks_file(o.source) ? "task " + task.id : o.source);
  const analysis::SelectionTable table = training_rows(task);
  o.selector.policy = policy_of(o, task, table.scores.kind == selection::ScoreKind::success);
  if (o.selector.fallback == "none") o.selector.fallback.clear();
  if (o.impute) o.selector.coder.missing = selection::MissingFeatures::impute;
  ModelSelector selector(o.selector);
  selector.fit(table.x, table.scores, table.costs);
  const json learnt = learnt_as_json(task, selector, cross_validated(task, table, selector, o.cross_validate));
  selector.save(o.out);
  write_out("", o.format == "json" ? learnt.dump() + "\n" : as_text(learnt, o.out));
  return success;
}

}  // namespace

void add_select_fit(CLI::App& select, Action& action) {
  auto o = std::make_shared<FitOptions>();
  CLI::App* sub = select.add_subcommand("fit", "Learn from a table which model suits which input")->alias("train");
  sub->add_option("source", o->source, "tasks.json (its rows with split 'train'), or a CSV file")
      ->required()
      ->check(CLI::ExistingFile);
  sub->add_option("--out", o->out, "file to write the selector to")->required();
  sub->add_option("--task", o->task, "which task of tasks.json, where there are several");
  sub->add_option("--features", o->features, "columns of a CSV file, separated by commas [those with f_]")
      ->delimiter(',');
  sub->add_option("--models", o->models, "names of the models, separated by commas")->delimiter(',');
  sub->add_option("--score-columns", o->score_columns, "column of a model's score, <model> for its name")
      ->capture_default_str();
  sub->add_flag("--lower-is-better", o->lower_is_better, "scores are times or the like");
  sub->add_option("--costs", o->costs, "NAME=VALUE, separated by commas: what a call costs")->delimiter(',');
  sub->add_option("--policy", o->policy, "what is optimised [max_score; by the options below]")
      ->check(CLI::IsMember({"optimum", "max_score", "min_cost", "per_input", "trade_off"}));
  sub->add_option("--max-mean-cost", o->max_mean_cost, "of max_score: budget of a call, in the mean")
      ->check(CLI::NonNegativeNumber);
  sub->add_option("--min-score", o->min_score, "of min_cost: share of the best single model's score");
  sub->add_flag("--absolute", o->absolute, "--min-score is the score itself");
  sub->add_option("--min-probability", o->min_probability, "of per_input");
  sub->add_option("--lambda", o->lambda, "of trade_off: score that a unit of cost must bring");
  sub->add_option("--estimator", o->selector.estimator,
                  "auto, " + join(selection::estimator_names()) + ", or stages as knn.svm.dt")
      ->capture_default_str();
  sub->add_option("--fallback", o->selector.fallback, "model where the policy has no answer: best, a name, none")
      ->capture_default_str();
  sub->add_flag("--unsupported-to-fallback", o->selector.unsupported_to_fallback,
                "the fallback also for inputs unlike the training rows");
  sub->add_flag("--impute", o->impute, "missing features become the median");
  sub->add_option("--most-correlation", o->selector.reduction.most_correlation,
                  "drop one of two columns whose |r| is above [1: none]");
  sub->add_flag("--backward", o->selector.reduction.backward, "remove columns whose absence costs nothing");
  sub->add_option("--neighbours", o->selector.cascade.neighbours, "of the cascade")->capture_default_str();
  sub->add_option("--seed", o->selector.seed, "of folds and trees")->capture_default_str();
  sub->add_option("--cross-validate", o->cross_validate, "folds of the score that is printed; 0: none")
      ->check([](const std::string& text) {
        return text == "1" || text.starts_with('-') ? std::string("is not 0 or at least 2") : std::string();
      })
      ->capture_default_str();
  add_format(*sub, o->format);
  sub->callback([o, &action] { action = [o] { return run(*o); }; });
}

}  // namespace bayestuner::command
