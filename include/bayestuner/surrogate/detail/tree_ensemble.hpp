#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace bayestuner::surrogate::detail {

/// Regression trees in flat arrays, walked by many rows at once.
class TreeEnsemble {
 public:
  /// The children stand side by side: left, left + 1. A leaf is its own left child, so that a walk of fixed length
  /// needs no test for the end: rows walk side by side, which hides the latency of the loads.
  struct Node {
    double threshold = std::numeric_limits<double>::infinity();
    std::uint32_t key = 0;  ///< column * 2, plus 1 where NaN goes right
    std::int32_t left = 0;

    std::uint32_t feature() const { return key >> 1; }
    bool missing_right() const { return (key & 1U) != 0; }
  };

  /// Appends a node that is a leaf; returns its index.
  std::int32_t add_leaf(double value) {
    const auto index = static_cast<std::int32_t>(nodes_.size());
    nodes_.push_back({.left = index});
    values_.push_back(value);
    return index;
  }
  void split(std::int32_t node, std::uint32_t feature, double threshold, bool missing_right, std::int32_t left) {
    nodes_[static_cast<std::size_t>(node)] = {
        .threshold = threshold, .key = feature * 2 + (missing_right ? 1 : 0), .left = left};
  }
  /// Ends a tree that began with node `root`.
  void close_tree(std::int32_t root, int depth) { trees_.push_back({root, depth}); }
  /// Drops the trees from `count` on.
  void truncate(std::size_t count) {
    if (count >= trees_.size()) return;
    nodes_.resize(static_cast<std::size_t>(trees_[count].root));
    values_.resize(nodes_.size());
    trees_.resize(count);
  }

  std::size_t trees() const { return trees_.size(); }
  std::int32_t root(std::size_t tree) const { return trees_[tree].root; }
  int depth(std::size_t tree) const { return trees_[tree].depth; }
  const std::vector<Node>& nodes() const { return nodes_; }
  bool is_leaf(std::int32_t node) const { return nodes_[static_cast<std::size_t>(node)].left == node; }
  double value(std::int32_t node) const { return values_[static_cast<std::size_t>(node)]; }
  void set_value(std::int32_t node, double value) { values_[static_cast<std::size_t>(node)] = value; }

  /// Calls visit(first row, count, nodes) for every tree in [from, to) and every block of rows of `x` (m, d): the
  /// leaves in which these rows end. Blocks come in order, and within one, trees.
  template <class Visit>
  void for_leaves(const Eigen::Ref<const Eigen::MatrixXd>& x, std::size_t from, std::size_t to,
                  const Visit& visit) const {
    std::array<std::int32_t, block> at;
    for (Eigen::Index first = 0; first < x.rows(); first += block) {
      const Eigen::Index count = std::min<Eigen::Index>(block, x.rows() - first);
      const double* const base = x.data() + first;
      const bool missing = x.middleRows(first, count).array().isNaN().any();
      for (std::size_t t = from; t < to; ++t) {
        std::fill(at.begin(), at.begin() + count, trees_[t].root);
        if (missing) {
          walk<true>(trees_[t].depth, base, x.outerStride(), count, at.data());
        } else {
          walk<false>(trees_[t].depth, base, x.outerStride(), count, at.data());
        }
        visit(first, count, at.data());
      }
    }
  }

 private:
  static constexpr Eigen::Index block = 256;
  struct Tree {
    std::int32_t root;
    int depth;
  };

  template <bool missing>
  void walk(int depth, const double* base, Eigen::Index stride, Eigen::Index count, std::int32_t* at) const {
    const Node* const nodes = nodes_.data();
    for (int level = 0; level < depth; ++level) {
      for (Eigen::Index r = 0; r < count; ++r) {
        const Node& node = nodes[at[r]];
        const double value = base[static_cast<Eigen::Index>(node.key >> 1) * stride + r];
        std::int32_t right = value > node.threshold;
        if constexpr (missing)
          right |= static_cast<std::int32_t>(value != value) & static_cast<std::int32_t>(node.key & 1U);
        at[r] = node.left + right;
      }
    }
  }

  std::vector<Node> nodes_;
  std::vector<double> values_;  // (nodes)
  std::vector<Tree> trees_;
};

}  // namespace bayestuner::surrogate::detail
