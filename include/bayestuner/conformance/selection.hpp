#pragma once
/// Checks that any Estimator, ChoicePolicy and Selector must pass; needs GoogleTest.

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <vector>

#include "bayestuner/selection/basic_selector.hpp"
#include "bayestuner/selection/concepts.hpp"

namespace bayestuner::conformance {

/// Learns `data`, then predicts its rows: finite, within [0, 1] for success scores, and equal when asked twice.
inline void expect_contract(selection::Estimator auto estimator, const selection::TrainingSet& data) {
  estimator.fit(data);
  const auto m = static_cast<std::size_t>(data.y.cols());
  std::vector<double> row(static_cast<std::size_t>(data.x.cols())), first(m), second(m);
  std::vector<selection::Neighbour> near;
  for (Eigen::Index i = 0; i < data.x.rows(); ++i) {
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = data.x(i, static_cast<Eigen::Index>(j));
    data.index.nearest(row, static_cast<std::size_t>(estimator.neighbours()), near);
    estimator.predict(row, near, first);
    estimator.predict(row, near, second);
    EXPECT_EQ(first, second) << "row " << i;
    for (const double p : first) {
      EXPECT_TRUE(std::isfinite(p)) << "row " << i;
      if (data.success) {
        EXPECT_GE(p, 0.0);
        EXPECT_LE(p, 1.0);
      }
    }
  }
}

/// Chooses for every row of `scores` (n, m): a model that there is or none, the same when asked twice.
inline void expect_contract(const selection::ChoicePolicy auto& policy, const Eigen::MatrixXd& scores,
                            const std::vector<double>& cost) {
  std::vector<double> row(cost.size());
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    Eigen::RowVectorXd::Map(row.data(), scores.cols()) = scores.row(i);
    const Eigen::Index j = policy(row, cost);
    EXPECT_GE(j, -1) << "row " << i;
    EXPECT_LT(j, scores.cols()) << "row " << i;
    EXPECT_EQ(j, policy(row, cost)) << "row " << i;
  }
}

/// Chooses for `x` twice: a model that there is or none, the same both times, also in a decision used before.
inline void expect_contract(const selection::Selector auto& selector, std::span<const double> x) {
  selection::Decision fresh, used;
  selector.select(x, fresh);
  selector.select(x, used);
  selector.select(x, used);
  EXPECT_EQ(fresh.model, used.model);
  EXPECT_EQ(fresh.scores, used.scores);
  EXPECT_EQ(fresh.neighbours, used.neighbours);
  EXPECT_LT(fresh.model, static_cast<Eigen::Index>(selector.models().size()));
  EXPECT_EQ(fresh.model < 0, fresh.status == selection::Status::declined);
}

}  // namespace bayestuner::conformance
