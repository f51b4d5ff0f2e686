#include "bayestuner/surrogate/sampled_gaussian_process.hpp"

#include "checks.hpp"

namespace bayestuner::surrogate {
namespace {

TEST(SliceSampling, LeavesANormalDistributionAsItIs) {
  // Correlated: variances 1 and 4, correlation 0.6.
  const Eigen::Matrix2d precision = (Eigen::Matrix2d() << 4.0, -1.2, -1.2, 1.0).finished() / 2.56;
  const auto log_density = [&](const Eigen::VectorXd& x) { return -0.5 * x.dot(precision * x); };
  Random random(3);
  Eigen::VectorXd x = Eigen::VectorXd::Zero(2), mean = Eigen::VectorXd::Zero(2);
  Eigen::MatrixXd second = Eigen::MatrixXd::Zero(2, 2);
  constexpr int steps = 40'000;
  for (int i = 0; i < steps; ++i) {
    x = detail::slice_step(log_density, x, 1.5, random);
    mean += x / steps;
    second += x * x.transpose() / steps;
  }
  EXPECT_NEAR(mean[0], 0.0, 0.05);
  EXPECT_NEAR(second(0, 0), 1.0, 0.06);
  EXPECT_NEAR(second(1, 1), 4.0, 0.25);
  EXPECT_NEAR(second(0, 1), 1.2, 0.1);
}

TEST(SampledGaussianProcess, IsTheMixtureOfItsDraws) {
  const Eigen::MatrixXd x = drawn_rows(15, 2, 1), at = drawn_rows(10, 2, 2);
  SampledGaussianProcess<> sampled;
  sampled.fit(x, bumps(x));
  ASSERT_EQ(sampled.models().size(), 5U);
  EXPECT_FALSE(sampled.models()[0].hyperparameters() == sampled.models()[4].hyperparameters());
  const Posterior p = sampled.predict(at);
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(10), square = Eigen::VectorXd::Zero(10);
  for (const auto& model : sampled.models()) {
    const Posterior q = model.predict(at);
    mean += q.mean / 5.0;
    square += (q.mean.cwiseAbs2() + q.stddev.cwiseAbs2()) / 5.0;
  }
  EXPECT_LT((p.mean - mean).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((p.stddev.cwiseAbs2() - (square - mean.cwiseAbs2())).cwiseAbs().maxCoeff(), 1e-10);
  SampledGaussianProcess<> again;
  again.fit(x, bumps(x));
  EXPECT_EQ(again.predict(at).mean, p.mean);
}

TEST(SampledGaussianProcess, SurvivesAwkwardData) {
  const Eigen::MatrixXd x = drawn_rows(12, 2, 1), at = drawn_rows(10, 2, 2);
  const auto check = [&](const Eigen::MatrixXd& rows, const Eigen::VectorXd& y, const char* what) {
    SampledGaussianProcess<> sampled;
    sampled.fit(rows, y);
    const Posterior p = sampled.predict(at);
    EXPECT_TRUE(p.mean.allFinite() && p.stddev.allFinite()) << what;
  };
  check(x, 1e150 * bumps(x), "large");
  check(x, 1e-150 * bumps(x), "small");
  check(x, Eigen::VectorXd::Constant(12, 7.0), "constant");
  check(x.topRows(1), Eigen::VectorXd::Ones(1), "one row");
  check(x.topRows(1).replicate(6, 1), bumps(x).head(6), "one row again and again");
  check(x.topRows(0), Eigen::VectorXd(), "none");
  EXPECT_TRUE(SampledGaussianProcess<>().predict(at).mean.allFinite()) << "never fitted";
}

TEST(SampledGaussianProcess, RefusesNoDraws) {
  EXPECT_THROW(SampledGaussianProcess<>({}, {.draws = 0}), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::surrogate
