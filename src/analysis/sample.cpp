#include "bayestuner/analysis/sample.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

Sample sample_of(study::Study& study, const std::string& metric) {
  Sample sample{.space = study.space(), .metric = metric};
  if (metric.empty()) sample.metric = study.problem().objectives().front().metric;
  std::set<std::string> known;
  std::unordered_map<space::Point, std::size_t, space::PointHash, space::PointEqual> place;
  std::vector<double> sum, count;
  std::size_t complete = 0;
  for (const study::Trial& trial : study.trials()) {
    if (trial.state != study::TrialState::complete) {
      ++sample.left_out;
      continue;
    }
    ++complete;
    for (const auto& [name, value] : trial.metrics) known.insert(name);
    const auto found = trial.metrics.find(sample.metric);
    if (found == trial.metrics.end()) {
      ++sample.left_out;
      continue;
    }
    space::Point point = study.space().point(trial.params);
    const auto [it, fresh] = place.emplace(point, sample.points.size());
    if (fresh) {
      sample.points.push_back(std::move(point));
      sum.push_back(0.0);
      count.push_back(0.0);
    }
    sum[it->second] += found->second.value;
    count[it->second] += 1.0;
  }
  if (complete == 0) throw InvalidArgument(study.name() + ": no trial is complete, so there is nothing to learn from");
  if (sample.points.empty()) {
    throw InvalidArgument("metric: '" + sample.metric + "' is none of " + join(known));
  }
  sample.y.resize(static_cast<Eigen::Index>(sum.size()));
  for (std::size_t i = 0; i < sum.size(); ++i) sample.y[static_cast<Eigen::Index>(i)] = sum[i] / count[i];
  return sample;
}

Sample sample_of(const RecordedTable& table, const std::string& metric, const std::vector<std::uint64_t>& rows) {
  const auto& names = table.task.metrics;
  auto at = names.begin();
  if (metric.empty()) {
    at += table.task.objectives.front().metric;
  } else {
    at = std::find(names.begin(), names.end(), metric);
    if (at == names.end()) throw InvalidArgument("metric: '" + metric + "' is none of " + join(names));
  }
  std::vector<std::uint64_t> wanted = rows;
  if (rows.empty()) {
    wanted.resize(table.ok.size());
    std::iota(wanted.begin(), wanted.end(), std::uint64_t{0});
  }
  Sample sample{.space = table.space, .metric = *at};
  std::vector<double> y;
  for (const std::uint64_t row : wanted) {
    if (row >= table.ok.size()) {
      throw InvalidArgument("rows: " + to_text(row) + " is outside [0, " + to_text(table.ok.size()) + ")");
    }
    if (!table.ok[row]) {
      ++sample.left_out;
      continue;
    }
    sample.points.push_back(table.space.at(row));
    y.push_back(table.values[row][at - names.begin()]);
  }
  if (y.empty()) throw InvalidArgument("sample: no row of the table has " + sample.metric);
  sample.y = Eigen::VectorXd::Map(y.data(), static_cast<Eigen::Index>(y.size()));
  return sample;
}

std::vector<space::Parameter> axis_parameters(const space::DynamicSpace& space) {
  std::vector<space::Parameter> out;
  for (const std::size_t i : space.axis_parameters()) out.push_back(space.parameters()[i]);
  return out;
}

std::string value_text(const space::Parameter& parameter, space::AxisKind kind, double place) {
  if (kind == space::AxisKind::categorical) {
    return place < 0.0 ? "inactive" : space::to_text(parameter.value(place));
  }
  return space::to_text(parameter.value(parameter.code_at(place)));
}

}  // namespace bayestuner::analysis
