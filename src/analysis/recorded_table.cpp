#include "bayestuner/analysis/recorded_table.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/search/history.hpp"
#include "bayestuner/search/hypervolume.hpp"

namespace bayestuner::analysis {

namespace {

using nlohmann::json;

std::optional<double> number(const std::string& text) {
  double value = 0.0;
  const char* begin = text.data();
  while (begin != text.data() + text.size() && *begin == ' ') ++begin;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

const json& need(const json& object, const std::string& task, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) throw InvalidArgument("task " + task + ": the key '" + key + "' is missing");
  return *it;
}

RecordedTask::Objective objective_in(const json& object, const std::string& task) {
  const auto sense = need(object, task, "sense").get<std::string>();
  if (sense != "min" && sense != "max")
    throw InvalidArgument("task " + task + ": sense '" + sense + "' is neither min nor max");
  return {need(object, task, "column").get<std::string>(), sense == "max"};
}

std::string as_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

RecordedTask task_in(const json& object, const std::filesystem::path& folder) {
  RecordedTask t;
  t.id = need(object, "(first without an id)", "id").get<std::string>();
  t.type = need(object, t.id, "type").get<std::string>();
  if (t.type == "selection") {
    t.problem = "is a selection task: use `bayestuner select evaluate`";
    return t;
  }
  if (t.type != "single" && t.type != "constrained" && t.type != "pareto") {
    throw InvalidArgument("task " + t.id + ": type '" + t.type + "' is none of single, constrained, pareto, selection");
  }
  t.file = folder / need(object, t.id, "file").get<std::string>();
  t.knobs = need(object, t.id, "knobs").get<std::vector<std::string>>();
  if (t.knobs.empty()) throw InvalidArgument("task " + t.id + ": 'knobs' is empty");
  if (const auto it = object.find("filter"); it != object.end() && it->is_object()) {
    for (const auto& [column, value] : it->items()) t.filter[column] = as_text(value);
  }
  if (t.type == "pareto") {
    for (const json& o : need(object, t.id, "objectives")) t.objectives.push_back(objective_in(o, t.id));
    t.reference_point = need(object, t.id, "reference_point").get<std::vector<double>>();
    if (t.objectives.size() < 2 || t.reference_point.size() != t.objectives.size()) {
      throw InvalidArgument("task " + t.id + ": needs two objectives or more and a reference for each");
    }
    if (const auto it = object.find("hypervolume"); it != object.end() && it->is_number())
      t.hypervolume = it->get<double>();
  } else {
    t.objectives.push_back(objective_in(need(object, t.id, "objective"), t.id));
    const json& optimum = need(object, t.id, "optimum");
    t.optimum = need(optimum, t.id, "value").get<double>();
  }
  // Of the other types some tables have constraints too, and leaving these out would reward breaking them.
  if (t.type == "constrained" || (object.contains("constraints") && object["constraints"].is_array())) {
    for (const json& c : need(object, t.id, "constraints")) {
      const auto op = need(c, t.id, "op").get<std::string>();
      if (!op.starts_with("<") && !op.starts_with(">"))
        throw InvalidArgument("task " + t.id + ": op '" + op + "' is neither <= nor >=");
      t.constraints.push_back({need(c, t.id, "column").get<std::string>(),
                               op[0] == '<' ? Bound::at_most : Bound::at_least, need(c, t.id, "value").get<double>()});
    }
  }
  if (const auto it = object.find("budget"); it != object.end() && it->is_number()) {
    t.budget = it->get<std::size_t>();
  } else if (t.type != "pareto") {
    throw InvalidArgument("task " + t.id + ": the key 'budget' is missing");
  }
  return t;
}

// One knob column as a parameter: numeric if every cell is a number.
space::Parameter parameter_of(const std::string& name, const std::vector<std::string>& cells) {
  std::set<double> levels;
  for (const std::string& cell : cells) {
    const auto v = number(cell);
    if (!v || !std::isfinite(*v)) {
      const std::set<std::string> labels(cells.begin(), cells.end());
      return space::categorical(name, {labels.begin(), labels.end()});
    }
    levels.insert(*v);
  }
  return space::ordinal(name, {levels.begin(), levels.end()});
}

}  // namespace

std::vector<RecordedTask> read_tasks(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) throw InvalidArgument(path.string() + ": is a folder, not a list of tasks");
  errno = 0;
  std::ifstream in(path);
  if (!in) {
    const std::string reason = std::error_code(errno, std::generic_category()).message();
    throw InvalidArgument(path.string() + ": cannot be read: " + reason);
  }
  try {
    const json root = json::parse(in);
    if (!root.is_object() || !root.contains("tasks"))
      throw InvalidArgument(path.string() + ": the key 'tasks' is missing");
    std::vector<RecordedTask> tasks;
    for (const json& t : root["tasks"]) tasks.push_back(task_in(t, path.parent_path()));
    return tasks;
  } catch (const json::exception& e) {
    throw InvalidArgument(path.string() + ": " + e.what());
  } catch (const InvalidArgument& e) {
    throw InvalidArgument(path.string() + ": " + std::string(e.what()).erase(0, 0));
  }
}

