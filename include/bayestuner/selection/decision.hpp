#pragma once

#include <Eigen/Core>
#include <vector>

#include "bayestuner/selection/feature_coder.hpp"
#include "bayestuner/selection/neighbours.hpp"

namespace bayestuner::selection {

enum class Status {
  chosen,    ///< by the policy
  fallback,  ///< the policy had no answer: the model given for that case
  declined   ///< no model is to run
};

inline const char* status_name(Status status) {
  return status == Status::chosen ? "chosen" : status == Status::fallback ? "fallback" : "declined";
}

/// One choice. Keep one and pass it again: after the first call no memory is taken.
struct Decision {
  Eigen::Index model = -1;  ///< place in the selector's models; -1: none
  Status status = Status::declined;
  double probability = 0.0;    ///< predicted score of that model (of cost-like scores: utility)
  double expected_cost = 0.0;  ///< mean cost of that model, 0 where costs are not known
  double lambda = 0.0;         ///< what a unit of cost was worth in score
  double distance = 0.0;       ///< mean distance to the nearest training rows, scaled features
  bool supported = true;       ///< that distance is usual among the training rows
  int stage = -1;              ///< of a cascade: which stage said yes

  std::vector<double> scores;         ///< predicted score of every model
  std::vector<Neighbour> neighbours;  ///< nearest first
  std::vector<int> votes;             ///< of a cascade: neighbours that say yes, one a stage
  CodingReport coding;
  std::vector<double> coded;  ///< the input as the estimator saw it
};

}  // namespace bayestuner::selection
