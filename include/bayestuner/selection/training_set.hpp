#pragma once

#include <Eigen/Core>
#include <vector>

#include "bayestuner/selection/data.hpp"
#include "bayestuner/selection/feature_coder.hpp"
#include "bayestuner/selection/neighbours.hpp"

namespace bayestuner::selection {

/// What an estimator learns: coded features and utilities (higher is better) of the same rows.
struct TrainingSet {
  Eigen::MatrixXd x;       ///< (n, p)
  Eigen::MatrixXd y;       ///< (n, models)
  Mask known{};            ///< (n, models), or empty: all
  bool success = true;     ///< utilities lie in [0, 1]
  bool cost_like = false;  ///< utilities are -log10 of what is at stake
  NeighbourIndex index{};  ///< of x
  Eigen::VectorXd cost{};  ///< mean cost of a call of each model (m); empty: not known

  bool is_known(Eigen::Index i, Eigen::Index j) const { return known.size() == 0 || known(i, j); }
  /// Rows on which model `j` is known, in their order.
  std::vector<Eigen::Index> known_rows(Eigen::Index j) const;
  /// Mean utility of every model where it is known (m); 0 where it never is.
  std::vector<double> means() const;
};

/// Codes `x` by a coder that has learnt, reads the scores and indexes the rows.
TrainingSet make_training_set(const FeatureCoder& coder, const FeatureMatrix& x, const ScoreMatrix& scores,
                              const Eigen::VectorXd& cost = {});

}  // namespace bayestuner::selection
