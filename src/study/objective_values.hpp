#pragma once
// Trials as rows for dominance and volumes.

#include <Eigen/Core>
#include <vector>

#include "bayestuner/study/problem.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::study {

// -1 where larger is better: times it, every objective is minimised.
inline double sign_of(const Objective& objective) {
  return objective.maximise ? -1.0 : 1.0;
}

// (n, objectives), all minimised. Every trial must have every objective.
inline Eigen::MatrixXd objective_values(const std::vector<Trial>& trials, const Problem& problem) {
  const auto& objectives = problem.objectives();
  Eigen::MatrixXd out(static_cast<Eigen::Index>(trials.size()), static_cast<Eigen::Index>(objectives.size()));
  for (Eigen::Index i = 0; i < out.rows(); ++i) {
    for (Eigen::Index j = 0; j < out.cols(); ++j) {
      const Objective& objective = objectives[static_cast<std::size_t>(j)];
      out(i, j) = sign_of(objective) * trials[static_cast<std::size_t>(i)].metrics.at(objective.metric).value;
    }
  }
  return out;
}

}  // namespace bayestuner::study
