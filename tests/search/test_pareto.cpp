#include "bayestuner/search/pareto.hpp"

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/front_quality.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "bayestuner/search/pareto_archive.hpp"
#include "golden.hpp"

namespace bayestuner::search {
namespace {

Eigen::MatrixXd points_of(const nlohmann::json& block, Eigen::Index objectives) {
  if (block.empty()) return Eigen::MatrixXd(0, objectives);
  return matrix_in(block);
}

Eigen::MatrixXd random_points(Eigen::Index n, Eigen::Index m, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd points(n, m);
  for (double& value : points.reshaped()) value = random.uniform();
  return points;
}

TEST(Pareto, GoldenHypervolumes) {
  const auto file = golden("pareto.json");
  for (const auto& c : file["hypervolume"]) {
    const Eigen::RowVectorXd reference = vector_in(c["reference"]).transpose();
    const Eigen::MatrixXd points = points_of(c["points"], reference.size());
    expect_close(hypervolume(points, reference), c["hypervolume"], 1e-12, c["name"]);
    if (!c.contains("exclusive_contributions")) continue;
    const Eigen::VectorXd exclusive = hypervolume_contributions(points, reference);
    for (Eigen::Index i = 0; i < exclusive.size(); ++i) {
      EXPECT_NEAR(exclusive[i], c["exclusive_contributions"][static_cast<std::size_t>(i)].get<double>(), 1e-11)
          << c["name"] << " " << i;
    }
  }
}

TEST(Pareto, GoldenFronts) {
  const auto file = golden("pareto.json");
  for (const auto& c : file["hypervolume"]) {
    if (!c.contains("nondominated_indices_strict")) continue;
    const Eigen::RowVectorXd reference = vector_in(c["reference"]).transpose();
    const Eigen::MatrixXd points = points_of(c["points"], reference.size());
    EXPECT_EQ(non_dominated(points), c["nondominated_indices_strict"].get<std::vector<Eigen::Index>>()) << c["name"];
  }
}

TEST(Pareto, FrontsAreThoseOfComparingAllPairs) {
  for (const Eigen::Index m : {1, 2, 3, 4, 5}) {
    for (const double grid : {3.0, 8.0, 1e9}) {  // many ties, some, none
      Eigen::MatrixXd points = (random_points(120, m, 9) * grid).array().round();
      points(7, m - 1) = std::nan("");
      points(8, 0) = std::numeric_limits<double>::infinity();
      std::vector<Eigen::Index> expected;
      for (Eigen::Index i = 0; i < points.rows(); ++i) {
        bool beaten = points.row(i).array().isNaN().any();
        for (Eigen::Index j = 0; j < points.rows(); ++j) beaten = beaten || dominates(points.row(j), points.row(i));
        if (!beaten) expected.push_back(i);
      }
      EXPECT_EQ(non_dominated(points), expected) << m << " " << grid;
    }
  }
}

TEST(Pareto, GoldenSortAndCrowding) {
  const auto file = golden("pareto.json")["nsga2"];
  const Eigen::MatrixXd points = matrix_in(file["points"]);
  const auto fronts = non_dominated_sort(points);
  EXPECT_EQ(fronts, file["fronts"].get<std::vector<std::vector<Eigen::Index>>>());
  for (const auto& front : fronts) {
    const Eigen::VectorXd distance = crowding_distance(points(front, Eigen::all));
    for (std::size_t i = 0; i < front.size(); ++i) {
      const auto& expected = file["crowding"][static_cast<std::size_t>(front[i])];
      const double d = distance[static_cast<Eigen::Index>(i)];
      if (expected.is_string()) {
        EXPECT_TRUE(std::isinf(d));
      } else {
        expect_close(d, expected, 1e-12, "crowding");
      }
    }
  }
}

TEST(Pareto, GoldenIndicators) {
  const auto file = golden("pareto.json")["indicators"];
  const Eigen::MatrixXd reference = matrix_in(file["reference_front"]), front = matrix_in(file["approximation"]);
  expect_close(inverted_generational_distance(front, reference), file["igd"], 1e-12, "IGD");
  expect_close(inverted_generational_distance_plus(front, reference), file["igd_plus"], 1e-12, "IGD+");
  expect_close(additive_epsilon(front, reference), file["additive_epsilon"], 1e-12, "epsilon");
  EXPECT_THROW(additive_epsilon(front, Eigen::MatrixXd(0, 2)), InvalidArgument);
  EXPECT_THROW(inverted_generational_distance(front, Eigen::MatrixXd::Ones(2, 3)), InvalidArgument);
}

// Monte Carlo in the unit cube knows nothing of sweeps and recursions.
TEST(Hypervolume, AgreesWithCountingInThreeToSixDimensions) {
  for (const Eigen::Index m : {3, 4, 5, 6}) {
    const Eigen::MatrixXd points = random_points(20, m, 7), draws = random_points(20000, m, 8);
    int inside = 0;
    for (Eigen::Index i = 0; i < draws.rows(); ++i) {
      inside += (points.array() <= draws.row(i).replicate(points.rows(), 1).array()).rowwise().all().any();
    }
    const double volume = hypervolume(points, Eigen::RowVectorXd::Ones(m));
    EXPECT_NEAR(volume, inside / 20000.0, 0.012) << m;
  }
}

TEST(Hypervolume, OfPointsThatAreNotBetterThanTheReferenceIsZero) {
  const Eigen::MatrixXd points = random_points(9, 3, 1);
  EXPECT_EQ(hypervolume(points, Eigen::RowVectorXd::Zero(3)), 0.0);
  EXPECT_EQ(hypervolume(Eigen::MatrixXd(0, 4), Eigen::RowVectorXd::Ones(4)), 0.0);
  EXPECT_THROW((void)hypervolume(points, Eigen::RowVectorXd::Ones(2)), InvalidArgument);
}

TEST(Hypervolume, DoesNotDependOnTheOrderOrOnEqualCoordinates) {
  Eigen::MatrixXd points = (random_points(40, 4, 3) * 5.0).array().floor();  // many ties
  const double volume = hypervolume(points, Eigen::RowVectorXd::Constant(4, 5.0));
  EXPECT_NEAR(hypervolume(points.colwise().reverse(), Eigen::RowVectorXd::Constant(4, 5.0)), volume, 1e-9);
  int cells = 0;  // of side one, counted
  for (int c = 0; c < 625; ++c) {
    const Eigen::RowVector4d cell(c % 5, c / 5 % 5, c / 25 % 5, c / 125);
    cells += (points.array() <= cell.replicate(40, 1).array()).rowwise().all().any();
  }
  EXPECT_NEAR(volume, cells, 1e-9);
}

TEST(ParetoArchive, HoldsTheFrontAtEveryStep) {
  Eigen::MatrixXd points = (random_points(60, 3, 5) * 6.0).array().floor();
  ParetoArchive archive;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    archive.insert(points.row(i), static_cast<std::size_t>(i));
    const Eigen::MatrixXd front = pareto_front(points.topRows(i + 1));
    EXPECT_EQ(pareto_front(archive.points()), front);
    EXPECT_EQ(static_cast<Eigen::Index>(archive.size()), front.rows());  // equal points once
  }
  EXPECT_EQ(archive.members().back().point, points.row(static_cast<Eigen::Index>(archive.members().back().id)));
}

TEST(ParetoArchive, RefusesOtherSizesAndPassesOverMissingNumbers) {
  ParetoArchive archive;
  EXPECT_FALSE(archive.insert(Eigen::RowVector2d(1.0, std::nan("")), 0));
  EXPECT_TRUE(archive.insert(Eigen::RowVector2d(1.0, 2.0), 1));
  EXPECT_FALSE(archive.insert(Eigen::RowVector2d(1.0, 2.0), 2));
  EXPECT_THROW(archive.insert(Eigen::RowVector3d(1.0, 2.0, 3.0), 3), InvalidArgument);
}

TEST(KneePoint, IsWhereTheFrontBendsMost) {
  Eigen::MatrixXd points(5, 2);
  points << 0, 100, 1, 20, 2, 15, 9, 1, 10, 0;
  EXPECT_EQ(knee_point(points), 1);
  EXPECT_EQ(knee_point(points.topRows(1)), 0);
  EXPECT_EQ(knee_point(points.topRows(0)), std::nullopt);
}

TEST(ReferencePoint, LiesBeyondTheWorst) {
  Eigen::MatrixXd points(4, 2);
  points << 0, 10, 5, 5, 10, 0, 20, 30;
  EXPECT_EQ(reference_point(points), Eigen::Vector2d(22, 33));
  EXPECT_EQ(reference_point(points, ReferenceRule::nadir), Eigen::Vector2d(11, 11));
  EXPECT_GT(reference_point(points.topRows(1))[0], 0.0);  // one point has no range
  EXPECT_THROW((void)reference_point(points.topRows(0)), InvalidArgument);
  EXPECT_THROW((void)reference_point(points, ReferenceRule::worst, 0.0), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::search
