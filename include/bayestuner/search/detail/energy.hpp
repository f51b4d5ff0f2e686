#pragma once
/// One number for an outcome, for strategies that compare trials instead of modelling them.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <vector>

#include "bayestuner/search/history.hpp"

namespace bayestuner::search::detail {

/// How a metric's differences are measured: as ratios where every reading has one sign, else in units of their range.
class EnergyScale {
 public:
  EnergyScale(const History& history, Eigen::Index metric, std::initializer_list<double> bounds = {}) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    const auto widen = [&](double value) {
      if (!std::isfinite(value)) return;
      low = std::min(low, value);
      high = std::max(high, value);
    };
    for (const Observation& observation : history.observations) widen(value_of(observation, metric));
    for (const double bound : bounds) widen(bound);
    logarithm_ = low > 0.0 || high < 0.0;
    if (!logarithm_ && high > low) unit_ = high - low;
  }

  /// Rises with `value`.
  double operator()(double value) const {
    if (!logarithm_) return value / unit_;
    return value > 0.0 ? std::log(value) : -std::log(-value);
  }

 private:
  bool logarithm_ = false;
  double unit_ = 1.0;
};

/// The energy of every observation, smaller is better; NaN for pending ones. The sum of the objectives' logarithms in
/// the minimised sense, 5 times every constraint's logarithmic violation and 0.5 for each that is violated; a failure
/// or a missing metric lies 5 above the smallest.
inline std::vector<double> energies(const History& history) {
  const Task& task = history.task;
  std::vector<EnergyScale> objectives, constraints;
  for (const Objective& objective : task.objectives) objectives.emplace_back(history, objective.metric);
  for (const Constraint& constraint : task.constraints) {
    constraints.emplace_back(history, constraint.metric, std::initializer_list<double>{constraint.threshold});
  }
  std::vector<double> out;
  double best = std::numeric_limits<double>::infinity();
  for (const Observation& observation : history.observations) {
    out.push_back(std::nan(""));
    double energy = 0.0;
    for (std::size_t j = 0; j < objectives.size(); ++j) {
      const double value = objectives[j](value_of(observation, task.objectives[j].metric));
      energy += task.objectives[j].maximise ? -value : value;
    }
    for (std::size_t j = 0; j < constraints.size(); ++j) {
      const Constraint& constraint = task.constraints[j];
      const double value = value_of(observation, constraint.metric);
      if (std::isnan(value)) {
        energy = value;
      } else if (!constraint.holds(value)) {
        energy += 0.5 + 5.0 * std::abs(constraints[j](value) - constraints[j](constraint.threshold));
      }
    }
    if (observation.outcome == Outcome::pending) continue;
    const bool measured = observation.outcome == Outcome::ok && !std::isnan(energy);
    out.back() = measured ? std::clamp(energy, -1e9, 1e9) : std::numeric_limits<double>::infinity();
    best = std::min(best, out.back());
  }
  for (double& energy : out) {
    if (std::isinf(energy)) energy = (std::isinf(best) ? 0.0 : best) + 5.0;
  }
  return out;
}

}  // namespace bayestuner::search::detail
