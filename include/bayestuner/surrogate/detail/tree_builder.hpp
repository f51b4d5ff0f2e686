#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/surrogate/detail/feature_table.hpp"
#include "bayestuner/surrogate/detail/tree_ensemble.hpp"
#include "bayestuner/surrogate/tree.hpp"

namespace bayestuner::surrogate::detail {

/// Which column wins where several split equally well, as they do in small nodes: the first, which is reproducible by
/// hand, or any, which keeps the trees of a forest different.
enum class Ties { first_column, any_column };

/// Grows regression trees on one table, one after the other: what boosting and forests share. A node with many rows is
/// split by histograms (of two siblings only the smaller is counted, the other is the difference), one with few by
/// sorting its rows. Source: Breiman et al. 1984, ch. 8; histograms: Ke et al. 2017, NeurIPS.
class TreeBuilder {
 public:
  struct Leaf {
    std::int32_t node;
    std::size_t begin, end;  ///< its rows in order()
    double variance;         ///< of its targets, repeats counted
  };

  /// Keeps a reference to `table`.
  TreeBuilder(const FeatureTable& table, const TreeOptions& options, Ties ties = Ties::first_column)
      : table_(table), options_(options), ties_(ties) {
    chosen_.resize(table.features());
    for (std::size_t f = 0; f < chosen_.size(); ++f) chosen_[f] = static_cast<std::uint32_t>(f);
  }

  /// Appends the tree for `rows` (at least one) with `targets` (table.rows()), of order 1, and `weights` (the same, or
  /// nullptr: 1; how often a row counts). Leaves hold the means.
  void grow(std::vector<std::uint32_t> rows, const double* targets, const double* weights, Random& random,
            TreeEnsemble& out);

  const std::vector<Leaf>& leaves() const { return leaves_; }         ///< of the last tree
  const std::vector<std::uint32_t>& order() const { return order_; }  ///< its rows, leaf after leaf
  /// Squared error that the last tree's splits took away (features).
  const Eigen::VectorXd& gains() const { return gains_; }

 private:
  struct Cell {
    double sum = 0.0, weight = 0.0;
  };
  struct Node {
    std::int32_t index;
    std::size_t begin, end;
    int depth;
    int histogram;  // slot, or -1
  };
  struct Summary {
    double weight = 0.0, sum = 0.0, squares = 0.0, least = std::numeric_limits<double>::infinity(), most = -least;

    double mean() const { return sum / weight; }
    bool is_pure() const { return !(most - least > 1e-15 * std::max(std::abs(most), std::abs(least))); }
    double variance() const { return is_pure() ? 0.0 : std::max(squares / weight - mean() * mean(), 0.0); }
  };
  struct Split {
    double gain = -1.0, threshold = 0.0;
    std::uint32_t feature = 0, cut = FeatureTable::none;  // cells up to `cut` go left
    bool missing_right = false, found = false;
  };

  /// The boundaries of one column of a node, in the order of values.
  class Scan {
   public:
    Scan(const TreeBuilder& builder, const Summary& node, std::uint32_t feature, const Cell& missing, double at,
         Split& best)
        : builder_(builder), node_(node), feature_(feature), missing_(missing), at_(at), best_(best) {}

    /// The next group of equal rows.
    void add(std::uint32_t cell, const Cell& group) {
      if (last_ != FeatureTable::none && !done_) between(last_, cell);
      left_.sum += group.sum;
      left_.weight += group.weight;
      last_ = cell;
    }
    void finish() {
      if (missing_.weight > 0.0 && last_ != FeatureTable::none && !done_) {
        consider(left_, last_, std::numeric_limits<double>::infinity(), true);
      }
    }

