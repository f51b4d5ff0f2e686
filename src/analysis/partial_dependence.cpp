#include "bayestuner/analysis/partial_dependence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/bootstrap.hpp"
#include "analysis/grid.hpp"
#include "analysis/json.hpp"
#include "analysis/text_table.hpp"

namespace bayestuner::analysis {

namespace {

std::size_t column_of(const std::vector<space::Parameter>& parameters, const std::string& name) {
  std::vector<std::string> names;
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    if (parameters[j].name() == name) return j;
    names.push_back(parameters[j].name());
  }
  throw InvalidArgument("parameters: '" + name + "' is none of those with more than one value: " + join(names));
}

}  // namespace

PartialDependence partial_dependence(const Sample& sample, const std::vector<std::string>& parameters,
                                     const DependenceOptions& options) {
  require_confidence("partial_dependence", options.confidence);
  require_resamples("partial_dependence", options.resamples);
  require_learnable("partial_dependence", sample, 3);
  if (parameters.empty() || parameters.size() > 2 || (parameters.size() == 2 && parameters[0] == parameters[1])) {
    throw InvalidArgument("parameters: [" + join(parameters) + "] must be one parameter, or two different ones");
  }
  if (options.averaged < 1) throw InvalidArgument("partial_dependence: averaged: 0 is below 1");
  if (options.max_values < 2) {
    throw InvalidArgument("partial_dependence: max_values: " + to_text(options.max_values) + " is below 2");
  }
  const auto all = axis_parameters(sample.space);
  std::vector<std::size_t> columns;
  Grid grid;
  for (const std::string& name : parameters) {
    columns.push_back(column_of(all, name));
    grid.parameters.push_back(all[columns.back()]);
    grid.places.push_back(axis_places(all[columns.back()], sample.space.axes()[columns.back()], options.max_values));
  }
  const Eigen::MatrixXd held = grid.rows();

  Random random(options.seed, 0xde9);
  std::vector<space::Point> others;
  const auto exist = sample.space.count();
  if (exist && *exist <= options.averaged) {
    for (std::uint64_t i = 0; i < *exist; ++i) others.push_back(sample.space.at(i));
  } else {
    for (std::size_t i = 0; i < options.averaged; ++i) others.push_back(sample.space.sample(random));
  }
  Eigen::MatrixXd background = sample.space.encode(others);
  const auto curve = [&](const surrogate::AnySurrogate& model) {
    Eigen::VectorXd mean(held.rows());
    for (Eigen::Index i = 0; i < held.rows(); ++i) {
      for (std::size_t k = 0; k < columns.size(); ++k) {
        background.col(static_cast<Eigen::Index>(columns[k])).setConstant(held(i, static_cast<Eigen::Index>(k)));
      }
      mean[i] = model.predict(background).mean.mean();
    }
    return mean;
  };
  const Eigen::VectorXd mean = curve(model_of(options.surrogate, sample, sample.x(), sample.y));
  std::vector<Eigen::VectorXd> replicates;
  resampled_models(options.surrogate, sample, options.resamples, options.seed,
                   [&](const surrogate::AnySurrogate& model) { replicates.push_back(curve(model)); });

  PartialDependence out{.metric = sample.metric,
                        .surrogate = options.surrogate,
                        .parameters = parameters,
                        .confidence = options.confidence};
  for (Eigen::Index i = 0; i < held.rows(); ++i) {
    DependencePoint point;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      point.values.push_back(
          value_text(grid.parameters[k], sample.space.axes()[columns[k]], held(i, static_cast<Eigen::Index>(k))));
    }
    std::vector<double> values;
    for (const Eigen::VectorXd& one : replicates) values.push_back(one[i]);
    point.mean = percentile_interval(mean[i], std::move(values), options.confidence);
    out.points.push_back(std::move(point));
  }
  return out;
}

std::string PartialDependence::to_json() const {
  using Json = nlohmann::ordered_json;
  Json json{{"metric", metric}, {"surrogate", surrogate}, {"parameters", parameters}, {"confidence", confidence}};
  json["points"] = Json::array();
  for (const DependencePoint& p : points) json["points"].push_back({{"values", p.values}, {"mean", json_of(p.mean)}});
  return json.dump();
}

std::string PartialDependence::to_text() const {
  std::vector<std::vector<std::string>> table(1, parameters);
  table[0].push_back(metric);
  table[0].push_back(fmt::format("{:g} % interval", 100.0 * confidence));
  for (const DependencePoint& p : points) {
    auto& row = table.emplace_back(p.values);
    row.push_back(fmt::format("{:.4g}", p.mean.value));
    row.push_back(fmt::format("[{:.4g}, {:.4g}]", p.mean.low, p.mean.high));
  }
  return fmt::format("mean of {} by {}, the other parameters averaged over the space\n", metric, surrogate) +
         text_table(table);
}

}  // namespace bayestuner::analysis
