#include "bayestuner/analysis/selection_tasks.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "bayestuner/analysis/recorded_table.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/selection/optimum_estimators.hpp"

namespace bayestuner::analysis {

namespace {

using nlohmann::json;
using selection::ScoreKind;

const json& key_of(const json& object, const std::string& task, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) throw InvalidArgument("task " + task + ": the key '" + key + "' is missing");
  return *it;
}

std::optional<double> cell_number(const std::string& text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool names_a_label(const std::string& name) {
  std::string word;
  const auto is_label = [&] { return word == "pred" || word == "label" || word == "class" || word == "category"; };
  for (const char c : name) {
    if (c != '_') {
      word += c;
      continue;
    }
    if (is_label()) return true;
    word.clear();
  }
  return is_label();
}

std::string column_of(const SelectionTask& task, const std::string& model) {
  std::string column = task.score_columns;
  const auto at = column.find("<model>");
  if (at == std::string::npos) throw InvalidArgument("task " + task.id + ": score_columns has no <model> in it");
  return column.replace(at, 7, model);
}

}  // namespace

std::vector<SelectionTask> read_selection_tasks(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw InvalidArgument(path.string() + ": cannot be read");
  std::vector<SelectionTask> out;
  try {
    const json root = json::parse(in);
    if (!root.is_object() || !root.contains("tasks")) {
      throw InvalidArgument(path.string() + ": the key 'tasks' is missing");
    }
    for (const json& t : root["tasks"]) {
      const auto id = key_of(t, "(first without an id)", "id").get<std::string>();
      if (key_of(t, id, "type").get<std::string>() != "selection") continue;
      SelectionTask task;
      task.id = id;
      task.file = path.parent_path() / key_of(t, id, "file").get<std::string>();
      task.models = key_of(t, id, "models").get<std::vector<std::string>>();
      task.score_columns = key_of(t, id, "score_columns").get<std::string>();
      task.higher_is_better = key_of(t, id, "higher_is_better").get<bool>();
      task.split_column = key_of(t, id, "split_column").get<std::string>();
      if (const json& f = key_of(t, id, "features"); f.is_array()) task.features = f.get<std::vector<std::string>>();
      if (const auto it = t.find("cost_per_call"); it != t.end() && it->is_object()) {
        task.cost_per_call = it->get<std::map<std::string, double>>();
      }
      if (const auto it = t.find("max_mean_cost"); it != t.end() && it->is_number())
        task.max_mean_cost = it->get<double>();
      out.push_back(std::move(task));
    }
  } catch (const json::exception& e) {
    throw InvalidArgument(path.string() + ": " + e.what());
  }
  return out;
}

SelectionTable load_selection_table(const SelectionTask& task, const std::string& split_column) {
  const Csv csv = read_csv(task.file);
  const auto n = static_cast<Eigen::Index>(csv.rows.size());
  const auto place = [&](Eigen::Index i, const std::string& column) {
    return task.file.string() + ":" + std::to_string(csv.lines[static_cast<std::size_t>(i)]) + ": column '" + column +
           "'";
  };
  std::vector<std::string> names = task.features;
  if (names.empty()) {
    std::copy_if(csv.header.begin(), csv.header.end(), std::back_inserter(names),
                 [](const std::string& c) { return c.starts_with("f_"); });
  }
  SelectionTable out;
  out.x.values.resize(n, static_cast<Eigen::Index>(names.size()));
  for (std::size_t f = 0; f < names.size(); ++f) {
    const std::size_t at = csv.column(names[f]);
    const auto column = static_cast<Eigen::Index>(f);
    selection::FeatureColumn described{.name = names[f], .category = names_a_label(names[f])};
    std::set<std::string> levels;
    for (const auto& row : csv.rows) {
      if (!row[at].empty() && !cell_number(row[at])) described.category = true;
      levels.insert(row[at]);
    }
    if (described.category) described.levels.assign(levels.begin(), levels.end());
    for (Eigen::Index i = 0; i < n; ++i) {
      const std::string& cell = csv.rows[static_cast<std::size_t>(i)][at];
      if (described.category) {
        const auto it = std::lower_bound(described.levels.begin(), described.levels.end(), cell);
        out.x.values(i, column) = static_cast<double>(it - described.levels.begin());
      } else {
        out.x.values(i, column) = cell.empty() ? std::numeric_limits<double>::quiet_NaN() : *cell_number(cell);
      }
    }
    out.x.columns.push_back(std::move(described));
  }
  out.scores.models = task.models;
  out.scores.values.resize(n, static_cast<Eigen::Index>(task.models.size()));
  for (std::size_t j = 0; j < task.models.size(); ++j) {
    const std::string column = column_of(task, task.models[j]);
    const std::size_t at = csv.column(column);
    for (Eigen::Index i = 0; i < n; ++i) {
      const std::string& cell = csv.rows[static_cast<std::size_t>(i)][at];
      const auto v = cell_number(cell);
      if (!v) throw InvalidArgument(place(i, column) + " has '" + cell + "', which is no number");
      out.scores.values(i, static_cast<Eigen::Index>(j)) = *v;
    }
  }
  const bool unit =
      out.scores.values.size() == 0 || (out.scores.values.minCoeff() >= 0.0 && out.scores.values.maxCoeff() <= 1.0);
  out.scores.kind = !task.higher_is_better ? ScoreKind::cost_like : unit ? ScoreKind::success : ScoreKind::graded;
  if (!task.cost_per_call.empty()) {
    out.costs.per_call.resize(static_cast<Eigen::Index>(task.models.size()));
    for (std::size_t j = 0; j < task.models.size(); ++j) {
      const auto it = task.cost_per_call.find(task.models[j]);
      if (it == task.cost_per_call.end()) {
        throw InvalidArgument("task " + task.id + ": cost_per_call lacks '" + task.models[j] + "'");
      }
      out.costs.per_call[static_cast<Eigen::Index>(j)] = it->second;
    }
  }
  const std::string& by = split_column.empty() ? task.split_column : split_column;
  if (by.empty()) {
    out.split.assign(csv.rows.size(), "train");
    return out;
  }
  const std::size_t split = csv.column(by);
  for (const auto& row : csv.rows) out.split.push_back(row[split]);
  return out;
}

selection::FeatureMatrix load_inputs(const std::filesystem::path& path,
                                     const std::vector<selection::FeatureColumn>& learnt) {
  const Csv csv = read_csv(path);
  selection::FeatureMatrix out{.columns = learnt, .values = {}};
  out.values.resize(static_cast<Eigen::Index>(csv.rows.size()), static_cast<Eigen::Index>(learnt.size()));
  for (std::size_t f = 0; f < learnt.size(); ++f) {
    const std::size_t at = csv.column(learnt[f].name);
    const auto& levels = learnt[f].levels;
    for (std::size_t i = 0; i < csv.rows.size(); ++i) {
      const std::string& cell = csv.rows[i][at];
      double& value = out.values(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(f));
      if (learnt[f].category) {
        const auto it = std::find(levels.begin(), levels.end(), cell);
        value = it == levels.end() ? -1.0 : static_cast<double>(it - levels.begin());
        continue;
      }
      const auto v = cell.empty() ? std::numeric_limits<double>::quiet_NaN() : cell_number(cell);
      if (!v) {
        throw InvalidArgument(path.string() + ":" + std::to_string(csv.lines[i]) + ": column '" + learnt[f].name +
                              "' has '" + cell + "', which is no number");
      }
      value = *v;
    }
  }
  return out;
}

namespace {

struct Part {
  std::vector<Eigen::Index> train, test;
};

std::vector<Part> parts_of(const SelectionTable& table, bool folds) {
  std::vector<Part> parts;
  const std::set<std::string> values(table.split.begin(), table.split.end());
  for (const std::string& tested : folds ? values : std::set<std::string>{"test"}) {
    Part part;
    for (std::size_t i = 0; i < table.split.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      if (table.split[i] == tested) {
        part.test.push_back(row);
      } else if (folds || table.split[i] == "train") {
        part.train.push_back(row);
      }
    }
    if (part.train.empty() || part.test.empty()) throw InvalidArgument("split: no rows to learn from or to test on");
    parts.push_back(std::move(part));
  }
  return parts;
}

double quantile(std::vector<double>& values, double share) {
  if (values.empty()) return 0.0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Best score of a random mix of single models at a mean cost: the hull of (cost, score).
double mix_at(const Eigen::VectorXd& score, const Eigen::VectorXd& cost, double budget) {
  double best = -std::numeric_limits<double>::infinity();
  for (Eigen::Index a = 0; a < cost.size(); ++a) {
    if (cost[a] <= budget) best = std::max(best, score[a]);
    for (Eigen::Index b = 0; b < cost.size(); ++b) {
      if (!(cost[a] <= budget && cost[b] > budget)) continue;
      const double share = (budget - cost[a]) / (cost[b] - cost[a]);
      best = std::max(best, (1.0 - share) * score[a] + share * score[b]);
    }
  }
  return best;
}

selection::SelectorOptions options_for(const std::string& method, const SelectionTable& table,
                                       const std::optional<double>& budget, const EvaluateOptions& options) {
  selection::SelectorOptions out = options.selector;
  if (options.as_given) return out;
  out.coder.missing = selection::MissingFeatures::impute;
  out.estimator = method != "default" ? method : table.costs.empty() ? "forest" : "mix";
  out.policy = selection::Policy::max_score();
  if (budget) out.policy = selection::Policy::max_score(*budget);
  if (options.min_score) out.policy = selection::Policy::min_cost(*options.min_score);
  if (selection::predicts_optimum(method) && table.scores.kind == ScoreKind::success) {
    out.policy = selection::Policy::optimum();
    out.cascade.order = selection::StageOrder::cost;
  }
  return out;
}

}  // namespace

SelectionResult evaluate(const SelectionTask& task, const SelectionTable& given, const std::string& method,
                         const EvaluateOptions& options) {
  using Clock = std::chrono::steady_clock;
  SelectionTable table = given;
  if (options.shuffle) {
    std::vector<Eigen::Index> order(static_cast<std::size_t>(table.x.rows()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    Random(options.selector.seed, 0x5f1e).shuffle(order);
    table.x = table.x.take(order);
  }
  const std::optional<double> budget = options.max_mean_cost ? options.max_mean_cost : task.max_mean_cost;
  const bool lower = table.scores.kind == ScoreKind::cost_like;
  SelectionResult out;
  out.task = task.id;
  out.method = method;
  const bool has_cost = !table.costs.empty();
  double spent = 0.0, single_spent = 0.0, errors = 0.0;
  std::vector<double> scores, times, single, oracle;
  Eigen::Index bins = 0, declined = 0;
  const Eigen::VectorXd cost = has_cost ? table.costs.means() : Eigen::VectorXd();
  std::vector<Eigen::Index> tested;
  for (const Part& part : parts_of(table, options.folds)) {
    const selection::ScoreMatrix train = table.scores.take(part.train);
    selection::ModelSelector selector(options_for(method, table, budget, options));
    const auto before = Clock::now();
    selector.fit(table.x.take(part.train), train, table.costs.take(part.train));
    out.fit_s += std::chrono::duration<double>(Clock::now() - before).count();
    const selection::FeatureMatrix x = table.x.take(part.test);
    const selection::Batch batch = selector.select(x, !options.per_input);
    selection::Decision decision;
    std::vector<double> row(static_cast<std::size_t>(x.values.cols()));
    for (Eigen::Index i = 0; i < std::min<Eigen::Index>(x.rows(), 2000); ++i) {
      Eigen::RowVectorXd::Map(row.data(), x.values.cols()) = x.values.row(i);
      const auto start = Clock::now();
      selector.select(row, decision);
      times.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    const Eigen::Index best = selector.best_single();
    out.best_single = table.scores.models[static_cast<std::size_t>(best)];
    out.estimator = selector.estimator_name();
    for (std::size_t k = 0; k < part.test.size(); ++k) {
      const Eigen::Index i = part.test[k], j = batch.model[k];
      tested.push_back(i);
      const auto all = table.scores.values.row(i);
      const double at_best = lower ? all.minCoeff() : all.maxCoeff();
      declined += j < 0;
      scores.push_back(j >= 0 ? all[j] : lower ? all.maxCoeff() : 0.0);
      single.push_back(all[best]);
      oracle.push_back(at_best);
      if (!has_cost) continue;
      spent += j >= 0 ? cost[j] : 0.0;
      single_spent += cost[best];
    }
    if (table.scores.kind == ScoreKind::success) {
      for (Eigen::Index j = 0; j < batch.scores.cols(); ++j) {
        errors += selection::calibration_report(batch.scores.col(j), table.scores.values(part.test, j)).ece;
        ++bins;
      }
      const auto order = has_cost ? cost : Eigen::VectorXd::Zero(train.values.cols());
      if (has_cost && !options.folds) {
        const selection::Candidates c = selection::choose_candidates(train, order);
        for (const Eigen::Index j : c.models) out.candidates.push_back(train.models[static_cast<std::size_t>(j)]);
        out.gain_points = c.gain_points;
        out.unanswered_points = c.unanswered_points;
      }
    }
  }
  const auto n = static_cast<double>(scores.size());
  const auto mean = [n](const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0) / n; };
  out.score = mean(scores);
  for (const double s : scores) out.score_se += (s - out.score) * (s - out.score) / n / n;
  out.score_se = std::sqrt(out.score_se);
  out.best_single_score = mean(single);
  out.oracle_score = mean(oracle);
  const double gap = out.oracle_score - out.best_single_score;
  out.share_of_gap = gap != 0.0 ? (out.score - out.best_single_score) / gap : 0.0;
  out.declined = static_cast<double>(declined) / n;
  const Eigen::VectorXd means = table.scores.take(tested).means();
  for (std::size_t j = 0; j < table.scores.models.size(); ++j) {
    out.single_scores[table.scores.models[j]] = means[static_cast<Eigen::Index>(j)];
  }
  if (has_cost) {
    out.cost = spent / n;
    out.best_single_cost = single_spent / n;
    if (!lower) out.random_score = mix_at(means, cost, *out.cost);
  }
  if (bins > 0) out.ece = errors / static_cast<double>(bins);
  out.decision_median_s = quantile(times, 0.5);
  out.decision_p99_s = quantile(times, 0.99);
  return out;
}

std::string SelectionResult::to_json() const {
  const auto or_null = [](const std::optional<double>& v) { return v ? json(*v) : json(); };
  return json{{"task", task},
              {"method", method},
              {"estimator", estimator},
              {"score", score},
              {"score_se", score_se},
              {"cost", or_null(cost)},
              {"best_single", best_single},
              {"best_single_score", best_single_score},
              {"best_single_cost", or_null(best_single_cost)},
              {"oracle_score", oracle_score},
              {"share_of_gap", share_of_gap},
              {"random_score", or_null(random_score)},
              {"single_scores", single_scores},
              {"declined", declined},
              {"ece", or_null(ece)},
              {"candidates", candidates},
              {"gain_points", gain_points},
              {"unanswered_points", unanswered_points},
              {"decision_s", {{"median", decision_median_s}, {"p99", decision_p99_s}}},
              {"fit_s", fit_s}}
      .dump();
}

}  // namespace bayestuner::analysis
