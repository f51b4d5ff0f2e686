#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/surrogate/detail/boosting_loss.hpp"
#include "bayestuner/surrogate/detail/tree_builder.hpp"
#include "bayestuner/surrogate/detail/tree_ensemble.hpp"

namespace bayestuner::surrogate::detail {

/// A boosted model: initial + rate x sum of the trees' values.
struct BoostedTrees {
  double initial = 0.0, rate = 0.1;
  TreeEnsemble trees;

  /// Predictions (m) at rows `x` (m, d) by the first `stages` trees.
  Eigen::ArrayXd predict(const Eigen::Ref<const Eigen::MatrixXd>& x, std::size_t stages) const {
    Eigen::ArrayXd sum = Eigen::ArrayXd::Zero(x.rows());
    trees.for_leaves(x, 0, stages, [&](Eigen::Index first, Eigen::Index count, const std::int32_t* leaf) {
      for (Eigen::Index r = 0; r < count; ++r) sum[first + r] += trees.value(leaf[r]);
    });
    return initial + rate * sum;
  }
};

/// Boosting under way, one tree a call: two of them can go on side by side, as cross-validation needs.
class BoostingRun {
 public:
  /// `x` (n, d), n > 0, `y` (n) of order 1 and what stands behind `loss` and `tree`; `x` is read until the run ends.
  BoostingRun(const Eigen::MatrixXd& x, Eigen::VectorXd y, const LossFunction& loss, const TreeOptions& tree,
              double rate, double subsample, Random random)
      : x_(x),
        residual_(std::move(y)),
        loss_(loss),
        table_(x, tree.max_bins),
        builder_(table_, tree),
        subsample_(subsample),
        random_(random),
        gains_(Eigen::VectorXd::Zero(x.cols())) {
    model_.initial = loss_.initial(residual_);
    model_.rate = rate;
    residual_.array() -= model_.initial;
    bag_.resize(static_cast<std::size_t>(x.rows()));
    std::iota(bag_.begin(), bag_.end(), 0U);
  }
  BoostingRun(const BoostingRun&) = delete;  // the builder refers to the table beside it
  BoostingRun& operator=(const BoostingRun&) = delete;

  /// Adds one tree; returns the mean loss over the rows that it learnt from.
  double advance() {
    if (subsample_ < 1.0) draw_bag();
    loss_.gradient(residual_, bag_, gradient_);
    const std::size_t tree = model_.trees.trees();
    builder_.grow(bag_, gradient_.data(), nullptr, random_, model_.trees);
    gains_ += builder_.gains();
    const std::uint32_t* const order = builder_.order().data();
    for (const auto& leaf : builder_.leaves()) {
      if (!loss_.keeps_leaves()) {
        model_.trees.set_value(leaf.node, loss_.leaf(residual_, order + leaf.begin, order + leaf.end));
      }
      if (subsample_ < 1.0) continue;
      const double step = model_.rate * model_.trees.value(leaf.node);
      for (std::size_t k = leaf.begin; k < leaf.end; ++k) residual_[order[k]] -= step;
    }
    if (!(subsample_ < 1.0)) return loss_.total(residual_) / static_cast<double>(residual_.size());
    subtract_tree(x_, tree, residual_);
    Eigen::VectorXd learnt(static_cast<Eigen::Index>(bag_.size()));
    for (std::size_t k = 0; k < bag_.size(); ++k) learnt[static_cast<Eigen::Index>(k)] = residual_[bag_[k]];
    return loss_.total(learnt) / static_cast<double>(learnt.size());
  }

  /// Takes tree `tree`'s step from the `residual` (m) of rows `x` (m, d).
  void subtract_tree(const Eigen::MatrixXd& x, std::size_t tree, Eigen::VectorXd& residual) const {
    model_.trees.for_leaves(x, tree, tree + 1, [&](Eigen::Index first, Eigen::Index count, const std::int32_t* leaf) {
      for (Eigen::Index r = 0; r < count; ++r) residual[first + r] -= model_.rate * model_.trees.value(leaf[r]);
    });
  }

  const BoostedTrees& model() const { return model_; }
  const LossFunction& loss() const { return loss_; }
  const Eigen::VectorXd& residual() const { return residual_; }  ///< (n)
  const Eigen::VectorXd& gains() const { return gains_; }        ///< (d)

 private:
  /// A share of the rows without repeats, in ascending order.
  void draw_bag() {
    const auto n = static_cast<std::size_t>(x_.rows());
    const auto wanted = std::max<std::size_t>(1, static_cast<std::size_t>(subsample_ * static_cast<double>(n)));
    bag_.clear();
    for (std::size_t i = 0; i < n; ++i) {  // selection sampling: Knuth, vol. 2, algorithm S
      if (random_.below(n - i) < wanted - bag_.size()) bag_.push_back(static_cast<std::uint32_t>(i));
    }
  }

  const Eigen::MatrixXd& x_;
  Eigen::VectorXd residual_, gradient_;
  LossFunction loss_;
  FeatureTable table_;
  TreeBuilder builder_;
  double subsample_;
  Random random_;
  std::vector<std::uint32_t> bag_;
  BoostedTrees model_;
  Eigen::VectorXd gains_;
};

}  // namespace bayestuner::surrogate::detail
