#pragma once
/// What every acquisition must keep; call it from a GoogleTest test of your own.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::conformance {

/// A belief about 12 rows that finds weak spots: certain rows, equal ones, far tails, extreme scales.
inline Posterior awkward_posterior() {
  Posterior p{.mean = Eigen::VectorXd(12), .stddev = Eigen::VectorXd(12)};
  p.mean << 0, 1, 1, 3, 3, 50, -50, 1e150, -1e150, 1e-300, 5, 2;
  p.stddev << 1, 0.5, 0.5, 0, 1e-300, 1, 1, 1e-150, 1e150, 1, 1e150, 0;
  return p;
}

/// One score a row, never NaN; the same again, from a copy too; bad beliefs are refused. For acquisitions whose scores
/// depend on other things than the belief (Constrained), `p` has their number of rows.
inline void expect_contract(const acquisition::Acquisition auto& a, const Posterior& p) {
  const Eigen::VectorXd score = a(p);
  ASSERT_EQ(score.size(), p.mean.size());
  EXPECT_FALSE(score.array().isNaN().any());
  EXPECT_EQ(score, a(p));
  const auto copy = a;
  EXPECT_EQ(score, copy(p));
  if (p.mean.size() == 0) return;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const auto refuses = [&](auto spoil) {
    Posterior bad = p;
    spoil(bad);
    EXPECT_THROW((void)a(bad), InvalidArgument);
  };
  refuses([](Posterior& b) { b.mean.conservativeResize(b.mean.size() - 1); });
  refuses([](Posterior& b) { b.mean[0] = nan; });
  refuses([](Posterior& b) { b.mean[b.mean.size() - 1] = inf; });
  refuses([](Posterior& b) { b.stddev[0] = -1.0; });
  refuses([](Posterior& b) { b.stddev[b.stddev.size() - 1] = nan; });
}

/// Also: a row's score depends on that row's belief alone, whatever its place and its neighbours; no row, no score.
inline void expect_contract(const acquisition::Acquisition auto& a) {
  const Posterior p = awkward_posterior();
  expect_contract(a, p);
  const auto part = [&](const std::vector<Eigen::Index>& rows) -> Posterior {
    return {.mean = p.mean(rows), .stddev = p.stddev(rows)};
  };
  EXPECT_EQ(a(part({})).size(), 0);
  const Eigen::VectorXd score = a(p);
  std::vector<Eigen::Index> backwards(static_cast<std::size_t>(p.mean.size()));
  std::iota(backwards.rbegin(), backwards.rend(), Eigen::Index{0});
  const Eigen::VectorXd reversed = a(part(backwards));
  const auto same = [](double x, double y) {
    return x == y || std::abs(x - y) <= 1e-12 * std::max(std::abs(x), std::abs(y));
  };
  for (Eigen::Index i = 0; i < score.size(); ++i) {
    EXPECT_TRUE(same(score[i], a(part({i}))[0])) << "row " << i << " alone";
    EXPECT_TRUE(same(score[i], reversed[score.size() - 1 - i])) << "row " << i << " in another place";
  }
}

/// The same of an acquisition for `objectives` objectives: one score a row, never NaN, the same again and from a copy,
/// by the row's beliefs alone; beliefs of another number or size are refused.
inline void expect_front_contract(const acquisition::FrontAcquisition auto& a, std::size_t objectives) {
  std::vector<Posterior> beliefs;
  for (std::size_t j = 0; j < objectives; ++j) {
    Posterior p = awkward_posterior();
    const auto shift = static_cast<Eigen::Index>(j);  // other neighbours for every row
    std::rotate(p.mean.begin(), p.mean.begin() + shift, p.mean.end());
    std::rotate(p.stddev.begin(), p.stddev.begin() + shift, p.stddev.end());
    beliefs.push_back(std::move(p));
  }
  const Eigen::VectorXd score = a(beliefs);
  ASSERT_EQ(score.size(), beliefs[0].mean.size());
  EXPECT_FALSE(score.array().isNaN().any());
  const auto copy = a;
  EXPECT_EQ(score, copy(beliefs));
  for (Eigen::Index i = 0; i < score.size(); ++i) {
    std::vector<Posterior> alone;
    for (const Posterior& p : beliefs)
      alone.push_back({.mean = p.mean.segment(i, 1), .stddev = p.stddev.segment(i, 1)});
    const double single = a(alone)[0];
    EXPECT_TRUE(single == score[i] || std::abs(single - score[i]) <= 1e-12 * std::abs(score[i])) << "row " << i;
  }
  const auto refuses = [&](auto spoil) {
    std::vector<Posterior> bad = beliefs;
    spoil(bad);
    EXPECT_THROW((void)a(bad), InvalidArgument);
  };
  refuses([](auto& b) { b.pop_back(); });
  refuses([](auto& b) { b.push_back(b.back()); });
  refuses([](auto& b) { b[1] = {.mean = b[1].mean.head(3), .stddev = b[1].stddev.head(3)}; });
  refuses([](auto& b) { b[0].stddev[2] = -1.0; });
  refuses([](auto& b) { b[1].mean[0] = std::numeric_limits<double>::quiet_NaN(); });
}

}  // namespace bayestuner::conformance
