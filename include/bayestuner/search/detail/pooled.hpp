#pragma once
/// Several readings of one configuration are one answer about it: their mean.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <unordered_map>
#include <vector>

#include "bayestuner/search/history.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::search::detail {

/// What a configuration's finished trials say together.
struct Pooled {
  Observation mean;           ///< failed if any of them failed; else means, with the standard errors of these
  Eigen::Index first = 0;     ///< index of its first observation
  std::size_t readings = 0;   ///< finished trials
  bool measured_now = false;  ///< one more is pending
};

/// One entry a configuration that was measured, in order of its first observation. The standard error of a mean is
/// what the readings claim or what their spread shows, whichever is larger.
inline std::vector<Pooled> pooled(const History& history) {
  std::vector<Pooled> out;
  std::vector<std::vector<const Observation*>> readings;
  std::unordered_map<space::Point, std::size_t, space::PointHash, space::PointEqual> place;
  for (std::size_t i = 0; i < history.observations.size(); ++i) {
    const Observation& observation = history.observations[i];
    if (observation.outcome == Outcome::pending) {  // these come last
      if (const auto it = place.find(observation.point); it != place.end()) out[it->second].measured_now = true;
      continue;
    }
    const auto [it, fresh] = place.emplace(observation.point, out.size());
    if (fresh) {
      out.push_back({.mean = observation, .first = static_cast<Eigen::Index>(i)});
      readings.emplace_back();
    }
    readings[it->second].push_back(&observation);
  }
  for (std::size_t p = 0; p < out.size(); ++p) {
    out[p].readings = readings[p].size();
    if (readings[p].size() == 1) continue;
    Observation& mean = out[p].mean;
    const auto failed = [](const Observation* reading) { return reading->outcome != Outcome::ok; };
    if (std::any_of(readings[p].begin(), readings[p].end(), failed)) {
      mean = {.point = mean.point, .outcome = Outcome::failed};
      continue;
    }
    const Eigen::Index metrics = static_cast<Eigen::Index>(history.task.metrics.size());
    mean.values.resize(metrics);
    mean.standard_errors.resize(metrics);
    for (Eigen::Index m = 0; m < metrics; ++m) {
      double n = 0.0, sum = 0.0, claimed = 0.0, spread = 0.0;
      for (const Observation* reading : readings[p]) {
        const double value = value_of(*reading, m);
        if (!std::isfinite(value)) continue;
        const double error = m < reading->standard_errors.size() ? reading->standard_errors[m] : 0.0;
        n += 1.0;
        sum += value;
        claimed += std::isfinite(error) ? error * error : 0.0;
      }
      mean.values[m] = sum / n;  // NaN where none reported it
      for (const Observation* reading : readings[p]) {
        const double value = value_of(*reading, m);
        if (std::isfinite(value)) spread += (value - mean.values[m]) * (value - mean.values[m]);
      }
      mean.standard_errors[m] =
          n > 0.0 ? std::max(std::sqrt(claimed) / n, n > 1.0 ? std::sqrt(spread / (n - 1.0) / n) : 0.0) : 0.0;
    }
  }
  return out;
}

/// Whether the readings of a configuration leave its feasibility open: a constraint's mean is less than `z` standard
/// errors from its threshold, on either side. Errors that are not known decide at once.
inline bool is_doubtful(const Pooled& row, const Task& task, double z = 1.645) {
  if (row.mean.outcome != Outcome::ok) return false;
  return std::any_of(task.constraints.begin(), task.constraints.end(), [&](const Constraint& constraint) {
    const double error =
        constraint.metric < row.mean.standard_errors.size() ? row.mean.standard_errors[constraint.metric] : 0.0;
    return error > 0.0 && std::abs(value_of(row.mean, constraint.metric) - constraint.threshold) < z * error;
  });
}

}  // namespace bayestuner::search::detail
