#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>

#include "bayestuner/search/detail/pooled.hpp"
#include "bayestuner/search/front_quality.hpp"
#include "bayestuner/search/history.hpp"

namespace bayestuner::search::detail {

/// What a further trial must improve: the feasible values and the reference point, all minimised and in `unit`.
struct FrontToBeat {
  Eigen::MatrixXd points;     ///< (n, m)
  Eigen::VectorXd reference;  ///< (m): the user's worst acceptable values, else beyond the worst that was measured
  Eigen::VectorXd unit;  ///< (m), metrics' own: from the best value to the reference, so that volumes do not overflow
};

/// Repeated readings count as their mean. Needs a feasible one.
inline FrontToBeat front_to_beat(const History& history) {
  const auto& objectives = history.task.objectives;
  const auto m = static_cast<Eigen::Index>(objectives.size());
  Eigen::MatrixXd feasible(static_cast<Eigen::Index>(history.observations.size()), m), measured(feasible.rows(), m);
  Eigen::Index n = 0, all = 0;
  for (const Pooled& row : pooled(history)) {
    for (Eigen::Index j = 0; j < m; ++j) {
      const Objective& objective = objectives[static_cast<std::size_t>(j)];
      measured(all, j) = (objective.maximise ? -1.0 : 1.0) * value_of(row.mean, objective.metric);
    }
    if (!measured.row(all).allFinite()) continue;
    if (is_feasible(row.mean, history.task)) feasible.row(n++) = measured.row(all);
    ++all;
  }
  FrontToBeat out{feasible.topRows(n), reference_point(measured.topRows(all)), Eigen::VectorXd(m)};
  for (Eigen::Index j = 0; j < m; ++j) {
    const Objective& objective = objectives[static_cast<std::size_t>(j)];
    if (objective.reference) out.reference[j] = (objective.maximise ? -1.0 : 1.0) * *objective.reference;
    const double reach = out.reference[j] - out.points.col(j).minCoeff();
    out.unit[j] = reach > 0.0 && std::isfinite(reach) ? reach : std::max(std::abs(out.reference[j]), 1.0);
    out.points.col(j) /= out.unit[j];
    out.reference[j] /= out.unit[j];
  }
  return out;
}

}  // namespace bayestuner::search::detail
