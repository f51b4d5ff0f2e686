#include "bayestuner/core/random.hpp"

#include <gtest/gtest.h>

namespace bayestuner {
namespace {

TEST(Random, IsTheSameEverywhere) {
  Random a(1), b(1), other(1, 7);
  EXPECT_EQ(a(), b());
  EXPECT_NE(a(), other());
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafULL);  // first output of SplitMix64 seeded with 0
}

TEST(Random, MomentsAreRight) {
  Random random(5);
  const int n = 200'000;
  double mean = 0.0, square = 0.0, normal = 0.0, normal_square = 0.0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform(), g = random.normal();
    mean += u / n;
    square += u * u / n;
    normal += g / n;
    normal_square += g * g / n;
  }
  EXPECT_NEAR(mean, 0.5, 0.004);
  EXPECT_NEAR(square, 1.0 / 3.0, 0.004);
  EXPECT_NEAR(normal, 0.0, 0.01);
  EXPECT_NEAR(normal_square, 1.0, 0.02);
}

TEST(Random, DrawsAreUnbiasedAndForksIndependent) {
  Random random(2);
  std::vector<int> hits(7);
  for (int i = 0; i < 70'000; ++i) ++hits[random.below(7)];
  for (const int h : hits) EXPECT_NEAR(h, 10'000, 500);
  Random before = random;
  Random fork = random.fork(3);
  EXPECT_EQ(before(), random());
  EXPECT_NE(fork(), random());
}

}  // namespace
}  // namespace bayestuner
