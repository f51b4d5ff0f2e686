#include "bayestuner/acquisition/hypervolume.hpp"

#include "bayestuner/acquisition/constrained.hpp"
#include "bayestuner/acquisition/front_improvement.hpp"
#include "bayestuner/conformance/acquisition.hpp"
#include "bayestuner/core/random.hpp"
#include "golden.hpp"

namespace bayestuner::acquisition {
namespace {

std::vector<Posterior> belief(const Eigen::VectorXd& mean, const Eigen::VectorXd& stddev) {
  std::vector<Posterior> out;
  for (Eigen::Index j = 0; j < mean.size(); ++j) out.push_back({mean.segment(j, 1), stddev.segment(j, 1)});
  return out;
}

TEST(HypervolumeImprovement, GoldenValuesOfTwoAndThreeObjectives) {
  int two = 0, three = 0;
  const auto file = golden("pareto.json");
  for (const auto& c : file["ehvi"]) {
    const HypervolumeImprovement front(matrix_in(c["front"]), vector_in(c["reference"]));
    const Eigen::VectorXd mean = vector_in(c["mu"]);
    const auto beliefs = belief(mean, vector_in(c["sigma"]));
    expect_close(front.log_expected(beliefs)[0], c["log_ehvi"], 1e-10, "log EHVI");
    expect_close(std::exp(front.log_expected(beliefs)[0]), c["ehvi"], 1e-10, "EHVI");
    expect_close(front.log_probability(beliefs)[0], c["log_prob_improvement"], 1e-9, "log PoI");
    expect_close(std::exp(front.log_probability(beliefs)[0]), c["prob_improvement"], 1e-10, "PoI");
    expect_close(front.gain(mean), c["hv_improvement_of_mean"], 1e-12, "gain");
    expect_close(front.probability_times_gain(beliefs)[0], c["hvpoi"], 1e-10, "HVPoI");
    ++(mean.size() == 2 ? two : three);
  }
  EXPECT_GE(two, 4);
  EXPECT_GE(three, 2);
}

Eigen::MatrixXd random_points(Eigen::Index n, Eigen::Index m, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd points(n, m);
  for (double& value : points.reshaped()) value = random.uniform();
  return points;
}

TEST(HypervolumeImprovement, ThreeObjectivesAgreeWithCounting) {
  const Eigen::MatrixXd front = random_points(12, 3, 1), draws = random_points(40000, 3, 2);
  const HypervolumeImprovement improvement(front, Eigen::Vector3d::Ones());
  EXPECT_LE(improvement.boxes(), 25u);  // 2 n + 1
  const Eigen::Vector3d point(0.3, 0.2, 0.4);
  int gained = 0, open = 0;
  for (Eigen::Index i = 0; i < draws.rows(); ++i) {
    const bool taken = (front.array() <= draws.row(i).replicate(12, 1).array()).rowwise().all().any();
    open += !taken;
    gained += !taken && (draws.row(i).transpose().array() >= point.array()).all();
  }
  EXPECT_NEAR(improvement.gain(point), gained / 40000.0, 0.006);
  EXPECT_NEAR(improvement.gain(Eigen::Vector3d::Zero()), open / 40000.0, 0.008);
  // A certain belief gains what the point gains.
  EXPECT_NEAR(std::exp(improvement.log_expected(belief(point, Eigen::Vector3d::Zero()))[0]), improvement.gain(point),
              1e-12);
}

TEST(HypervolumeImprovement, TheLogarithmGoesOnWhereTheValueUnderflows) {
  for (const Eigen::Index m : {2, 3}) {
    const Eigen::MatrixXd front = random_points(6, m, 3);
    const HypervolumeImprovement improvement(front, Eigen::VectorXd::Ones(m));
    double last = 0.0;
    for (const double mean : {2.0, 3.0, 5.0, 10.0, 100.0, 1e6}) {
      const auto beliefs = belief(Eigen::VectorXd::Constant(m, mean), Eigen::VectorXd::Constant(m, 0.05));
      const double now = improvement.log_expected(beliefs)[0];
      EXPECT_LT(now, last) << mean;
      EXPECT_TRUE(std::isfinite(now));
      EXPECT_TRUE(std::isfinite(improvement.log_probability(beliefs)[0]));
      last = now;
    }
  }
}

// From a probability next to one to one that underflows: no jump where the way of summing changes.
TEST(HypervolumeImprovement, TheWaysOfSummingMeetWithoutAJump) {
  const HypervolumeImprovement improvement(random_points(8, 3, 4), Eigen::Vector3d::Ones());
  const Eigen::VectorXd mean = Eigen::VectorXd::LinSpaced(300, -1.0, 3.0);
  const std::vector<Posterior> beliefs(3, Posterior{mean, Eigen::VectorXd::Constant(300, 0.1)});
  const Eigen::VectorXd probability = improvement.log_probability(beliefs), gain = improvement.log_expected(beliefs);
  for (Eigen::Index i = 1; i < mean.size(); ++i) {
    EXPECT_LE(probability[i], probability[i - 1]) << mean[i];
    EXPECT_LT(gain[i], gain[i - 1]) << mean[i];
    const double straight = i > 1 ? 2.0 * probability[i - 1] - probability[i - 2] : probability[i];
    EXPECT_NEAR(probability[i], straight, 0.3) << mean[i];
  }
}

TEST(HypervolumeImprovement, AFrontBeyondTheReferenceCountsForNothing) {
  const Eigen::MatrixXd beyond = Eigen::MatrixXd::Constant(3, 2, 2.0), none(0, 2);
  const auto beliefs = belief(Eigen::Vector2d(0.4, 0.7), Eigen::Vector2d(0.2, 0.3));
  const HypervolumeImprovement a(beyond, Eigen::Vector2d::Ones()), b(none, Eigen::Vector2d::Ones());
  EXPECT_EQ(a.log_expected(beliefs), b.log_expected(beliefs));
  EXPECT_NEAR(b.gain(Eigen::Vector2d(0.4, 0.7)), 0.18, 1e-12);
}

TEST(HypervolumeImprovement, RefusesWhatDoesNotFit) {
  const Eigen::MatrixXd front = random_points(3, 2, 1);
  EXPECT_THROW(HypervolumeImprovement(front, Eigen::Vector3d::Ones()), InvalidArgument);
  EXPECT_THROW(HypervolumeImprovement(Eigen::MatrixXd(0, 4), Eigen::Vector4d::Ones()), InvalidArgument);
  EXPECT_THROW(HypervolumeImprovement(front, Eigen::Vector2d(1.0, std::nan(""))), InvalidArgument);
  const HypervolumeImprovement improvement(front, Eigen::Vector2d::Ones());
  EXPECT_THROW((void)improvement.log_expected(belief(Eigen::Vector3d::Zero(), Eigen::Vector3d::Ones())),
               InvalidArgument);
  std::vector<Posterior> uneven{{Eigen::VectorXd::Zero(2), Eigen::VectorXd::Ones(2)},
                                {Eigen::VectorXd::Zero(3), Eigen::VectorXd::Ones(3)}};
  EXPECT_THROW((void)improvement.log_probability(uneven), InvalidArgument);
}

TEST(FrontAcquisitions, RankByProbabilityWhereTheMeanIsDominated) {
  Eigen::MatrixXd front(1, 2);
  front << 0.5, 0.5;
  const LogHypervolumeProbabilityOfImprovement score(HypervolumeImprovement(front, Eigen::Vector2d::Ones()));
  const std::vector<Posterior> beliefs{{Eigen::Vector4d(0.4, 0.6, 0.7, 3.0), Eigen::Vector4d::Constant(0.1)},
                                       {Eigen::Vector4d(0.4, 0.6, 0.7, 3.0), Eigen::Vector4d::Constant(0.1)}};
  const Eigen::VectorXd s = score(beliefs);
  EXPECT_GT(s[0], s[1]);
  EXPECT_GT(s[1], s[2]);
  EXPECT_GT(s[2], s[3]);
  EXPECT_NEAR(std::exp(s[0]), HypervolumeImprovement(front, Eigen::Vector2d::Ones()).probability_times_gain(beliefs)[0],
              1e-12);
}

TEST(FrontAcquisitions, KeepTheContract) {
  for (const Eigen::Index m : {2, 3}) {
    for (const OutcomeScale scale : {OutcomeScale::linear, OutcomeScale::log, OutcomeScale::negative_log}) {
      const double sign = scale == OutcomeScale::negative_log ? -1.0 : 1.0;
      const Eigen::MatrixXd points = sign * (random_points(5, m, 6).array() + 1.0).matrix();
      const Eigen::VectorXd reference = Eigen::VectorXd::Constant(m, sign > 0.0 ? 2.5 : -0.5);
      const HypervolumeImprovement front(points, reference,
                                         std::vector<OutcomeScale>(static_cast<std::size_t>(m), scale));
      const auto objectives = static_cast<std::size_t>(m);
      conformance::expect_front_contract(LogExpectedHypervolumeImprovement(front), objectives);
      conformance::expect_front_contract(LogProbabilityOfFrontImprovement(front), objectives);
      conformance::expect_front_contract(LogHypervolumeProbabilityOfImprovement(front), objectives);
    }
  }
}

TEST(FrontAcquisitions, TakeConstraints) {
  const HypervolumeImprovement front(random_points(4, 3, 2), Eigen::Vector3d::Ones());
  const auto beliefs = belief(Eigen::Vector3d::Constant(0.4), Eigen::Vector3d::Constant(0.2));
  const std::vector<ConstraintBelief> constraints{{{Eigen::VectorXd::Zero(1), Eigen::VectorXd::Ones(1)}, 0.0}};
  const auto expect_half = [&](const auto& acquisition) {
    EXPECT_NEAR(Constrained(acquisition, constraints)(beliefs)[0], acquisition(beliefs)[0] + std::log(0.5), 1e-12);
  };
  expect_half(LogExpectedHypervolumeImprovement(front));
  expect_half(LogProbabilityOfFrontImprovement(front));
  expect_half(LogHypervolumeProbabilityOfImprovement(front));
}

}  // namespace
}  // namespace bayestuner::acquisition
