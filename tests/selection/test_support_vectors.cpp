#include <gtest/gtest.h>

#include <cmath>

#include "bayestuner/conformance/selection.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/calibration.hpp"
#include "bayestuner/selection/support_vectors.hpp"

namespace bayestuner::selection {

// By hand: multipliers are equal, and a = 1 / (1 - K) where the margins are met.
TEST(SupportVectors, SolvesTwoPoints) {
  const Eigen::MatrixXd x = (Eigen::MatrixXd(2, 1) << -1.0, 1.0).finished();
  const double k = std::exp(-4.0 * 0.5);
  const SupportVectors machine = fit_support_vectors(x, {0, 1}, {.penalty = 10.0, .width = 0.5, .tolerance = 1e-9});
  ASSERT_EQ(machine.rows.size(), 2U);
  EXPECT_NEAR(machine.coefficient[1], 1.0 / (1.0 - k), 1e-6);
  EXPECT_NEAR(machine.coefficient[0], -machine.coefficient[1], 1e-12);
  EXPECT_NEAR(machine.intercept, 0.0, 1e-6);
  EXPECT_NEAR(machine(x, x.row(1)), 1.0, 1e-6);
}

// Values of scikit-learn 1.9.1, SVC(C=2, gamma=0.8, tol=1e-8).
TEST(SupportVectors, AgreesWithAnotherImplementation) {
  Eigen::MatrixXd x(12, 2);
  std::vector<char> positive;
  for (Eigen::Index i = 0; i < 12; ++i) {
    x(i, 0) = std::sin(1.7 * static_cast<double>(i) + 0.3);
    x(i, 1) = std::cos(2.3 * static_cast<double>(i));
    positive.push_back(x(i, 0) * x(i, 1) > 0.0);
  }
  const auto machine = fit_support_vectors(x, positive, {.penalty = 2.0, .width = 0.8, .tolerance = 1e-6});
  const auto f = [&](double a, double b) { return machine(x, Eigen::RowVector2d(a, b)); };
  EXPECT_NEAR(f(0.0, 0.0), 0.194229, 1e-4);
  EXPECT_NEAR(f(0.5, 0.5), 1.000387, 1e-4);
  EXPECT_NEAR(f(-0.4, 0.7), -0.281726, 1e-4);
  EXPECT_NEAR(f(1.5, -1.0), -0.700507, 1e-4);
}

TEST(SupportVectors, MeetsTheOptimalityConditions) {
  Random random(3);
  Eigen::MatrixXd x(150, 3);
  std::vector<char> positive;
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    for (Eigen::Index j = 0; j < 3; ++j) x(i, j) = random.normal();
    positive.push_back(x.row(i).norm() + 0.3 * random.normal() < 1.5);
  }
  constexpr double c = 1.0, tolerance = 1e-4;
  const auto machine = fit_support_vectors(x, positive, {.penalty = c, .tolerance = tolerance});
  std::vector<double> multiplier(150, 0.0);
  double sum = 0.0;
  for (std::size_t k = 0; k < machine.rows.size(); ++k) {
    multiplier[machine.rows[k]] = std::abs(machine.coefficient[k]);
    sum += machine.coefficient[k];
  }
  EXPECT_NEAR(sum, 0.0, 1e-9);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    const auto s = static_cast<std::size_t>(i);
    const double margin = (positive[s] != 0 ? 1.0 : -1.0) * machine(x, x.row(i));
    if (multiplier[s] < c) {
      EXPECT_GE(margin, 1.0 - 10.0 * tolerance) << i;
    }
    if (multiplier[s] > 0.0) {
      EXPECT_LE(margin, 1.0 + 10.0 * tolerance) << i;
    }
  }
}

TEST(SupportVectors, RefusesOneClassAndOptionsOutOfRange) {
  const Eigen::MatrixXd x = Eigen::MatrixXd::Random(4, 2);
  EXPECT_THROW(fit_support_vectors(x, {1, 1, 1, 1}), InvalidArgument);
  EXPECT_THROW(fit_support_vectors(x, {1, 0}), InvalidArgument);
  EXPECT_THROW(fit_support_vectors(x, {1, 0, 1, 0}, {.penalty = 0.0}), InvalidArgument);
  EXPECT_THROW(fit_support_vectors(x, {1, 0, 1, 0}, {.width = -1.0}), InvalidArgument);
}

TEST(SvmEstimator, PredictsHonestProbabilitiesAndKeepsTheMeanOfOneClass) {
  Random random(4);
  TrainingSet data{.x = Eigen::MatrixXd(400, 2), .y = Eigen::MatrixXd(400, 3)};
  for (Eigen::Index i = 0; i < 400; ++i) {
    data.x.row(i) << random.uniform(), random.uniform();
    const bool ring = (data.x.row(i) - Eigen::RowVector2d(0.5, 0.5)).norm() < 0.35;
    data.y.row(i) << (random.uniform() < (ring ? 0.9 : 0.1)), (random.uniform() < (ring ? 0.1 : 0.9)), 1.0;
  }
  data.index = NeighbourIndex(data.x);
  conformance::expect_contract(SvmEstimator(), data);
  SvmEstimator svm;
  svm.fit(data);
  std::vector<double> p(3);
  svm.predict(std::vector<double>{0.5, 0.5}, {}, p);
  EXPECT_GT(p[0], 0.8);
  EXPECT_LT(p[1], 0.2);
  EXPECT_GT(p[2], 0.99);
  // On inputs that it did not see.
  constexpr Eigen::Index n = 2000;
  Eigen::VectorXd predicted(n), right(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const std::vector<double> x{random.uniform(), random.uniform()};
    svm.predict(x, {}, p);
    predicted[i] = p[0];
    right[i] = random.uniform() < (std::hypot(x[0] - 0.5, x[1] - 0.5) < 0.35 ? 0.9 : 0.1) ? 1.0 : 0.0;
  }
  const CalibrationReport report = calibration_report(predicted, right);
  EXPECT_LT(report.brier, 0.13);  // 0.09 for who knows the ring, 0.24 for the mean
  EXPECT_LT(report.ece, 0.12);    // a logistic curve is smoother than the ring
  data.success = false;
  EXPECT_THROW(svm.fit(data), InvalidArgument);
}

}  // namespace bayestuner::selection