   private:
    void between(std::uint32_t low, std::uint32_t high) {
      const FeatureTable& table = builder_.table_;
      const double a = table.high(low), b = table.low(high);
      double threshold = a + 0.5 * (b - a);
      if (std::isfinite(at_)) {  // one given threshold
        if (b <= at_) return;
        threshold = std::max(at_, a);
        done_ = true;
      }
      if (!(threshold < b)) threshold = a;
      consider(left_, low, threshold, true);
      if (missing_.weight > 0.0) {
        consider({left_.sum + missing_.sum, left_.weight + missing_.weight}, low, threshold, false);
      }
    }
    void consider(const Cell& left, std::uint32_t cut, double threshold, bool missing_right) {
      const double right = node_.weight - left.weight, least = static_cast<double>(builder_.options_.min_leaf);
      if (left.weight < least || right < least) return;
      // The squared error falls by n_l n_r / n (m_l - m_r)^2, here in a form without cancellation.
      const double excess = left.sum - left.weight * node_.mean();
      const double gain = excess * excess * node_.weight / (left.weight * right);
      if (best_.found && !(gain > best_.gain * (1.0 + 1e-10))) return;
      best_ = {gain, threshold, feature_, cut, missing_.weight > 0.0 ? missing_right : right > left.weight, true};
    }

    const TreeBuilder& builder_;
    const Summary& node_;
    std::uint32_t feature_;
    Cell missing_;
    double at_;  // the one threshold to try; infinite: all
    Split& best_;
    Cell left_;
    std::uint32_t last_ = FeatureTable::none;
    bool done_ = false;
  };

  double weight(std::uint32_t row) const { return weights_ != nullptr ? weights_[row] : 1.0; }
  Summary summarise(std::size_t begin, std::size_t end) const;
  bool prefers_histogram(std::size_t rows) const { return 4 * rows * table_.features() >= table_.cells(); }
  int take_slot();
  void count(const Node& node, std::vector<Cell>& cells) const;
  void scan_histogram(const std::vector<Cell>& cells, std::uint32_t f, const Summary& summary, Random& random,
                      Split& best) const;
  void scan_sorted(const Node& node, std::uint32_t f, const Summary& summary, Random& random, Split& best);
  Split best_split(const Node& node, const Summary& summary, Random& random);
  std::size_t partition(const Node& node, const Split& split);
  void hand_down(const Node& parent, Node& left, Node& right);
  double drawn_threshold(double low, double high, Random& random) const {
    return options_.random_thresholds ? random.uniform(low, high) : std::numeric_limits<double>::infinity();
  }
  bool may_split(const Node& node) const {
    return (options_.max_depth == 0 || node.depth < options_.max_depth) && node.end - node.begin > 1;
  }

  const FeatureTable& table_;
  TreeOptions options_;
  Ties ties_;
  const double* targets_ = nullptr;
  const double* weights_ = nullptr;
  std::vector<std::uint32_t> order_, scratch_, chosen_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::vector<Cell>> slots_;
  std::vector<int> free_slots_;
  std::vector<Node> open_;
  std::vector<Leaf> leaves_;
  Eigen::VectorXd gains_;
};

inline TreeBuilder::Summary TreeBuilder::summarise(std::size_t begin, std::size_t end) const {
  Summary s;
  for (std::size_t k = begin; k < end; ++k) {
    const double t = targets_[order_[k]], w = weight(order_[k]);
    s.weight += w;
    s.sum += w * t;
    s.squares += w * t * t;
    s.least = std::min(s.least, t);
    s.most = std::max(s.most, t);
  }
  return s;
}

inline int TreeBuilder::take_slot() {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<int>(slots_.size()));
    slots_.emplace_back(table_.cells());
  }
  const int slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

inline void TreeBuilder::count(const Node& node, std::vector<Cell>& cells) const {
  std::fill(cells.begin(), cells.end(), Cell{});
  const std::size_t features = table_.features();
  for (std::size_t k = node.begin; k < node.end; ++k) {
    const std::uint32_t* row = table_.row(order_[k]);
    const double w = weight(order_[k]), sum = w * targets_[order_[k]];
    for (std::size_t f = 0; f < features; ++f) {
      Cell& cell = cells[row[f]];
      cell.sum += sum;
      cell.weight += w;
    }
  }
}

