#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "bayestuner/surrogate/detail/training_data.hpp"
#include "bayestuner/surrogate/detail/tree_builder.hpp"
#include "bayestuner/surrogate/detail/tree_ensemble.hpp"
#include "bayestuner/surrogate/tree.hpp"

namespace bayestuner::surrogate {

struct RandomForestOptions {
  int trees = 100;
  TreeOptions tree{};      ///< unlimited depth, all columns at every node
  bool bootstrap = true;   ///< every tree learns n rows drawn with replacement; false: all rows
  std::uint64_t seed = 0;  ///< same seed, same data: same forest
};

/// Extremely randomised trees: all rows, one random threshold a column.
/// Source: Geurts, Ernst & Wehenkel 2006, doi:10.1007/s10994-006-6226-1.
inline RandomForestOptions extra_trees() {
  return {.tree = {.random_thresholds = true}, .bootstrap = false};
}

/// Mean of regression trees on bootstrap samples. The variance of a belief is that between the trees plus the mean of
/// those within their leaves. NaN in a row is a missing value. Known noise variances are checked and not used.
/// Source: Breiman 2001, doi:10.1023/A:1010933404324; variance: Hutter et al. 2014, doi:10.1016/j.artint.2013.10.003,
/// section 4.3.2.
class RandomForest {
 public:
  static constexpr bool takes_missing_values = true;

  /// Throws InvalidArgument for options out of range.
  explicit RandomForest(RandomForestOptions options = {}) : options_(options) {
    if (options.trees < 1) {
      throw InvalidArgument("RandomForest: trees: " + std::to_string(options.trees) + " is not at least 1");
    }
    require_valid("RandomForest", options.tree);
  }

  /// Learns rows `x` (n, d; NaN: missing) with targets `y` (n). `noise` (n, or empty). Throws InvalidArgument.
  void fit(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
           const Eigen::Ref<const Eigen::VectorXd>& noise = Eigen::VectorXd());

  /// Belief about the metric at rows `x` (m, d). Throws InvalidArgument where the columns differ in number.
  Posterior predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const;

  /// Root of the mean squared error of every row's prediction by the trees that did not learn it, unit of the targets;
  /// NaN where there is no such row.
  double out_of_bag_rmse() const { return out_of_bag_rmse_; }
  /// Share of every column (d) in the error that splits took away, summing to 1; zeros where nothing was split.
  const Eigen::VectorXd& importances() const { return importances_; }

  Eigen::Index dimension() const { return columns_; }
  const RandomForestOptions& options() const { return options_; }

 private:
  RandomForestOptions options_;
  Eigen::Index columns_ = -1;  // -1: nothing learnt
  detail::TargetScale scale_;
  detail::TreeEnsemble trees_;
  std::vector<double> squares_;  // (nodes) of leaves: mean square of the targets there
  Eigen::VectorXd importances_;
  double out_of_bag_rmse_ = std::numeric_limits<double>::quiet_NaN();
};
static_assert(Surrogate<RandomForest>);

inline void RandomForest::fit(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
                              const Eigen::Ref<const Eigen::VectorXd>& noise) {
  detail::require_training_data("RandomForest", x, y, noise, detail::MissingValues::allowed);
  const Eigen::Index n = x.rows(), d = x.cols();
  trees_ = {};
  squares_.clear();
  importances_ = Eigen::VectorXd::Zero(d);
  out_of_bag_rmse_ = std::numeric_limits<double>::quiet_NaN();
  columns_ = n > 0 ? d : -1;
  scale_ = detail::TargetScale(y);
  if (n == 0) return;
  const Eigen::VectorXd targets = scale_(y);
  const detail::FeatureTable table(x, options_.tree.max_bins);
  detail::TreeBuilder builder(table, options_.tree, detail::Ties::any_column);

  const Random base(options_.seed, 0xf0e5);
  Eigen::VectorXd draws = Eigen::VectorXd::Ones(n), left_out = Eigen::VectorXd::Zero(n), votes = left_out;
  std::vector<std::uint32_t> rows;
  std::vector<Eigen::Index> others;
  for (int t = 0; t < options_.trees; ++t) {
    Random random = base.fork(static_cast<std::uint64_t>(t));
    if (options_.bootstrap) {
      draws.setZero();
      for (Eigen::Index i = 0; i < n; ++i) {
        draws[static_cast<Eigen::Index>(random.below(static_cast<std::uint64_t>(n)))] += 1.0;
      }
    }
    rows.clear();
    others.clear();
    for (Eigen::Index i = 0; i < n; ++i) {
      if (draws[i] > 0.0) {
        rows.push_back(static_cast<std::uint32_t>(i));
      } else {
        others.push_back(i);
      }
    }
    builder.grow(rows, targets.data(), options_.bootstrap ? draws.data() : nullptr, random, trees_);
    squares_.resize(trees_.nodes().size());
    for (const auto& leaf : builder.leaves()) {
      const double value = trees_.value(leaf.node);
      squares_[static_cast<std::size_t>(leaf.node)] = value * value + leaf.variance;
    }
    const double gain = builder.gains().sum();
    if (gain > 0.0) importances_ += builder.gains() / gain;
    if (others.empty()) continue;
    const auto tree = static_cast<std::size_t>(t);
    const Eigen::MatrixXd unseen = x(others, Eigen::all);
    trees_.for_leaves(unseen, tree, tree + 1, [&](Eigen::Index first, Eigen::Index count, const std::int32_t* leaf) {
      for (Eigen::Index r = 0; r < count; ++r) {
        left_out[others[static_cast<std::size_t>(first + r)]] += trees_.value(leaf[r]);
        votes[others[static_cast<std::size_t>(first + r)]] += 1.0;
      }
    });
  }
  if (const double total = importances_.sum(); total > 0.0) importances_ /= total;
  const double counted = static_cast<double>((votes.array() > 0.0).count());
  if (counted > 0.0) {
    const Eigen::ArrayXd error =
        (votes.array() > 0.0).select(left_out.array() / votes.array().max(1.0) - targets.array(), 0.0);
    out_of_bag_rmse_ = std::sqrt(error.square().sum() / counted) * scale_.scale;
  }
}

inline Posterior RandomForest::predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  detail::require_inputs("RandomForest", x, detail::MissingValues::allowed);
  if (columns_ < 0) return scale_.restore(Eigen::ArrayXd::Zero(x.rows()), Eigen::ArrayXd::Ones(x.rows()));
  detail::require_columns("RandomForest", x, columns_);
  Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(x.rows()), squares = sum;
  trees_.for_leaves(x, 0, trees_.trees(), [&](Eigen::Index first, Eigen::Index count, const std::int32_t* leaf) {
    for (Eigen::Index r = 0; r < count; ++r) {
      sum[first + r] += trees_.value(leaf[r]);
      squares[first + r] += squares_[static_cast<std::size_t>(leaf[r])];
    }
  });
  const auto trees = static_cast<double>(trees_.trees());
  sum /= trees;
  return scale_.restore(sum, squares / trees - sum.square());
}

}  // namespace bayestuner::surrogate
