#pragma once
/// What a search is asked for, in numbers only: which metrics are objectives and which must keep a bound.

#include <Eigen/Core>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/core/bound.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::search {

using bayestuner::Bound;

/// One objective: the metric's index in Task::metrics and the user's direction.
struct Objective {
  Eigen::Index metric = 0;
  bool maximise = false;
  std::optional<double> reference = {};  ///< worst acceptable value, metric's unit; read when there are several
};

/// `metric <= threshold` or `metric >= threshold`, in the metric's unit; already absolute.
struct Constraint {
  Eigen::Index metric = 0;
  Bound bound = Bound::at_most;
  double threshold = 0.0;

  /// False for NaN: what was not measured keeps no promise.
  bool holds(double value) const { return bound == Bound::at_most ? value <= threshold : value >= threshold; }
};

struct Task {
  std::vector<std::string> metrics;  ///< names, in the order of Observation::values
  std::vector<Objective> objectives;
  std::vector<Constraint> constraints;
};

/// Throws InvalidArgument unless every index names a metric, thresholds and references are numbers, and there is an
/// objective or a constraint.
inline void require_valid(const Task& task) {
  const auto require_metric = [&](Eigen::Index metric) {
    if (metric < 0 || metric >= static_cast<Eigen::Index>(task.metrics.size())) {
      throw InvalidArgument("task: metric index " + to_text(metric) + " is outside [0, " +
                            to_text(static_cast<Eigen::Index>(task.metrics.size())) + ")");
    }
  };
  if (task.objectives.empty() && task.constraints.empty()) {
    throw InvalidArgument("task: neither an objective nor a constraint is given");
  }
  for (const Objective& objective : task.objectives) {
    require_metric(objective.metric);
    if (objective.reference && !std::isfinite(*objective.reference)) {
      throw InvalidArgument(task.metrics[static_cast<std::size_t>(objective.metric)] + ": reference " +
                            to_text(*objective.reference) + " is not finite");
    }
  }
  for (const Constraint& constraint : task.constraints) {
    require_metric(constraint.metric);
    if (!std::isfinite(constraint.threshold)) {
      throw InvalidArgument(task.metrics[static_cast<std::size_t>(constraint.metric)] + ": threshold " +
                            to_text(constraint.threshold) + " is not finite");
    }
  }
}

}  // namespace bayestuner::search
