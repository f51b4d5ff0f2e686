#include "bayestuner/surrogate/detail/tree_builder.hpp"

#include <numeric>

#include "checks.hpp"

namespace bayestuner::surrogate {
namespace {

detail::TreeEnsemble grown(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, const TreeOptions& options,
                           Eigen::VectorXd* gains = nullptr) {
  const detail::FeatureTable table(x, options.max_bins);
  detail::TreeBuilder builder(table, options);
  detail::TreeEnsemble trees;
  Random random(1);
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(x.rows()));
  std::iota(rows.begin(), rows.end(), 0U);
  builder.grow(rows, y.data(), nullptr, random, trees);
  if (gains != nullptr) *gains = builder.gains();
  return trees;
}

Eigen::VectorXd answers(const detail::TreeEnsemble& trees, const Eigen::MatrixXd& x) {
  Eigen::VectorXd out(x.rows());
  trees.for_leaves(x, 0, 1, [&](Eigen::Index first, Eigen::Index count, const std::int32_t* leaf) {
    for (Eigen::Index r = 0; r < count; ++r) out[first + r] = trees.value(leaf[r]);
  });
  return out;
}

TEST(TreeBuilder, GoldenDecisionTrees) {
  const auto file = golden("trees.json");
  const Eigen::MatrixXd x = matrix_in(file["X"]), at = matrix_in(file["X_test"]);
  const Eigen::VectorXd y = vector_in(file["y"]);
  int exact = 0;
  for (const auto& c : file["decision_tree"]) {
    TreeOptions options;
    options.max_depth = c["params"].value("max_depth", 0);
    options.min_leaf = c["params"].value("min_samples_leaf", 1);
    const detail::TreeEnsemble trees = grown(x, y, options);
    const std::string name = c["name"];
    const double spread = c["tie_spread_over_random_state"];
    const Eigen::VectorXd expected = vector_in(c["test_pred"]);
    EXPECT_LE((answers(trees, at) - expected).cwiseAbs().maxCoeff(), spread + 1e-9) << name;
    expect_close(answers(trees, x), c["train_pred"], 1e-9, name + " train");
    if (spread > 1e-12) continue;
    expect_tree(trees, trees.root(0), c["tree"], 0);
    ++exact;
  }
  EXPECT_EQ(exact, 2);
}

/// The split with the least squared error by looking at all of them.
double best_error(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, Eigen::Index min_leaf) {
  double best = std::numeric_limits<double>::infinity();
  for (Eigen::Index f = 0; f < x.cols(); ++f) {
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      for (const int side : {0, 1}) {  // of the rows without a value
        double n[2] = {}, sum[2] = {}, squares = 0.0;
        for (Eigen::Index r = 0; r < x.rows(); ++r) {
          const int s = std::isnan(x(r, f)) ? side : (x(r, f) > x(i, f) ? 1 : 0);
          n[s] += 1.0;
          sum[s] += y[r];
          squares += y[r] * y[r];
        }
        if (n[0] < static_cast<double>(min_leaf) || n[1] < static_cast<double>(min_leaf)) continue;
        best = std::min(best, squares - sum[0] * sum[0] / n[0] - sum[1] * sum[1] / n[1]);
      }
    }
  }
  return best;
}

TEST(TreeBuilder, FindsTheBestSplitOfAll) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    // Few levels take the histograms, many the sorted rows; every other table lacks values.
    Eigen::MatrixXd x = drawn_rows(40, 3, seed, seed % 4 < 2 ? 5 : 0);
    const Eigen::VectorXd y = drawn_rows(40, 1, seed + 100);
    if (seed % 2 == 1) {
      for (Eigen::Index i = 0; i < 40; i += 3) x(i, static_cast<Eigen::Index>(seed / 2 % 3)) = std::nan("");
    }
    TreeOptions options{.max_depth = 1, .min_leaf = 3};
    const auto trees = grown(x, y, options);
    const double found = (answers(trees, x) - y).squaredNorm();
    EXPECT_NEAR(found, best_error(x, y, options.min_leaf), 1e-9) << seed;
  }
}

