#pragma once
// What the tests of the surrogates beside the Gaussian process share.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "bayestuner/core/random.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "bayestuner/surrogate/detail/tree_ensemble.hpp"
#include "golden.hpp"

namespace bayestuner::surrogate {

/// Rows (n, d) of `levels` levels a column, on [0, 1]; 0: continuous.
inline Eigen::MatrixXd drawn_rows(Eigen::Index n, Eigen::Index d, std::uint64_t seed, int levels = 0) {
  Random random(seed);
  Eigen::MatrixXd x(n, d);
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    x.data()[i] =
        levels > 0 ? static_cast<double>(random.below(static_cast<std::uint64_t>(levels))) / levels : random.uniform();
  }
  return x;
}

inline Eigen::VectorXd bumps(const Eigen::MatrixXd& x) {
  return ((5.0 * x.col(0).array()).sin() + x.col(1).array() * x.col(x.cols() - 1).array() * 2.0).matrix();
}

/// Compares the tree from `node` on with scikit-learn's arrays from entry `k` on.
inline void expect_tree(const detail::TreeEnsemble& trees, std::int32_t node, const nlohmann::json& expected, int k,
                        double unit = 1.0) {
  const int left = expected["left"][k];
  ASSERT_EQ(trees.is_leaf(node), left < 0) << "node " << k;
  // scikit-learn keeps impurities of thresholds in single precision.
  if (left < 0) {
    expect_close(trees.value(node) * unit, expected["value"][k].get<double>(), 1e-9,
                 "value of leaf " + std::to_string(k));
    return;
  }
  const auto& n = trees.nodes()[static_cast<std::size_t>(node)];
  EXPECT_EQ(static_cast<int>(n.feature()), expected["feature"][k].get<int>()) << "node " << k;
  expect_close(n.threshold, expected["threshold"][k].get<double>(), 1e-6, "threshold of node " + std::to_string(k));
  expect_tree(trees, n.left, expected, left, unit);
  expect_tree(trees, n.left + 1, expected, expected["right"][k], unit);
}

/// What every surrogate must survive; `make` gives a fresh model.
template <class Make>
void expect_survives_awkward_data(const Make& make, bool may_miss) {
  const Eigen::MatrixXd x = drawn_rows(30, 3, 1), at = drawn_rows(50, 3, 2);
  const Eigen::VectorXd y = bumps(x);
  const auto check = [&](const Eigen::MatrixXd& rows, const Eigen::VectorXd& targets, const std::string& what) {
    auto model = make();
    model.fit(rows, targets, Eigen::VectorXd());
    const Posterior p = model.predict(at);
    ASSERT_EQ(p.mean.size(), at.rows()) << what;
    EXPECT_TRUE(p.mean.allFinite()) << what;
    EXPECT_TRUE(p.stddev.allFinite()) << what;
    EXPECT_GT(p.stddev.minCoeff(), 0.0) << what;
    auto again = make();
    again.fit(rows, targets, Eigen::VectorXd());
    EXPECT_EQ(again.predict(at).mean, p.mean) << what << ": the same seed and data, another answer";
    EXPECT_EQ(again.predict(at).stddev, p.stddev) << what;
    const Posterior one = model.predict(at.middleRows(7, 1));
    EXPECT_EQ(one.mean[0], p.mean[7]) << what << ": alone and among others";
  };
  check(x, y, "plain");
  for (const double scale : {1e150, 1e-150}) check(x, y * scale, "scale " + std::to_string(scale));
  check(x, Eigen::VectorXd::Constant(30, 7.0), "constant output");
  check(x.topRows(1), y.head(1), "one row");
  check(x.topRows(2), y.head(2), "two rows");
  check(x.topRows(0), y.head(0), "no row");
  Eigen::MatrixXd twice(60, 3);
  twice << x, x;
  Eigen::VectorXd both(60);
  both << y, y.array() + 0.1;
  check(twice, both, "duplicated rows");
  Eigen::MatrixXd flat = x;
  flat.col(1).setConstant(0.4);
  check(flat, y, "one level");
  flat.setConstant(0.4);
  check(flat, y, "nothing but one level");
  auto constant = make();
  constant.fit(x, Eigen::VectorXd::Constant(30, 7.0), Eigen::VectorXd());
  EXPECT_NEAR(constant.predict(at).mean[3], 7.0, 1e-9);

  auto model = make();
  EXPECT_THROW(model.fit(x, y.head(4), Eigen::VectorXd()), InvalidArgument);
  EXPECT_THROW(model.fit(x, y, y.head(4)), InvalidArgument);
  EXPECT_THROW(model.fit(x, y, Eigen::VectorXd::Constant(30, -1.0)), InvalidArgument);
  Eigen::VectorXd bad = y;
  bad[2] = std::nan("");
  EXPECT_THROW(model.fit(x, bad, Eigen::VectorXd()), InvalidArgument);
  Eigen::MatrixXd holes = x;
  holes(3, 1) = std::numeric_limits<double>::infinity();
  EXPECT_THROW(model.fit(holes, y, Eigen::VectorXd()), InvalidArgument);
  holes.col(1).setConstant(std::nan(""));
  if (may_miss) {
    check(holes, y, "a column without values");
    holes.col(1) = x.col(1);
    holes.col(2).tail(10).setConstant(std::nan(""));
    check(holes, y, "some missing");
  } else {
    EXPECT_THROW(model.fit(holes, y, Eigen::VectorXd()), InvalidArgument);
  }
  model.fit(x, y, Eigen::VectorXd());
  EXPECT_THROW(model.predict(at.leftCols(2)), InvalidArgument);
}

inline double rmse(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  return std::sqrt((a - b).squaredNorm() / static_cast<double>(a.size()));
}

}  // namespace bayestuner::surrogate
