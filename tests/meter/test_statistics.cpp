#include "bayestuner/meter/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/meter/latency_histogram.hpp"
#include "bayestuner/meter/window.hpp"

namespace bayestuner::meter {
namespace {

TEST(Statistics, StudentsInterval) {
  const std::vector<double> v{1, 2, 3, 4, 5};
  const MeanError m = mean_error(v);
  EXPECT_DOUBLE_EQ(m.mean, 3.0);
  EXPECT_DOUBLE_EQ(m.standard_error, std::sqrt(2.5 / 5));
  EXPECT_NEAR(half_width(m), 2.7764451051977987 * std::sqrt(0.5), 1e-12);  // t(0.975, 4)
  EXPECT_TRUE(std::isinf(half_width({1.0, 0.0, 1})));
  EXPECT_THROW(mean_error({}), InvalidArgument);
}

// Readings that remember: the batch means' interval must still cover.
TEST(Statistics, BatchMeansCoverTheMeanOfCorrelatedReadings) {
  int covered = 0;
  constexpr int runs = 400;
  for (int run = 0; run < runs; ++run) {
    Random random(static_cast<std::uint64_t>(run));
    std::vector<double> v(1000);
    double state = 0.0;
    for (double& x : v) x = 10.0 + (state = 0.6 * state + random.normal());
    const MeanError m = mean_error(batch_means(v, 10));
    covered += std::abs(m.mean - 10.0) <= half_width(m);
  }
  EXPECT_GE(covered, static_cast<int>(0.90 * runs));
}

TEST(Statistics, SteadyOrNot) {
  Random random(1);
  std::vector<double> flat, rising;
  for (int i = 0; i < 40; ++i) {
    flat.push_back(100.0 + random.normal());
    rising.push_back(80.0 + i + random.normal());
  }
  EXPECT_TRUE(is_steady(flat));
  EXPECT_FALSE(is_steady(rising));
  EXPECT_FALSE(is_steady(std::vector<double>(5, 1.0)));
  EXPECT_TRUE(is_steady(std::vector<double>(10, 1.0)));
}

TEST(Statistics, LooksOnlyAtGeometricSizes) {
  std::vector<double> v(10, 1.0);
  EXPECT_TRUE(is_precise(v, 0.05));
  for (int i = 0; i < 9; ++i) v.push_back(1000.0);
  EXPECT_TRUE(is_precise(v, 0.05)) << "between 10 and 20 the look at 10 stands";
  v.push_back(1000.0);
  EXPECT_FALSE(is_precise(v, 0.05));
}

TEST(Statistics, OutliersAreCounted) {
  std::vector<double> v{1, 2, 3, 2, 1, 2, 3, 100};
  EXPECT_EQ(count_outliers(v), 1u);
  EXPECT_EQ(count_outliers(std::vector<double>{1, 1, 1}), 0u);
}

TEST(Window, RatesAndIntegralsAreExactForClosedForms) {
  CounterWindow counter;
  for (int i = 0; i <= 100; ++i) counter.add(0.1 * i, 5.0 * 0.1 * i);
  EXPECT_NEAR(counter.rate(Provenance::measured).value, 5.0, 1e-12);
  EXPECT_NEAR(counter.rate(Provenance::measured).standard_error, 0.0, 1e-9);
  EXPECT_THROW(counter.add(11.0, 1.0), DeviceError);
  GaugeWindow gauge;
  for (const double t : {0.0, 0.1, 0.5, 0.6, 2.0}) gauge.add(t, 3.0 + 2.0 * t);  // irregular times, a linear signal
  EXPECT_NEAR(gauge.integral(), 3.0 * 2.0 + 2.0 * 2.0, 1e-12);
  EXPECT_NEAR(gauge.mean(Provenance::measured).value, 5.0, 1e-12);
}

TEST(LatencyHistogram, PercentilesStayWithinABucketOfTheExactOnes) {
  Random random(7);
  LatencyHistogram histogram, first, second;
  std::vector<double> exact;
  for (int i = 0; i < 20'000; ++i) {
    const double s = std::exp(random.normal() - 5.0);
    exact.push_back(s);
    histogram.record(s);
    (i % 2 ? first : second).record(s);
  }
  std::sort(exact.begin(), exact.end());
  for (const double p : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double expected = exact[static_cast<std::size_t>(std::ceil(p * 20'000)) - 1];
    EXPECT_NEAR(histogram.percentile_s(p), expected, expected / 128) << p;
  }
  EXPECT_EQ(histogram.largest_s(), exact.back());
  EXPECT_EQ(histogram.least_s(), exact.front());
  first.merge(second);
  EXPECT_EQ(first.count(), histogram.count());
  EXPECT_EQ(first.percentile_s(0.99), histogram.percentile_s(0.99));
  EXPECT_GT(histogram.percentile_error_s(0.99), 0.0);
  EXPECT_THROW(histogram.record(-1.0), InvalidArgument);
  EXPECT_THROW((void)histogram.percentile_s(1.5), InvalidArgument);
  EXPECT_TRUE(std::isnan(LatencyHistogram().percentile_s(0.5)));
  LatencyHistogram extreme;
  extreme.record(0.0);
  extreme.record(1e9);
  EXPECT_EQ(extreme.largest_s(), 1e9);
  EXPECT_NEAR(extreme.percentile_s(0.0), 0.0, 1e-9);
}

}  // namespace
}  // namespace bayestuner::meter
