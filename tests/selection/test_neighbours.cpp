#include <gtest/gtest.h>

#include <algorithm>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/neighbours.hpp"

namespace bayestuner::selection {

// Coarse coordinates: many rows share a place, and many distances are equal.
Eigen::MatrixXd coarse(Eigen::Index n, Eigen::Index d, int levels, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd x(n, d);
  for (double& v : x.reshaped()) v = static_cast<double>(random.below(static_cast<std::uint64_t>(levels))) / levels;
  return x;
}

std::vector<Neighbour> by_sorting(const Eigen::MatrixXd& x, const std::vector<double>& point, std::size_t count) {
  std::vector<Neighbour> all;
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    float sum = 0.0F;
    for (Eigen::Index j = 0; j < x.cols(); ++j) {
      const float t = static_cast<float>(x(i, j)) - static_cast<float>(point[static_cast<std::size_t>(j)]);
      const float square = t * t;
      sum += square;
    }
    all.push_back({sum, static_cast<std::uint32_t>(i)});
  }
  std::sort(all.begin(), all.end());
  all.resize(std::min(count, all.size()));
  return all;
}

TEST(NeighbourIndex, TreeAndBruteForceFindWhatSortingFinds) {
  for (const auto [n, d, levels] : {std::array{1, 3, 4}, std::array{17, 1, 3}, std::array{300, 2, 5},
                                    std::array{5000, 7, 1000}, std::array{5000, 3, 6}}) {
    const Eigen::MatrixXd x = coarse(n, d, levels, 1);
    const NeighbourIndex tree(x, Search::tree), brute(x, Search::brute_force);
    Random random(2);
    std::vector<Neighbour> a, b;
    for (int query = 0; query < 50; ++query) {
      std::vector<double> point(static_cast<std::size_t>(d));
      for (double& v : point) v = std::floor(random.uniform() * levels * 1.5) / levels;
      for (const std::size_t count : {1, 5, 40}) {
        tree.nearest(point, count, a);
        brute.nearest(point, count, b);
        const auto expected = by_sorting(x, point, count);
        EXPECT_EQ(a, expected) << n << " rows, count " << count;
        EXPECT_EQ(b, expected) << n << " rows, count " << count;
      }
    }
  }
}

TEST(NeighbourIndex, LeavesOutTheRowThatIsSkipped) {
  const Eigen::MatrixXd x = Eigen::VectorXd::LinSpaced(5, 0.0, 4.0);
  const NeighbourIndex index(x);
  std::vector<Neighbour> near;
  index.nearest(std::vector<double>{2.0}, 3, near, 2);
  EXPECT_EQ(near, (std::vector<Neighbour>{{1.0F, 1}, {1.0F, 3}, {4.0F, 0}}));
  index.nearest(std::vector<double>{2.0}, 99, near);
  EXPECT_EQ(near.size(), 5U);
}

TEST(NeighbourIndex, ReadsAFewOfManyRows) {
  Random random(3);
  Eigen::MatrixXd x(20000, 4);
  for (double& v : x.reshaped()) v = random.uniform();
  const NeighbourIndex index(x);
  EXPECT_TRUE(index.uses_tree());
  EXPECT_LT(index.visited(std::vector<double>(4, 0.5), 5), 1500U);
}

TEST(NeighbourIndex, RefusesWhatIsNoNumberAndAnotherLength) {
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(3, 2);
  const NeighbourIndex index(x);
  std::vector<Neighbour> near;
  EXPECT_THROW(index.nearest(std::vector<double>{1.0}, 1, near), InvalidArgument);
  x(1, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(NeighbourIndex{x}, InvalidArgument);
}

TEST(AlongCurve, VisitsEveryRowOnceAndNearOnesTogether) {
  const Eigen::MatrixXd x = coarse(4000, 3, 1000, 5);
  const std::vector<Eigen::Index> order = along_curve(x);
  std::vector<Eigen::Index> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  double steps = 0.0, given = 0.0;
  for (std::size_t k = 0; k < sorted.size(); ++k) {
    ASSERT_EQ(sorted[k], static_cast<Eigen::Index>(k));
    if (k == 0) continue;
    steps += (x.row(order[k]) - x.row(order[k - 1])).norm();
    given += (x.row(sorted[k]) - x.row(sorted[k - 1])).norm();
  }
  EXPECT_LT(steps, 0.3 * given);
}

TEST(AlongCurve, TakesNumbersOutsideTheUnitCubeManyColumnsAndNoRows) {
  EXPECT_EQ(along_curve(Eigen::Vector3d(7.0, -1e300, 0.5)), (std::vector<Eigen::Index>{1, 2, 0}));
  EXPECT_EQ(along_curve(Eigen::MatrixXd::Ones(2, 200)).size(), 2U);
  EXPECT_TRUE(along_curve(Eigen::MatrixXd(0, 7)).empty());
}

}  // namespace bayestuner::selection
