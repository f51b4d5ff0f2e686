#pragma once
/// Which models a selector should offer at all.

#include <Eigen/Core>
#include <vector>

#include "bayestuner/selection/data.hpp"

namespace bayestuner::selection {

/// The models that Algorithm 1 takes, in that order, and what each added.
struct Candidates {
  std::vector<Eigen::Index> models;
  std::vector<double> gain_points;  ///< inputs that each answers and none before it did, in points of all inputs
  double unanswered_points = 0.0;   ///< inputs that none of them answers
};

/// Whether a score counts as an answer: at least half.
constexpr bool answers(double score) {
  return score >= 0.5;
}

/// For every input the cheapest of `models` that answers it, as a place in `models`; -1 where none does. Unknown scores
/// are no answers. `cost` (m): mean cost of every model; of equally cheap ones the earlier.
std::vector<int> optimum_of(const ScoreMatrix& scores, const Eigen::VectorXd& cost,
                            const std::vector<Eigen::Index>& models);

/// Starts with the model that is the optimum of most inputs, then adds the one that answers most of those that are left
/// while that gains more than `threshold_points` of all inputs; the last, insufficient one is not kept.
/// Source: Taylor et al. 2018, doi:10.1145/3211332.3211336, algorithm 1 (as its text and result have it).
/// Throws InvalidArgument where no model answers any input.
Candidates choose_candidates(const ScoreMatrix& scores, const Eigen::VectorXd& cost, double threshold_points = 0.5);

}  // namespace bayestuner::selection
