#include "bayestuner/acquisition/detail/edge_gain.hpp"

#include <gtest/gtest.h>

#include "bayestuner/acquisition/hypervolume.hpp"
#include "bayestuner/core/random.hpp"

namespace bayestuner::acquisition {
namespace {

constexpr OutcomeScale scales[] = {OutcomeScale::linear, OutcomeScale::log, OutcomeScale::negative_log};

// E(edge - Y)+ by the trapezoidal rule, which knows no closed form; exp(shift) times it.
double by_quadrature(OutcomeScale scale, double edge, double mean, double s, double shift = 0.0) {
  const double end = scale == OutcomeScale::linear ? edge : detail::belief_of(scale, edge);
  const double from = std::min(mean, end) - 40.0 * s, to = std::min(mean + 12.0 * s, end), step = (to - from) / 200000;
  double sum = 0.0;
  for (int i = 0; i <= 200000; ++i) {
    const double x = from + i * step, z = (x - mean) / s;
    sum += (i % 200000 == 0 ? 0.5 : 1.0) * (edge - detail::value_of(scale, x)) * std::exp(-0.5 * z * z + shift);
  }
  return sum * step / s / sqrt_two_pi;
}

TEST(EdgeGain, AgreesWithQuadratureOnEveryScale) {
  for (const OutcomeScale scale : scales) {
    for (const double mean : {-0.7, 0.2, 1.5}) {
      for (const double s : {0.05, 0.4, 1.3}) {
        for (const double z : {-6.0, -1.0, 0.0, 1.0, 3.0}) {
          const double edge = detail::value_of(scale, mean + z * s);
          const double expected = by_quadrature(scale, edge, mean, s);
          const Posterior p{Eigen::VectorXd::Constant(1, mean), Eigen::VectorXd::Constant(1, s)};
          EXPECT_NEAR(detail::gain_below(scale, edge, p, 0, 1)[0], expected, 1e-6 * expected);
          EXPECT_NEAR(detail::log_gain_below(scale, edge, mean, s), std::log(expected), 1e-6);
        }
      }
    }
  }
}

TEST(EdgeGain, TheLogarithmGoesOnInTheFarTail) {
  for (const OutcomeScale scale : scales) {
    const double s = 0.3, z = -45.0, edge = detail::value_of(scale, z * s);  // e^(-1012): no double holds it
    const double expected = std::log(by_quadrature(scale, edge, 0.0, s, 0.5 * z * z)) - 0.5 * z * z;
    EXPECT_NEAR(detail::log_gain_below(scale, edge, 0.0, s), expected, 5e-5);
  }
}

TEST(EdgeGain, OfACertainBeliefIsTheDifference) {
  for (const OutcomeScale scale : scales) {
    const double value = detail::value_of(scale, 0.3), edge = value + 0.25;
    const Posterior p{Eigen::VectorXd::Constant(1, 0.3), Eigen::VectorXd::Zero(1)};
    EXPECT_NEAR(detail::gain_below(scale, edge, p, 0, 1)[0], 0.25, 1e-12);
    EXPECT_EQ(detail::gain_below(scale, value - 0.25, p, 0, 1)[0], 0.0);
  }
}

TEST(EdgeGain, KnowsEdgesThatAPositiveMetricNeverMeets) {
  const Posterior p{Eigen::VectorXd::Constant(1, 0.2), Eigen::VectorXd::Constant(1, 0.5)};
  EXPECT_EQ(detail::gain_below(OutcomeScale::log, -1.0, p, 0, 1)[0], 0.0);
  // A maximised metric is always better than less than nothing.
  const double expected = std::exp(-0.2 + 0.125);
  EXPECT_NEAR(detail::gain_below(OutcomeScale::negative_log, 1.0, p, 0, 1)[0], expected + 1.0, 1e-12);
  EXPECT_NEAR(detail::log_gain_below(OutcomeScale::negative_log, 0.0, 0.2, 0.5), std::log(expected), 1e-12);
}

TEST(HypervolumeImprovement, CountsVolumeInTheUnitsOfTheValues) {
  Eigen::MatrixXd front(2, 2);
  front << 1.0, -2.0, 2.0, -5.0;  // time, and minus throughput
  const HypervolumeImprovement improvement(front, Eigen::Vector2d(4.0, -1.0),
                                           {OutcomeScale::log, OutcomeScale::negative_log});
  const std::vector<Posterior> beliefs{
      {Eigen::VectorXd::Constant(1, std::log(1.4)), Eigen::VectorXd::Constant(1, 0.5)},
      {Eigen::VectorXd::Constant(1, -std::log(3.0)), Eigen::VectorXd::Constant(1, 0.4)}};
  Random random(1);
  double gain = 0.0, probability = 0.0;
  constexpr int draws = 200000;
  for (int i = 0; i < draws; ++i) {
    const Eigen::Vector2d y(1.4 * std::exp(0.5 * random.normal()), -3.0 * std::exp(0.4 * random.normal()));
    const double added = improvement.gain(y);
    gain += added / draws;
    probability += (added > 0.0) / static_cast<double>(draws);
  }
  EXPECT_NEAR(std::exp(improvement.log_expected(beliefs)[0]), gain, 0.01 * gain);
  EXPECT_NEAR(std::exp(improvement.log_probability(beliefs)[0]), probability, 0.005);
  EXPECT_NEAR(improvement.gain_of_mean(beliefs)[0], improvement.gain(Eigen::Vector2d(1.4, -3.0)), 1e-12);
  EXPECT_THROW(HypervolumeImprovement(front, Eigen::Vector2d(4.0, -1.0), {OutcomeScale::log}), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::acquisition
