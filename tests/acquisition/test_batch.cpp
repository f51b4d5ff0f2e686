#include "bayestuner/acquisition/batch.hpp"

#include "golden.hpp"

namespace bayestuner::acquisition {
namespace {

JointPosterior certain_pair(double a, double b) {
  return {Eigen::Vector2d(a, b), Eigen::Matrix2d::Zero()};
}

JointPosterior single(double mean, double stddev) {
  return {Eigen::VectorXd::Constant(1, mean), Eigen::MatrixXd::Constant(1, 1, stddev * stddev)};
}

TEST(BatchExpectedImprovement, GoldenPair) {
  const auto c = golden("acquisition.json")["q2_ei"];
  const JointPosterior p{vector_in(c["mean"]), matrix_in(c["cov"])};
  const double expected = c["value"];
  EXPECT_NEAR(BatchExpectedImprovement(c["best"], {.samples = 4096})(p), expected, 2e-3 * expected);
  EXPECT_NEAR(BatchExpectedImprovement(c["best"])(p), expected, 1e-2 * expected);
}

TEST(BatchExpectedImprovement, OfOneCandidateIsItsExpectedImprovement) {
  const double exact = 0.3 * normal_gain((1.0 - 1.1) / 0.3);
  EXPECT_NEAR(BatchExpectedImprovement(1.0, {.samples = 4096})(single(1.1, 0.3)), exact, 3e-3 * exact);
}

TEST(BatchExpectedImprovement, EqualCandidatesGainNoMoreThanOne) {
  const JointPosterior same{Eigen::Vector2d(1.1, 1.1), Eigen::Matrix2d::Constant(0.09)};
  const BatchExpectedImprovement ei(1.0, {.samples = 2048});
  EXPECT_NEAR(ei(same), ei(single(1.1, 0.3)), 2e-4);
  const JointPosterior apart{same.mean, 0.09 * Eigen::Matrix2d::Identity()};
  EXPECT_GT(ei(apart), 1.3 * ei(same));
}

TEST(BatchExpectedImprovement, IsTheSameForTheSameSeed) {
  const auto value = [](std::uint64_t seed) {
    return BatchExpectedImprovement(1.0, {.samples = 64, .seed = seed})(single(1.1, 0.3));
  };
  EXPECT_EQ(value(3), value(3));
  EXPECT_NE(value(3), value(4));
}

TEST(BatchExpectedImprovement, TakesConstraints) {
  const BatchExpectedImprovement ei(1.0, {.samples = 4096});
  const std::vector<BatchConstraint> half{{single(0.0, 1.0), 0.0, Bound::at_least}};
  EXPECT_NEAR(ei(single(0.8, 0.3), half), 0.5 * ei(single(0.8, 0.3)), 0.01 * ei(single(0.8, 0.3)));
  // One of two certain gains is forbidden: the other counts.
  const std::vector<BatchConstraint> second{{certain_pair(5.0, 1.0), 2.0, Bound::at_most}};
  EXPECT_NEAR(ei(certain_pair(0.2, 0.7), second), 0.3, 1e-9);
}

TEST(BatchExpectedImprovement, TheLogarithmIsFiniteWhereNoDrawGains) {
  const BatchExpectedImprovement ei(0.0);
  const double near = ei.log_value({Eigen::Vector2d(20, 30), Eigen::Matrix2d::Identity()});
  const double far = ei.log_value({Eigen::Vector2d(25, 30), Eigen::Matrix2d::Identity()});
  EXPECT_NEAR(near, log_h(-20.0), 1e-9);
  EXPECT_LT(far, near);
}

TEST(BatchExpectedHypervolumeImprovement, OfOneCandidateIsExactly) {
  Eigen::MatrixXd front(4, 2);
  front << 1, 5, 2, 3, 4, 2, 5, 1;
  const HypervolumeImprovement improvement(front, Eigen::Vector2d(6, 6));
  const BatchExpectedHypervolumeImprovement ehvi(improvement, {.samples = 4096});
  EXPECT_NEAR(ehvi({single(2.5, 0.7), single(2.5, 0.9)}), 1.360949713241116, 0.005);  // pareto.json
}

TEST(BatchExpectedHypervolumeImprovement, CountsOverlapsOnce) {
  const HypervolumeImprovement improvement(Eigen::MatrixXd(0, 2), Eigen::Vector2d(4, 4));
  const BatchExpectedHypervolumeImprovement ehvi(improvement, {.samples = 4});
  // (1, 3) and (2, 1): 3 + 6 less the overlap of 2.
  EXPECT_NEAR(ehvi({certain_pair(1, 2), certain_pair(3, 1)}), 7.0, 1e-9);
  EXPECT_NEAR(ehvi({certain_pair(1, 1), certain_pair(3, 3)}), 3.0, 1e-9);
  const std::vector<BatchConstraint> second{{certain_pair(0.0, 9.0), 2.0, Bound::at_most}};
  EXPECT_NEAR(ehvi({certain_pair(1, 2), certain_pair(3, 1)}, second), 3.0, 1e-9);
}

TEST(Batches, RefuseWhatDoesNotFit) {
  const HypervolumeImprovement improvement(Eigen::MatrixXd(0, 2), Eigen::Vector2d(4, 4));
  const BatchExpectedHypervolumeImprovement ehvi(improvement);
  EXPECT_THROW((void)ehvi({single(1, 1)}), InvalidArgument);
  EXPECT_THROW((void)ehvi({single(1, 1), certain_pair(1, 1)}), InvalidArgument);
  const JointPosterior nine{Eigen::VectorXd::Zero(9), Eigen::MatrixXd::Identity(9, 9)};
  EXPECT_THROW((void)ehvi({nine, nine}), InvalidArgument);
  EXPECT_THROW(BatchExpectedImprovement(0.0, {.samples = 0}), InvalidArgument);
  EXPECT_THROW((void)BatchExpectedImprovement(0.0)({Eigen::Vector2d::Zero(), Eigen::Matrix3d::Identity()}),
               InvalidArgument);
}

TEST(NormalQuantile, InvertsTheDistribution) {
  for (const double p : {1e-300, 1e-20, 1e-5, 0.02, 0.3, 0.5, 0.7, 0.999}) {
    EXPECT_NEAR(normal_cdf(normal_quantile(p)), p, 1e-13 * p);
  }
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_EQ(normal_quantile(0.0), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(normal_quantile(1.5)));
}

}  // namespace
}  // namespace bayestuner::acquisition