inline void TreeBuilder::scan_histogram(const std::vector<Cell>& cells, std::uint32_t f, const Summary& summary,
                                        Random& random, Split& best) const {
  const FeatureTable::Column& column = table_.column(f);
  const Cell missing = column.missing == FeatureTable::none ? Cell{} : cells[column.missing];
  std::uint32_t first = column.first, last = column.end;
  while (first < last && cells[first].weight == 0.0) ++first;
  while (last > first && cells[last - 1].weight == 0.0) --last;
  if (first == last || (last - first == 1 && missing.weight == 0.0)) return;
  Scan scan(*this, summary, f, missing, drawn_threshold(table_.low(first), table_.high(last - 1), random), best);
  for (std::uint32_t cell = first; cell < last; ++cell) {
    if (cells[cell].weight > 0.0) scan.add(cell, cells[cell]);
  }
  scan.finish();
}

inline void TreeBuilder::scan_sorted(const Node& node, std::uint32_t f, const Summary& summary, Random& random,
                                     Split& best) {
  const FeatureTable::Column& column = table_.column(f);
  keys_.clear();
  Cell missing;
  for (std::size_t k = node.begin; k < node.end; ++k) {
    const std::uint32_t row = order_[k], cell = table_.row(row)[f];
    if (cell == column.missing) {
      missing.sum += weight(row) * targets_[row];
      missing.weight += weight(row);
    } else {
      keys_.push_back(static_cast<std::uint64_t>(cell) << 32U | row);
    }
  }
  if (keys_.empty()) return;
  std::sort(keys_.begin(), keys_.end());
  const auto cell_of = [](std::uint64_t key) { return static_cast<std::uint32_t>(key >> 32U); };
  if (cell_of(keys_.front()) == cell_of(keys_.back()) && missing.weight == 0.0) return;
  const double at = drawn_threshold(table_.low(cell_of(keys_.front())), table_.high(cell_of(keys_.back())), random);
  Scan scan(*this, summary, f, missing, at, best);
  for (std::size_t k = 0; k < keys_.size();) {
    const std::uint32_t cell = cell_of(keys_[k]);
    Cell group;
    for (; k < keys_.size() && cell_of(keys_[k]) == cell; ++k) {
      const auto row = static_cast<std::uint32_t>(keys_[k]);
      group.sum += weight(row) * targets_[row];
      group.weight += weight(row);
    }
    scan.add(cell, group);
  }
  scan.finish();
}

inline TreeBuilder::Split TreeBuilder::best_split(const Node& node, const Summary& summary, Random& random) {
  Split best;
  const std::size_t all = chosen_.size();
  std::size_t wanted = options_.features > 0 ? std::min(static_cast<std::size_t>(options_.features), all) : all;
  for (std::size_t k = 0; k < all; ++k) {
    if (k >= wanted && best.found) break;  // columns without a split do not count
    if (wanted < all || ties_ == Ties::any_column) std::swap(chosen_[k], chosen_[k + random.below(all - k)]);
    if (node.histogram >= 0) {
      scan_histogram(slots_[static_cast<std::size_t>(node.histogram)], chosen_[k], summary, random, best);
    } else {
      scan_sorted(node, chosen_[k], summary, random, best);
    }
  }
  return best;
}

