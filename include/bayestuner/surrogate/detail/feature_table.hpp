#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace bayestuner::surrogate::detail {

/// The columns of a training set, each value replaced by its rank: a cell of one long histogram over all columns. With
/// a cell for every distinct value, histograms find the exact split; tuning tables have few levels a column, so these
/// are short.
class FeatureTable {
 public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct Column {
    std::uint32_t first = 0, end = 0;  ///< its cells, in the order of values
    std::uint32_t missing = none;      ///< the cell of NaN, at `end`; none where no row lacks the value
  };

  FeatureTable() = default;

  /// `x` (n, d): finite or NaN. `max_bins` > 0: a column of more distinct values shares cells, about equally filled.
  explicit FeatureTable(const Eigen::Ref<const Eigen::MatrixXd>& x, Eigen::Index max_bins = 0)
      : rows_(x.rows()), columns_(static_cast<std::size_t>(x.cols())) {
    cells_.resize(static_cast<std::size_t>(x.size()));
    std::vector<std::pair<double, Eigen::Index>> sorted;
    for (Eigen::Index f = 0; f < x.cols(); ++f) {
      sorted.clear();
      for (Eigen::Index i = 0; i < rows_; ++i) {
        if (!std::isnan(x(i, f))) sorted.emplace_back(x(i, f), i);
      }
      std::sort(sorted.begin(), sorted.end());
      Column& column = columns_[static_cast<std::size_t>(f)];
      column.first = static_cast<std::uint32_t>(low_.size());
      bin(sorted, max_bins, f);
      column.end = static_cast<std::uint32_t>(low_.size());
      if (static_cast<Eigen::Index>(sorted.size()) == rows_) continue;
      column.missing = column.end;
      low_.push_back(std::numeric_limits<double>::quiet_NaN());
      high_.push_back(std::numeric_limits<double>::quiet_NaN());
      for (Eigen::Index i = 0; i < rows_; ++i) {
        if (std::isnan(x(i, f))) set_cell(i, f, column.missing);
      }
    }
  }

  Eigen::Index rows() const { return rows_; }
  std::size_t features() const { return columns_.size(); }
  std::size_t cells() const { return low_.size(); }  ///< of all columns together
  const Column& column(std::size_t f) const { return columns_[f]; }
  /// The cells of a row, one a column.
  const std::uint32_t* row(std::uint32_t i) const { return cells_.data() + i * columns_.size(); }
  double low(std::uint32_t cell) const { return low_[cell]; }    ///< smallest value in a cell
  double high(std::uint32_t cell) const { return high_[cell]; }  ///< largest

 private:
  void set_cell(Eigen::Index i, Eigen::Index f, std::uint32_t cell) {
    cells_[static_cast<std::size_t>(i) * columns_.size() + static_cast<std::size_t>(f)] = cell;
  }

  void bin(const std::vector<std::pair<double, Eigen::Index>>& sorted, Eigen::Index max_bins, Eigen::Index f) {
    std::size_t distinct = 0;
    for (std::size_t k = 0; k < sorted.size(); ++k) distinct += k == 0 || sorted[k].first != sorted[k - 1].first;
    const bool shared = max_bins > 0 && distinct > static_cast<std::size_t>(max_bins);
    const std::size_t first = low_.size();
    std::size_t in_cell = 0, wanted = 1;
    for (std::size_t k = 0; k < sorted.size(); ++k) {
      const bool fresh = k == 0 || sorted[k].first != sorted[k - 1].first;
      const std::size_t made = low_.size() - first;
      if (fresh && (made == 0 || in_cell >= wanted)) {
        if (shared) {  // what is left, spread over the cells that are left
          const std::size_t left = static_cast<std::size_t>(max_bins) - made;
          wanted = left <= 1 ? sorted.size() : (sorted.size() - k + left - 1) / left;
        }
        low_.push_back(sorted[k].first);
        high_.push_back(sorted[k].first);
        in_cell = 0;
      }
      high_.back() = sorted[k].first;
      ++in_cell;
      set_cell(sorted[k].second, f, static_cast<std::uint32_t>(low_.size() - 1));
    }
  }

  Eigen::Index rows_ = 0;
  std::vector<Column> columns_;
  std::vector<std::uint32_t> cells_;  // (n, d), row after row
  std::vector<double> low_, high_;    // (cells)
};

}  // namespace bayestuner::surrogate::detail
