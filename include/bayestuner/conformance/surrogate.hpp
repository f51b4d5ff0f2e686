#pragma once
/// What every surrogate must keep; call it from a GoogleTest test of your own.

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/surrogate/concepts.hpp"

namespace bayestuner::conformance {

/// A belief about `m` rows: as many numbers, all finite, no negative spread.
inline void expect_belief(const Posterior& p, Eigen::Index m, const std::string& where) {
  ASSERT_EQ(p.mean.size(), m) << where;
  ASSERT_EQ(p.stddev.size(), m) << where;
  EXPECT_TRUE(p.mean.allFinite()) << where;
  EXPECT_TRUE(p.stddev.allFinite() && (p.stddev.array() >= 0.0).all()) << where;
}

/// `model`: not fitted yet, for three numeric columns. It predicts from no data at all, learns a smooth function, is
/// pure, forgets what it learnt before, survives awkward data with a finite answer or a NumericalError, and refuses bad
/// input.
inline void expect_surrogate(const surrogate::Surrogate auto& model, std::uint64_t seed = 1) {
  constexpr Eigen::Index n = 40, d = 3, m = 25;
  Random random(seed);
  const auto uniform = [&](Eigen::Index rows) {
    Eigen::MatrixXd x(rows, d);
    for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = random.uniform();
    return x;
  };
  const Eigen::MatrixXd x = uniform(n), candidates = uniform(m);
  const Eigen::VectorXd y = 10.0 + (4.0 * x.col(0).array() + (x.col(1).array() - 0.5).square() * 8.0), unknown;

  auto empty = model;
  empty.fit(Eigen::MatrixXd(0, d), unknown, unknown);
  expect_belief(empty.predict(candidates), m, "no data");

  auto s = model;
  s.fit(x, y, unknown);
  const Posterior p = s.predict(candidates);
  expect_belief(p, m, "a smooth function");
  EXPECT_EQ(s.predict(Eigen::MatrixXd(0, d)).mean.size(), 0);
  const double spread = std::sqrt((y.array() - y.mean()).square().mean());
  EXPECT_LT(std::sqrt((s.predict(x).mean - y).squaredNorm() / n), 0.5 * spread) << "it did not learn what it was shown";

  EXPECT_EQ(s.predict(candidates).mean, p.mean);
  EXPECT_EQ(s.predict(candidates).stddev, p.stddev);
  const auto copy = s;
  EXPECT_EQ(copy.predict(candidates).mean, p.mean);
  const Eigen::MatrixXd backwards = candidates.colwise().reverse();
  const Posterior reversed = s.predict(backwards);
  for (Eigen::Index i = 0; i < m; ++i) {
    EXPECT_NEAR(reversed.mean[m - 1 - i], p.mean[i], 1e-8 * std::abs(p.mean[i])) << "row " << i;
    EXPECT_NEAR(reversed.stddev[m - 1 - i], p.stddev[i], 1e-6 * spread) << "row " << i;
  }

  s.fit(x.topRows(10), Eigen::VectorXd::Constant(10, -5.0), Eigen::VectorXd::Constant(10, 0.01));
  EXPECT_LT((s.predict(candidates).mean.array() + 5.0).abs().maxCoeff(), 0.01) << "it remembers other data";

  const auto survives = [&](const std::string& what, const Eigen::MatrixXd& rows, const Eigen::VectorXd& targets) {
    auto fresh = model;
    try {
      fresh.fit(rows, targets, unknown);
      expect_belief(fresh.predict(candidates), m, what);
    } catch (const NumericalError&) {
      // A clear error is an answer too.
    }
  };
  survives("one row", x.topRows(1), y.head(1));
  survives("two rows", x.topRows(2), y.head(2));
  survives("one row many times", x.row(0).replicate(10, 1), y.head(10));
  survives("rows on a line", x.col(0).replicate(1, d), y);
  survives("columns that never vary", Eigen::MatrixXd::Constant(n, d, 0.5), y);
  survives("one value", x, Eigen::VectorXd::Constant(n, 3.0));
  survives("zeros", x, Eigen::VectorXd::Zero(n));
  survives("huge values", x, 1e150 * y);
  survives("tiny values", x, 1e-150 * y);
  Eigen::VectorXd outlier = y;
  outlier[3] = 1e9;
  survives("an outlier", x, outlier);

  auto bad = model;
  EXPECT_THROW(bad.fit(x, y.head(n - 1), unknown), InvalidArgument);
  EXPECT_THROW(bad.fit(x, y, y.head(n - 1).cwiseAbs()), InvalidArgument);
  EXPECT_THROW(bad.fit(x, y, Eigen::VectorXd::Constant(n, -1.0)), InvalidArgument);
  for (const double wrong : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Eigen::MatrixXd rows = x;
    rows(2, 1) = wrong;
    if (std::isnan(wrong) && surrogate::takes_missing_values<std::remove_cvref_t<decltype(model)>>) {
      survives("a missing value", rows, y);
    } else {
      EXPECT_THROW(bad.fit(rows, y, unknown), InvalidArgument);
    }
    Eigen::VectorXd targets = y;
    targets[2] = wrong;
    EXPECT_THROW(bad.fit(x, targets, unknown), InvalidArgument);
  }
  s.fit(x, y, unknown);
  EXPECT_THROW((void)s.predict(Eigen::MatrixXd::Zero(2, d + 1)), InvalidArgument);
}

}  // namespace bayestuner::conformance
