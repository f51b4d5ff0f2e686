#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "bayestuner/core/random.hpp"

namespace bayestuner::analysis {

// Rows to learn and rows to test on.
struct Split {
  std::vector<Eigen::Index> train, test;
};

// Split number `which` of `n` rows (at least two): depends on n, the seed and the two numbers alone, so that samples of
// one size are split in the same places however they were gathered. At least one row is tested, and one learnt.
inline Split split_rows(std::size_t n, double train, std::uint64_t seed, std::uint64_t sample, std::uint64_t which) {
  std::vector<Eigen::Index> order(n);
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  Random random = Random(seed, 0x5911).fork(sample).fork(which);
  random.shuffle(order);
  const auto learnt =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(train * static_cast<double>(n))), 1, n - 1);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(learnt);
  return {.train = {order.begin(), middle}, .test = {middle, order.end()}};
}

inline double rmse(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  return (a - b).stableNorm() / std::sqrt(static_cast<double>(a.size()));
}

// Standard deviation of a sample, n - 1 in the denominator.
inline double deviation_of(const Eigen::VectorXd& y) {
  return (y.array() - y.mean()).matrix().stableNorm() / std::sqrt(std::max(1.0, static_cast<double>(y.size() - 1)));
}

}  // namespace bayestuner::analysis
