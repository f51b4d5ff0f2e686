#include "bayestuner/search/dominated_volume.hpp"

#include <limits>

#include "bayestuner/core/random.hpp"
#include "golden.hpp"

namespace bayestuner::search {
namespace {

Eigen::MatrixXd points_in(const nlohmann::json& rows, Eigen::Index m) {
  return rows.empty() ? Eigen::MatrixXd(0, m) : matrix_in(rows);
}

TEST(DominatedVolume, EndsAtTheGoldenHypervolumes) {
  const auto file = golden("pareto.json");
  for (const auto& c : file["hypervolume"]) {
    const Eigen::RowVectorXd reference = vector_in(c["reference"]).transpose();
    const Eigen::MatrixXd points = points_in(c["points"], reference.size());
    DominatedVolume volume(reference);
    for (Eigen::Index i = 0; i < points.rows(); ++i) volume.insert(points.row(i));
    expect_close(volume.value(), c["hypervolume"], 1e-12, c["name"]);
  }
}

TEST(DominatedVolume, IsTheHypervolumeAfterEveryPoint) {
  for (const Eigen::Index m : {1, 2, 3, 4}) {
    Random random(7, static_cast<std::uint64_t>(m));
    Eigen::MatrixXd points(60, m);
    for (double& value : points.reshaped())
      value = std::round(12.0 * random.uniform()) / 10.0;  // ties, and some outside
    const Eigen::RowVectorXd reference = Eigen::RowVectorXd::Ones(m);
    DominatedVolume volume(reference);
    for (Eigen::Index i = 0; i < points.rows(); ++i) {
      EXPECT_NEAR(volume.insert(points.row(i)), hypervolume(points.topRows(i + 1), reference), 1e-12) << m << " " << i;
    }
  }
}

TEST(DominatedVolume, RefusesWhatDoesNotFit) {
  DominatedVolume volume(Eigen::RowVector2d(1, 1));
  EXPECT_THROW(volume.insert(Eigen::RowVector3d(0, 0, 0)), InvalidArgument);
  EXPECT_EQ(volume.insert(Eigen::RowVector2d(std::nan(""), 0)), 0.0);
  EXPECT_THROW(DominatedVolume(Eigen::RowVectorXd(0)), InvalidArgument);
  EXPECT_THROW(DominatedVolume(Eigen::RowVector2d(1, std::numeric_limits<double>::infinity())), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::search
