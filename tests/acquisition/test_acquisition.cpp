#include "bayestuner/acquisition/constrained.hpp"
#include "bayestuner/acquisition/expected_improvement.hpp"
#include "bayestuner/acquisition/feasibility.hpp"
#include "bayestuner/acquisition/log_expected_improvement.hpp"
#include "bayestuner/acquisition/probability_of_improvement.hpp"
#include "bayestuner/acquisition/upper_confidence_bound.hpp"
#include "bayestuner/conformance/acquisition.hpp"
#include "golden.hpp"

namespace bayestuner::acquisition {
namespace {

Posterior belief(double mean, double stddev) {
  return {.mean = Eigen::VectorXd::Constant(1, mean), .stddev = Eigen::VectorXd::Constant(1, stddev)};
}

TEST(Acquisition, GoldenImprovement) {
  const auto file = golden("acquisition.json");
  for (const auto& row : file["expected_improvement"]) {
    if (row["sense"] != "minimise") continue;
    const Posterior p = belief(row["mu"], row["sigma"]);
    const double best = row["best"];
    if (row["ei"].get<double>() > 1e-300) expect_close(ExpectedImprovement(best)(p)[0], row["ei"], 1e-10, "EI");
    expect_close(LogExpectedImprovement(best)(p)[0], row["log_ei"], 1e-10, "log EI");
    if (row["pi"].get<double>() > 1e-300) expect_close(ProbabilityOfImprovement(best)(p)[0], row["pi"], 1e-10, "PI");
    expect_close(LogProbabilityOfImprovement(best)(p)[0], row["log_pi"], 1e-10, "log PI");
  }
}

TEST(Acquisition, GoldenConstrained) {
  const auto file = golden("acquisition.json");
  for (const auto& row : file["constrained_ei"]) {
    double feasible = 0.0;
    for (const auto& c : row["constraints"]) {
      feasible += log_probability_of_feasibility(belief(c["mu"], c["sigma"]), c["threshold"].get<double>(),
                                                 c["op"] == "le" ? Bound::at_most : Bound::at_least)[0];
    }
    expect_close(feasible, row["log_prob_feasible"], 1e-10, "log PF");
    const double ei = LogExpectedImprovement(row["best"])(belief(row["mu"], row["sigma"]))[0];
    expect_close(ei + feasible, row["log_cei"], 1e-10, "log constrained EI");
  }
}

TEST(Acquisition, OrdersWhereTheGainUnderflows) {
  Posterior p{.mean = Eigen::Vector3d(50, 60, 70), .stddev = Eigen::Vector3d::Ones()};
  EXPECT_LT(ExpectedImprovement(0.0)(p)[1], 1e-300);
  const Eigen::VectorXd score = LogExpectedImprovement(0.0)(p);
  EXPECT_TRUE(score.allFinite());
  EXPECT_GT(score[0], score[1]);
  EXPECT_GT(score[1], score[2]);
}

TEST(Acquisition, EveryOneKeepsTheContract) {
  conformance::expect_contract(ExpectedImprovement(3.0));
  conformance::expect_contract(LogExpectedImprovement(3.0));
  conformance::expect_contract(ProbabilityOfImprovement(3.0));
  conformance::expect_contract(LogProbabilityOfImprovement(3.0));
  conformance::expect_contract(UpperConfidenceBound(1.5));
  const Posterior p = conformance::awkward_posterior();
  conformance::expect_contract(Constrained(LogExpectedImprovement(3.0), {{p, 3.0, Bound::at_most}}), p);
  conformance::expect_contract(Constrained(LogProbabilityOfImprovement(-1.0), {}), p);
  EXPECT_FALSE(log_probability_of_feasibility(p, 3.0, Bound::at_most).array().isNaN().any());
}

TEST(Acquisition, RefusesWhatItCannotScore) {
  EXPECT_THROW(ExpectedImprovement{std::numeric_limits<double>::infinity()}, InvalidArgument);
  EXPECT_THROW(LogExpectedImprovement{std::nan("")}, InvalidArgument);
  EXPECT_THROW((void)ExpectedImprovement(0.0)({.mean = Eigen::VectorXd::Zero(2), .stddev = Eigen::VectorXd::Zero(3)}),
               InvalidArgument);
  EXPECT_THROW((void)log_probability_of_feasibility(belief(0, 1), std::nan(""), Bound::at_most), InvalidArgument);
}

TEST(Acquisition, ConfidenceBoundFavoursLowAndUncertain) {
  const Posterior p{.mean = Eigen::Vector2d(1, 1), .stddev = Eigen::Vector2d(1, 2)};
  const Eigen::VectorXd score = UpperConfidenceBound(1.5)(p);
  EXPECT_DOUBLE_EQ(score[0], 0.5);
  EXPECT_DOUBLE_EQ(score[1], 2.0);
}

}  // namespace
}  // namespace bayestuner::acquisition
