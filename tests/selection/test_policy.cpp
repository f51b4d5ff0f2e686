#include <gtest/gtest.h>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/calibration.hpp"
#include "bayestuner/selection/policy.hpp"

namespace bayestuner::selection {

double mean_cost_of(const std::vector<Eigen::Index>& chosen, const Eigen::VectorXd& cost) {
  double sum = 0.0;
  for (const Eigen::Index j : chosen) sum += cost[j];
  return sum / static_cast<double>(chosen.size());
}

Eigen::MatrixXd random_scores(Eigen::Index n, Eigen::Index m) {
  Random random(1);
  Eigen::MatrixXd p(n, m);
  for (double& v : p.reshaped()) v = random.uniform();
  return p;
}

TEST(Pick, TakesTheCheaperOfEqualsAndLeavesOutTheForbidden) {
  const std::vector<double> scores{0.9, 0.9, 0.5}, cost{3.0, 1.0, 0.0};
  EXPECT_EQ(pick(scores, cost, 0.0), 1);
  EXPECT_EQ(pick(scores, cost, 1.0), 2);
  EXPECT_EQ(pick(scores, cost, 0.0, std::vector<char>{1, 0, 1}), 0);
  EXPECT_EQ(pick(scores, cost, 0.0, std::vector<char>{0, 0, 0}), -1);
}

TEST(FillBudget, NeverSpendsMoreAndFillsToTheLastAffordableInput) {
  const Eigen::MatrixXd p = random_scores(1000, 4);
  const Eigen::VectorXd cost = Eigen::Vector4d(0.001, 5, 10, 15);
  for (const double budget : {0.001, 1.0, 4.0, 9.0, 20.0}) {
    const double spent = mean_cost_of(fill_budget(p, cost, budget), cost);
    EXPECT_LE(spent, budget == 0.001 ? budget * (1.0 + 1e-12) : budget);  // all cheapest: nothing to take back
    if (budget < 5.0) {
      EXPECT_GT(spent, budget - 5.0 / 1000.0);
    }
  }
}

TEST(FillBudget, IsTheBestForTwoModels) {
  Eigen::MatrixXd p(4, 2);
  p << 0.1, 0.9, 0.4, 0.6, 0.2, 0.8, 0.5, 0.4;
  EXPECT_EQ(fill_budget(p, Eigen::Vector2d(0, 1), 0.5), (std::vector<Eigen::Index>{1, 0, 1, 0}));
  EXPECT_EQ(fill_budget(p, Eigen::Vector2d(0, 1), 1.0), (std::vector<Eigen::Index>{1, 1, 1, 0}));
}

TEST(LambdaFor, KeepsToTheBudget) {
  const Eigen::MatrixXd p = random_scores(1000, 3);
  const Eigen::VectorXd cost = Eigen::Vector3d(0, 1, 2);
  const double lambda = lambda_for(p, cost, 0.7);
  EXPECT_LE(mean_cost_of(pick_all(p, cost, lambda), cost), 0.7);
  EXPECT_GT(mean_cost_of(pick_all(p, cost, lambda * 0.98), cost), 0.7);
}

TEST(LambdaFor, RefusesABudgetBelowTheCheapest) {
  EXPECT_THROW(lambda_for(random_scores(5, 2), Eigen::Vector2d(1, 2), 0.5), InvalidArgument);
}

TEST(BudgetLambda, SpendsTheBudgetWhereInputsLookAlike) {
  Eigen::MatrixXd p(1000, 2);  // every input alike: one lambda gives all of them, or none
  p.rowwise() = Eigen::RowVector2d(0.6, 0.8);
  const auto [lambda, dear, share] = budget_lambda(p, Eigen::Vector2d(1, 2), 1.25);
  EXPECT_NEAR(lambda, 0.2, 1e-9);
  EXPECT_NEAR(dear, 0.2, 1e-9);
  EXPECT_NEAR(share, 0.25, 1e-12);
  EXPECT_EQ(budget_lambda(p, Eigen::Vector2d(1, 2), 3.0).share, 0.0);
}

TEST(TradeoffCurve, EndsAtTheBestPredictedAndTheCheapest) {
  const Eigen::MatrixXd p = random_scores(200, 3);
  ScoreMatrix scores{.models = {"a", "b", "c"}, .values = p};
  const Eigen::VectorXd cost = Eigen::Vector3d(0, 1, 2);
  const auto curve = tradeoff_curve(p, scores, cost);
  EXPECT_NEAR(curve.front().score, p.rowwise().maxCoeff().mean(), 1e-9);
  EXPECT_NEAR(curve.back().cost, 0.0, 1e-9);
  EXPECT_DOUBLE_EQ(curve.back().share[0], 1.0);
}

TEST(LambdaReaching, RefusesAScoreThatNothingReaches) {
  ScoreMatrix scores{.models = {"a", "b"}, .values = Eigen::MatrixXd::Constant(50, 2, 0.5)};
  const Eigen::VectorXd cost = Eigen::Vector2d(1, 2);
  EXPECT_GE(lambda_reaching(scores.values, scores, cost, 0.9, true, 0), 0.0);
  try {
    lambda_reaching(scores.values, scores, cost, 0.8, false, 0);
    FAIL();
  } catch (const InvalidArgument& e) {
    EXPECT_NE(std::string(e.what()).find("0.5"), std::string::npos) << e.what();  // the attainable
  }
}

TEST(Policy, RefusesValuesOutOfRange) {
  EXPECT_THROW(Policy::max_score(-1.0).require_valid(), InvalidArgument);
  EXPECT_THROW(Policy::min_cost(0.0).require_valid(), InvalidArgument);
  EXPECT_THROW(Policy::per_input(1.5).require_valid(), InvalidArgument);
  EXPECT_THROW(Policy::trade_off(-0.1).require_valid(), InvalidArgument);
}

TEST(Calibration, IsotonicPoolsWhatIsOutOfOrder) {
  const Calibration map(Calibration::Kind::isotonic, Eigen::Vector4d(0.1, 0.2, 0.3, 0.4), Eigen::Vector4d(0, 1, 0, 1));
  EXPECT_DOUBLE_EQ(map(0.1), 0.0);
  EXPECT_DOUBLE_EQ(map(0.25), 0.5);
  EXPECT_DOUBLE_EQ(map(0.9), 1.0);
}

TEST(Calibration, IsChosenWhereItHelpsAndNotWhereItDoesNot) {
  Random random(2);
  Eigen::VectorXd p(2000), honest(2000), boastful(2000);
  for (Eigen::Index i = 0; i < p.size(); ++i) {
    p[i] = random.uniform();
    honest[i] = random.uniform() < p[i] ? 1.0 : 0.0;
    boastful[i] = random.uniform() < p[i] * p[i] ? 1.0 : 0.0;
  }
  EXPECT_EQ(choose_calibration(p, honest, 5, 0).kind(), Calibration::Kind::none);
  const Calibration map = choose_calibration(p, boastful, 5, 0);
  EXPECT_NE(map.kind(), Calibration::Kind::none);
  EXPECT_NEAR(map(0.5), 0.25, 0.06);
  EXPECT_GT(calibration_report(p, boastful).ece, 0.1);
  EXPECT_LT(calibration_report(p.unaryExpr(map), boastful).ece, 0.03);
}

}  // namespace bayestuner::selection
