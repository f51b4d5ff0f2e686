#include "bayestuner/surrogate/random_forest.hpp"

#include "bayestuner/conformance/surrogate.hpp"
#include "checks.hpp"

namespace bayestuner::surrogate {
namespace {

TEST(RandomForest, MeetsTheContract) {
  conformance::expect_surrogate(RandomForest());
  conformance::expect_surrogate(RandomForest(extra_trees()));
}

TEST(RandomForest, SurvivesAwkwardData) {
  expect_survives_awkward_data([] { return RandomForest({.trees = 20}); }, true);
  expect_survives_awkward_data([] { return RandomForest(extra_trees()); }, true);
  expect_survives_awkward_data(
      [] {
        return RandomForest(
            {.trees = 20, .tree = {.min_leaf = 3, .features = 1, .max_bins = 8, .split_point = SplitPoint::uniform}});
      },
      true);
}

TEST(RandomForest, LearnsAndKnowsItsError) {
  const Eigen::MatrixXd x = drawn_rows(600, 3, 1), at = drawn_rows(600, 3, 2);
  Random random(3);
  const Eigen::VectorXd y = bumps(x).unaryExpr([&](double v) { return v + 0.1 * random.normal(); });
  for (RandomForestOptions options : {RandomForestOptions{}, RandomForestOptions{.tree = {.features = 2}}}) {
    RandomForest forest(options);
    forest.fit(x, y);
    const double error = std::hypot(rmse(forest.predict(at).mean, bumps(at)), 0.1);
    EXPECT_LT(error, 0.25);
    EXPECT_NEAR(forest.out_of_bag_rmse(), error, 0.15 * error);
    EXPECT_NEAR(forest.importances().sum(), 1.0, 1e-12);
  }
  RandomForest extra(extra_trees());
  extra.fit(x, y);
  EXPECT_LT(rmse(extra.predict(at).mean, bumps(at)), 0.2);
  EXPECT_TRUE(std::isnan(extra.out_of_bag_rmse()));  // every tree learnt every row
}

TEST(RandomForest, VarianceIsThatBetweenTreesAndWithinLeaves) {
  // One level: no tree can split, so the leaf holds the whole variance, and the trees differ by their samples.
  const Eigen::MatrixXd x = Eigen::MatrixXd::Zero(200, 1);
  const Eigen::VectorXd y = drawn_rows(200, 1, 4);
  RandomForest forest({.trees = 2000});
  forest.fit(x, y);
  const double variance = (y.array() - y.mean()).square().mean();
  const Posterior p = forest.predict(x.topRows(1));
  EXPECT_NEAR(p.mean[0], y.mean(), 0.01);
  // E[within] = (1 - 1/n) v, Var[between] = v / n.
  EXPECT_NEAR(p.stddev[0] * p.stddev[0], variance, 0.02 * variance);
  RandomForest whole({.trees = 3, .bootstrap = false});
  whole.fit(x, y);
  EXPECT_NEAR(whole.predict(x.topRows(1)).stddev[0], std::sqrt(variance), 1e-9);
}

TEST(RandomForest, IsSureOfWhatItMeasuredOnly) {
  Eigen::MatrixXd x(10, 1);
  x.col(0) = Eigen::VectorXd::LinSpaced(10, 0.0, 1.0);
  const Eigen::VectorXd y = (7.0 * x.col(0).array()).sin();
  RandomForest forest({.trees = 500, .tree = {.split_point = SplitPoint::uniform}, .bootstrap = false});
  forest.fit(x, y);
  const Posterior there = forest.predict(x), between = forest.predict((x.topRows(9) + x.bottomRows(9)) / 2.0);
  EXPECT_LT((there.mean - y).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT(there.stddev.maxCoeff(), 1e-4);
  EXPECT_GT(between.stddev.minCoeff(), 1e-3);
  // Uniform thresholds interpolate: half-way, the mean of the neighbours.
  const Eigen::VectorXd expected = (y.head(9) + y.tail(9)) / 2.0;
  EXPECT_LT((between.mean - expected).cwiseAbs().maxCoeff(), 0.1);
}

TEST(RandomForest, RefusesOptionsOutOfRange) {
  EXPECT_THROW(RandomForest({.trees = 0}), InvalidArgument);
  EXPECT_THROW(RandomForest({.tree = {.max_depth = -1}}), InvalidArgument);
  EXPECT_THROW(RandomForest({.tree = {.features = -1}}), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::surrogate
