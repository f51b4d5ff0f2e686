#pragma once
/// All that a strategy may look at. The same history gives the same suggestion, in this process or in another.

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/search/task.hpp"

namespace bayestuner::space {
class DynamicSpace;
using Point = std::vector<double>;
}  // namespace bayestuner::space

namespace bayestuner::search {

enum class Outcome { ok, failed, pending };

/// One trial as the search sees it.
struct Observation {
  space::Point point;
  Outcome outcome = Outcome::ok;
  Eigen::VectorXd values = {};           ///< one per task metric, the user's sense; NaN = missing; empty unless ok
  Eigen::VectorXd standard_errors = {};  ///< of the values; empty or 0 = not known
};

/// Observations in the order of telling, pending ones last. `space` outlives every call that takes the history.
struct History {
  const space::DynamicSpace* space = nullptr;
  Task task = {};
  std::vector<Observation> observations = {};
  std::uint64_t seed = 0;
  std::optional<std::size_t> budget = {};  ///< trials planned in all
};

/// Value of `metric`, NaN where the trial did not report it.
inline double value_of(const Observation& observation, Eigen::Index metric) {
  return observation.outcome == Outcome::ok && metric < observation.values.size() ? observation.values[metric]
                                                                                  : std::nan("");
}

/// Measured, every constraint holds, every objective is a number.
inline bool is_feasible(const Observation& observation, const Task& task) {
  if (observation.outcome != Outcome::ok) return false;
  for (const Constraint& constraint : task.constraints) {
    if (!constraint.holds(value_of(observation, constraint.metric))) return false;
  }
  for (const Objective& objective : task.objectives) {
    if (!std::isfinite(value_of(observation, objective.metric))) return false;
  }
  return true;
}

/// The space, or InvalidArgument where the history names none.
inline const space::DynamicSpace& space_of(const History& history) {
  if (history.space == nullptr) throw InvalidArgument("history: no space is given");
  return *history.space;
}

}  // namespace bayestuner::search