/// Moves the rows that go left before the others, both in their order; returns where the others begin.
inline std::size_t TreeBuilder::partition(const Node& node, const Split& split) {
  const std::uint32_t missing = table_.column(split.feature).missing;
  scratch_.resize(order_.size());
  std::size_t left = node.begin, right = 0;
  for (std::size_t k = node.begin; k < node.end; ++k) {
    const std::uint32_t row = order_[k], cell = table_.row(row)[split.feature];
    const bool goes_left = cell == missing ? !split.missing_right : cell <= split.cut;
    order_[left] = row;
    scratch_[right] = row;
    left += goes_left ? 1 : 0;
    right += goes_left ? 0 : 1;
  }
  std::copy_n(scratch_.begin(), right, order_.begin() + static_cast<std::ptrdiff_t>(left));
  return left;
}

/// Gives the children their histograms where they want one, and takes back the parent's.
inline void TreeBuilder::hand_down(const Node& parent, Node& left, Node& right) {
  if (parent.histogram < 0) return;
  Node& small = left.end - left.begin <= right.end - right.begin ? left : right;
  Node& large = &small == &left ? right : left;
  const auto wants = [&](const Node& n) { return may_split(n) && prefers_histogram(n.end - n.begin); };
  if (!wants(large)) {
    free_slots_.push_back(parent.histogram);
    return;
  }
  const int slot = take_slot();
  std::vector<Cell>& counted = slots_[static_cast<std::size_t>(slot)];
  std::vector<Cell>& rest = slots_[static_cast<std::size_t>(parent.histogram)];
  count(small, counted);
  for (std::size_t c = 0; c < rest.size(); ++c) {
    rest[c].sum -= counted[c].sum;
    rest[c].weight -= counted[c].weight;
  }
  large.histogram = parent.histogram;
  if (wants(small)) {
    small.histogram = slot;
  } else {
    free_slots_.push_back(slot);
  }
}

inline void TreeBuilder::grow(std::vector<std::uint32_t> rows, const double* targets, const double* weights,
                              Random& random, TreeEnsemble& out) {
  order_ = std::move(rows);
  targets_ = targets;
  weights_ = weights;
  leaves_.clear();
  gains_ = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(table_.features()));
  int depth = 0;
  const std::int32_t root = out.add_leaf(0.0);
  open_.push_back({root, 0, order_.size(), 0, -1});
  if (may_split(open_[0]) && prefers_histogram(order_.size())) {
    open_[0].histogram = take_slot();
    count(open_[0], slots_[static_cast<std::size_t>(open_[0].histogram)]);
  }
  while (!open_.empty()) {
    const Node node = open_.back();
    open_.pop_back();
    const Summary summary = summarise(node.begin, node.end);
    out.set_value(node.index, summary.mean());
    depth = std::max(depth, node.depth);
    Split split;
    if (may_split(node) && !summary.is_pure()) split = best_split(node, summary, random);
    if (!split.found) {
      if (node.histogram >= 0) free_slots_.push_back(node.histogram);
      leaves_.push_back({node.index, node.begin, node.end, summary.variance()});
      continue;
    }
    const std::size_t middle = partition(node, split);
    if (options_.split_point == SplitPoint::uniform && !options_.random_thresholds && std::isfinite(split.threshold)) {
      // Between the values that are neighbours in this node.
      double next = std::numeric_limits<double>::infinity();
      for (std::size_t k = middle; k < node.end; ++k) {
        const std::uint32_t cell = table_.row(order_[k])[split.feature];
        if (cell != table_.column(split.feature).missing) next = std::min(next, table_.low(cell));
      }
      const double low = table_.high(split.cut), drawn = random.uniform(low, next);
      if (drawn < next) split.threshold = drawn;
    }
    gains_[split.feature] += split.gain;
    const std::int32_t left = out.add_leaf(0.0);
    out.add_leaf(0.0);
    out.split(node.index, split.feature, split.threshold, split.missing_right, left);
    Node first{left, node.begin, middle, node.depth + 1, -1}, second{left + 1, middle, node.end, node.depth + 1, -1};
    hand_down(node, first, second);
    open_.push_back(second);
    open_.push_back(first);
  }
  out.close_tree(root, depth);
}

}  // namespace bayestuner::surrogate::detail
