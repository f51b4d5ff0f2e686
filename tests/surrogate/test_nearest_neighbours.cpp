#include "bayestuner/surrogate/nearest_neighbours.hpp"

#include <numeric>

#include "bayestuner/conformance/surrogate.hpp"
#include "checks.hpp"

namespace bayestuner::surrogate {
namespace {

TEST(NearestNeighbours, IsTheWeightedMeanOfTheNearest) {
  Eigen::MatrixXd x(4, 1);
  x << 0.0, 1.0, 3.0, 10.0;
  const Eigen::Vector4d y(2.0, 4.0, 8.0, 100.0);
  NearestNeighbours model({.neighbours = 2, .scale_inputs = false});
  model.fit(x, y);
  EXPECT_NEAR(model.predict(Eigen::MatrixXd::Constant(1, 1, 1.5)).mean[0], (4.0 / 0.5 + 2.0 / 1.5) / (2.0 + 2.0 / 3.0),
              1e-12);
  EXPECT_NEAR(model.predict(Eigen::MatrixXd::Constant(1, 1, 3.0)).mean[0], 8.0, 1e-12) << "a known row";
  NearestNeighbours equal({.neighbours = 3, .power = 0.0});
  equal.fit(x, y);
  EXPECT_NEAR(equal.predict(Eigen::MatrixXd::Constant(1, 1, 1.0)).mean[0], 14.0 / 3.0, 1e-12);
}

TEST(NearestNeighbours, FindsWhatSortingFinds) {
  const Eigen::MatrixXd x = drawn_rows(200, 3, 1), at = drawn_rows(50, 3, 2);
  const Eigen::VectorXd y = bumps(x);
  NearestNeighbours model({.neighbours = 4, .power = 0.0, .scale_inputs = false});
  model.fit(x, y);
  const Eigen::VectorXd mean = model.predict(at).mean;
  for (Eigen::Index i = 0; i < at.rows(); ++i) {
    std::vector<Eigen::Index> order(200);
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    const Eigen::VectorXd distance = (x.rowwise() - at.row(i)).rowwise().squaredNorm();
    std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) { return distance[a] < distance[b]; });
    EXPECT_NEAR(mean[i], (y[order[0]] + y[order[1]] + y[order[2]] + y[order[3]]) / 4.0, 1e-12);
  }
}

TEST(NearestNeighbours, ChoosesAsManyAsHelp) {
  const Eigen::MatrixXd x = drawn_rows(300, 2, 3), at = drawn_rows(300, 2, 4);
  NearestNeighbours model;
  model.fit(x, bumps(x));
  EXPECT_LE(model.neighbours(), 8);
  EXPECT_LT(rmse(model.predict(at).mean, bumps(at)), 0.1);
  Random random(5);
  const Eigen::VectorXd noise = Eigen::VectorXd::Zero(300).unaryExpr([&](double) { return random.normal(); });
  model.fit(x, noise);
  EXPECT_GE(model.neighbours(), 10);
}

TEST(NearestNeighbours, DeviationIsTheErrorOnAverageAndGrowsAway) {
  const Eigen::MatrixXd x = drawn_rows(200, 2, 6), at = drawn_rows(500, 2, 7);
  NearestNeighbours model;
  model.fit(x, bumps(x));
  const Posterior p = model.predict(at);
  EXPECT_NEAR(p.stddev.norm(), (p.mean - bumps(at)).norm(), 0.5 * p.stddev.norm());
  const Eigen::MatrixXd away = at.array() + 1.5;
  EXPECT_GT(model.predict(away).stddev.mean(), 3.0 * p.stddev.mean());
  EXPECT_LT(model.predict(x).stddev.maxCoeff(), 1e-3);
}

TEST(NearestNeighbours, LabelsAreEqualOrNot) {
  Eigen::MatrixXd x(6, 1);
  x << 0, 1, 2, 0, 1, 2;
  Eigen::VectorXd y(6);
  y << 1, 5, 9, 1, 5, 9;
  NearestNeighbours model({.axes = {space::AxisKind::categorical}, .neighbours = 2});
  model.fit(x, y);
  EXPECT_NEAR(model.predict(Eigen::MatrixXd::Constant(1, 1, 1.0)).mean[0], 5.0, 1e-12);
  NearestNeighbours all({.axes = {space::AxisKind::categorical}, .neighbours = 6});
  all.fit(x, y);
  EXPECT_NEAR(all.predict(Eigen::MatrixXd::Constant(1, 1, 7.0)).mean[0], 5.0, 1e-12)
      << "a new label is as far from all";
  NearestNeighbours wrong({.axes = {space::AxisKind::categorical, space::AxisKind::numeric}});
  EXPECT_THROW(wrong.fit(x, y), InvalidArgument);
}

TEST(NearestNeighbours, MeetsTheContract) {
  conformance::expect_surrogate(NearestNeighbours());
}

TEST(NearestNeighbours, SurvivesAwkwardData) {
  expect_survives_awkward_data([] { return NearestNeighbours(); }, false);
  expect_survives_awkward_data([] { return NearestNeighbours({.neighbours = 50, .power = 2.0}); }, false);
}

TEST(NearestNeighbours, RefusesOptionsOutOfRange) {
  EXPECT_THROW(NearestNeighbours({.neighbours = -1}), InvalidArgument);
  EXPECT_THROW(NearestNeighbours({.power = -1.0}), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::surrogate