TEST(TreeBuilder, HistogramsAndSortingGiveOneTree) {
  // Exact histograms over many levels: near the root they are used, below the rows are sorted.
  const Eigen::MatrixXd few = drawn_rows(400, 3, 3, 6), many = drawn_rows(400, 3, 4);
  for (const Eigen::MatrixXd& x : {few, many}) {
    const Eigen::VectorXd y = bumps(x) + 0.1 * drawn_rows(400, 1, 5);
    Eigen::MatrixXd padded(400, 4);  // a column of 400 values that never wins makes sorting cheaper
    padded << x,
        Eigen::VectorXd::LinSpaced(400, 0.0, 1.0).unaryExpr([](double v) { return std::fmod(v * 7919.0, 1.0); });
    const auto plain = grown(x, y, {.max_depth = 4}), other = grown(padded, y, {.max_depth = 4});
    const double difference = (answers(plain, x) - answers(other, padded)).cwiseAbs().maxCoeff();
    EXPECT_LT(difference, 0.5);
    // As many bins as values are the values.
    EXPECT_EQ(answers(grown(x, y, {.max_depth = 6, .max_bins = 400}), x), answers(grown(x, y, {.max_depth = 6}), x));
  }
}

TEST(TreeBuilder, BinsLoseLittle) {
  const Eigen::MatrixXd x = drawn_rows(3000, 4, 6), at = drawn_rows(1000, 4, 7);
  const Eigen::VectorXd y = bumps(x);
  const double exact = rmse(answers(grown(x, y, {.max_depth = 8}), at), bumps(at));
  const double binned = rmse(answers(grown(x, y, {.max_depth = 8, .max_bins = 64}), at), bumps(at));
  EXPECT_LT(binned, 1.1 * exact);
  const detail::FeatureTable table(x, 64);
  EXPECT_EQ(table.cells(), 4U * 64U);
}

TEST(TreeBuilder, MissingValuesGoWhereTheyBelong) {
  // Rows without a value behave as the high ones do.
  Eigen::MatrixXd x(40, 1);
  Eigen::VectorXd y(40);
  for (Eigen::Index i = 0; i < 40; ++i) {
    x(i, 0) = i % 4 == 0 ? std::nan("") : static_cast<double>(i);
    y[i] = i % 4 == 0 || i >= 20 ? 5.0 : 1.0;
  }
  const auto high = grown(x, y, {.max_depth = 1});
  EXPECT_NEAR(answers(high, Eigen::MatrixXd::Constant(1, 1, std::nan("")))[0], 5.0, 1e-12);
  EXPECT_NEAR(answers(high, Eigen::MatrixXd::Constant(1, 1, 3.0))[0], 1.0, 1e-12);
  const auto low = grown(-x, y, {.max_depth = 1});
  EXPECT_NEAR(answers(low, Eigen::MatrixXd::Constant(1, 1, std::nan("")))[0], 5.0, 1e-12);
  // Or as nobody: they are split off alone.
  for (Eigen::Index i = 0; i < 40; ++i) y[i] = i % 4 == 0 ? 9.0 : 1.0;
  EXPECT_LT((answers(grown(x, y, {.max_depth = 1}), x) - y).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(TreeBuilder, GainsAreTheErrorTakenAway) {
  const Eigen::MatrixXd x = drawn_rows(200, 3, 8, 9);
  const Eigen::VectorXd y = bumps(x);
  Eigen::VectorXd gains;
  const auto trees = grown(x, y, {.max_depth = 5}, &gains);
  const double before = (y.array() - y.mean()).square().sum(), after = (answers(trees, x) - y).squaredNorm();
  EXPECT_NEAR(gains.sum(), before - after, 1e-9);
}

TEST(TreeBuilder, RepeatsCountAsRows) {
  const Eigen::MatrixXd x = drawn_rows(50, 2, 9);
  const Eigen::VectorXd y = bumps(x);
  Eigen::VectorXd weights(50);
  std::vector<Eigen::Index> repeated;
  std::vector<std::uint32_t> rows;
  for (Eigen::Index i = 0; i < 50; ++i) {
    weights[i] = static_cast<double>(i % 4);
    if (weights[i] > 0.0) rows.push_back(static_cast<std::uint32_t>(i));
    for (Eigen::Index k = 0; k < i % 4; ++k) repeated.push_back(i);
  }
  const detail::FeatureTable table(x);
  const TreeOptions options{.max_depth = 4, .min_leaf = 5};
  detail::TreeBuilder builder(table, options);
  detail::TreeEnsemble trees;
  Random random(1);
  builder.grow(rows, y.data(), weights.data(), random, trees);
  const auto expected = grown(x(repeated, Eigen::all), y(repeated), options);
  EXPECT_LT((answers(trees, x) - answers(expected, x)).cwiseAbs().maxCoeff(), 1e-12);
}

}  // namespace
}  // namespace bayestuner::surrogate