namespace {

// A metric m_NAME that was not measured because it is the knob k_NAME: the number of threads, say.
std::size_t metric_column(const Csv& csv, const RecordedTask& task, const std::string& metric) {
  if (std::find(csv.header.begin(), csv.header.end(), metric) == csv.header.end() && metric.starts_with("m_")) {
    const std::string knob = "k_" + metric.substr(2);
    if (std::find(task.knobs.begin(), task.knobs.end(), knob) != task.knobs.end()) return csv.column(knob);
  }
  return csv.column(metric);
}

}  // namespace

RecordedTable load_table(const RecordedTask& task) {
  if (!task.problem.empty()) throw InvalidArgument("task " + task.id + ": " + task.problem);
  const Csv csv = read_csv(task.file);

  search::Task wanted;
  std::vector<std::size_t> metric_columns;
  const auto metric = [&](const std::string& column) {
    const auto it = std::find(wanted.metrics.begin(), wanted.metrics.end(), column);
    if (it == wanted.metrics.end()) {
      metric_columns.push_back(metric_column(csv, task, column));
      wanted.metrics.push_back(column);
      return static_cast<Eigen::Index>(wanted.metrics.size() - 1);
    }
    return static_cast<Eigen::Index>(it - wanted.metrics.begin());
  };
  for (std::size_t i = 0; i < task.objectives.size(); ++i) {
    search::Objective objective{.metric = metric(task.objectives[i].column), .maximise = task.objectives[i].maximise};
    if (i < task.reference_point.size()) objective.reference = task.reference_point[i];
    wanted.objectives.push_back(objective);
  }
  for (const auto& c : task.constraints) {
    wanted.constraints.push_back({.metric = metric(c.column), .bound = c.bound, .threshold = c.value});
  }

  // Rows that count.
  std::vector<std::size_t> kept;
  std::vector<std::pair<std::size_t, std::string>> filter;
  for (const auto& [column, value] : task.filter) filter.emplace_back(csv.column(column), value);
  for (std::size_t r = 0; r < csv.rows.size(); ++r) {
    const bool all = std::all_of(filter.begin(), filter.end(), [&](const auto& f) {
      const std::string& cell = csv.rows[r][f.first];
      if (cell == f.second) return true;
      const auto a = number(cell), b = number(f.second);
      return a && b && *a == *b;
    });
    if (all) kept.push_back(r);
  }
  if (kept.empty())
    throw InvalidArgument("task " + task.id + ": no row of " + task.file.string() + " passes its filter");

  std::vector<space::Parameter> parameters;
  std::vector<std::size_t> knob_columns;
  for (const std::string& knob : task.knobs) {
    knob_columns.push_back(csv.column(knob));
    std::vector<std::string> cells;
    for (const std::size_t r : kept) cells.push_back(csv.rows[r][knob_columns.back()]);
    parameters.push_back(parameter_of(knob, cells));
  }
  const auto ok_column = std::find(csv.header.begin(), csv.header.end(), "ok");
  const std::size_t ok_at = static_cast<std::size_t>(ok_column - csv.header.begin());

  struct Readings {
    space::Configuration params;
    std::vector<Eigen::VectorXd> values;
  };
  std::vector<Readings> distinct;
  std::unordered_map<std::string, std::size_t> place;
  for (const std::size_t r : kept) {
    const auto& row = csv.rows[r];
    space::Configuration params;
    std::string key;
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      const std::string& cell = row[knob_columns[k]];
      const bool labels = parameters[k].kind() == space::ParameterKind::categorical;
      const space::Value value = labels ? space::Value(cell) : space::Value(*number(cell));
      key += space::to_text(value) + '\x1f';
      params.set(parameters[k].name(), value);
    }
    const auto [it, fresh] = place.emplace(key, distinct.size());
    if (fresh) distinct.push_back({std::move(params), {}});
    bool ok = ok_column == csv.header.end() || (number(row[ok_at]).value_or(0.0) != 0.0);
    Eigen::VectorXd values(static_cast<Eigen::Index>(metric_columns.size()));
    for (std::size_t m = 0; m < metric_columns.size() && ok; ++m) {
      const std::string& cell = row[metric_columns[m]];
      if (cell.empty()) {  // not measured
        ok = false;
        break;
      }
      const auto v = number(cell);
      if (!v || !std::isfinite(*v)) {
        throw InvalidArgument(task.file.string() + ":" + std::to_string(csv.lines[r]) + ": column '" +
                              wanted.metrics[m] + "' has '" + cell + "', which is no finite number");
      }
      values[static_cast<Eigen::Index>(m)] = *v;
    }
    if (ok) distinct[it->second].values.push_back(std::move(values));
  }

  std::vector<space::Configuration> rows;
  for (const Readings& d : distinct) rows.push_back(d.params);
  RecordedTable table{.space = space::DynamicSpace::pool(std::move(parameters), rows),
                      .task = wanted,
                      .ok = {},
                      .values = {},
                      .standard_errors = {}};
  for (const Readings& d : distinct) {
    table.ok.push_back(!d.values.empty());
    const auto n = static_cast<double>(d.values.size());
    Eigen::VectorXd mean, error;
    if (!d.values.empty()) {
      mean.setZero(d.values[0].size());
      error.setZero(d.values[0].size());
      for (const auto& v : d.values) mean += v / n;
      if (d.values.size() > 1) {
        for (const auto& v : d.values) error += (v - mean).cwiseAbs2() / (n - 1.0) / n;
        error = error.cwiseSqrt().eval();
      }
    }
    table.values.push_back(std::move(mean));
    table.standard_errors.push_back(std::move(error));
  }

  if (task.type == "pareto") {
    const auto k = static_cast<Eigen::Index>(wanted.objectives.size());
    Eigen::MatrixXd points(static_cast<Eigen::Index>(std::count(table.ok.begin(), table.ok.end(), true)), k);
    Eigen::RowVectorXd reference(k);
    Eigen::Index row = 0;
    for (std::size_t i = 0; i < table.ok.size(); ++i) {
      if (!table.ok[i]) continue;
      for (Eigen::Index j = 0; j < k; ++j) {
        const auto& o = wanted.objectives[static_cast<std::size_t>(j)];
        points(row, j) = (o.maximise ? -1.0 : 1.0) * table.values[i][o.metric];
        reference[j] = (o.maximise ? -1.0 : 1.0) * *o.reference;
      }
      ++row;
    }
    table.hypervolume = search::hypervolume(points, reference);
    if (!(table.hypervolume > 0.0)) throw InvalidArgument("task " + task.id + ": nothing beats the reference point");
  } else {
    bool any = false;
    const auto& o = wanted.objectives.front();
    for (std::size_t i = 0; i < table.ok.size(); ++i) {
      const search::Observation seen{.point = {},
                                     .outcome = table.ok[i] ? search::Outcome::ok : search::Outcome::failed,
                                     .values = table.values[i]};
      if (!search::is_feasible(seen, wanted)) continue;
      const double v = table.values[i][o.metric];
      if (!any || (o.maximise ? v > table.best : v < table.best)) table.best = v;
      any = true;
    }
    if (!any) throw InvalidArgument("task " + task.id + ": no row keeps its constraints");
  }
  return table;
}

std::string differs_from_stated(const RecordedTask& task, const RecordedTable& table) {
  if (!task.optimum || std::abs(*task.optimum - table.best) <= 1e-6 * std::abs(*task.optimum)) return {};
  return "task " + task.id + ": states the optimum " + to_text(*task.optimum) +
         ", but the best mean of a configuration is " + to_text(table.best) + "; gaps are from that";
}

}  // namespace bayestuner::analysis
