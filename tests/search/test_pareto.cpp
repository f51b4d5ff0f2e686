#include "bayestuner/search/pareto.hpp"

#include "bayestuner/acquisition/hypervolume.hpp"
#include "golden.hpp"

namespace bayestuner::search {
namespace {

Eigen::MatrixXd points_of(const nlohmann::json& block, Eigen::Index objectives) {
  if (block.empty()) return Eigen::MatrixXd(0, objectives);
  return matrix_in(block);
}

TEST(Pareto, GoldenHypervolumes) {
  const auto file = golden("pareto.json");
  for (const auto& c : file["hypervolume"]) {
    const Eigen::RowVectorXd reference = vector_in(c["reference"]).transpose();
    const Eigen::MatrixXd points = points_of(c["points"], reference.size());
    expect_close(hypervolume(points, reference), c["hypervolume"], 1e-12, c["name"]);
  }
}

TEST(Pareto, GoldenExpectedImprovementOfTwoObjectives) {
  int seen = 0;
  const auto file = golden("pareto.json");
  for (const auto& c : file["ehvi"]) {
    if (c["reference"].size() != 2) continue;
    const Eigen::Vector2d reference = vector_in(c["reference"]), mean = vector_in(c["mu"]), sd = vector_in(c["sigma"]);
    const acquisition::HypervolumeImprovement ehvi(points_of(c["front"], 2), reference);
    const Posterior first{mean.head(1), sd.head(1)}, second{mean.tail(1), sd.tail(1)};
    expect_close(ehvi.log_expected(first, second)[0], c["log_ehvi"], 1e-9, "log EHVI");
    ++seen;
  }
  EXPECT_GT(seen, 3);
}

}  // namespace
}  // namespace bayestuner::search
