#pragma once

#include <Eigen/Core>
#include <vector>

#include "bayestuner/surrogate/detail/metric.hpp"

namespace bayestuner::surrogate::detail {

/// The axis differences of all pairs of rows, packed column by column of the strict lower triangle: they stay while
/// hyperparameters are sought. Kept in memory up to a size, computed again block by block beyond it.
class PairDistances {
 public:
  PairDistances(const Eigen::Ref<const Eigen::MatrixXd>& rows, std::vector<Term> terms)
      : rows_(rows), terms_(std::move(terms)), pairs_(rows.rows() * (rows.rows() - 1) / 2) {
    if (pairs_ * rows_.cols() <= kept_elements) {
      kept_.resize(pairs_, rows_.cols());
      fill(0, pairs_, kept_);
    }
  }

  Eigen::Index pairs() const { return pairs_; }
  const std::vector<Term>& terms() const { return terms_; }

  /// Calls f(first, count, differences (count, d)) over all pairs in blocks of at most 128.
  template <class F>
  void for_blocks(const F& f) const {
    const bool kept = kept_.rows() == pairs_;
    Eigen::MatrixXd scratch(kept ? 0 : kernel_block, rows_.cols());
    for (Eigen::Index first = 0; first < pairs_; first += kernel_block) {
      const Eigen::Index count = std::min(kernel_block, pairs_ - first);
      if (kept) {
        f(first, count, Differences(kept_.middleRows(first, count)));
      } else {
        fill(first, count, scratch);
        f(first, count, Differences(scratch.topRows(count)));
      }
    }
  }
  using Differences = Eigen::Ref<const Eigen::MatrixXd, 0, Eigen::OuterStride<>>;

 private:
  static constexpr Eigen::Index kept_elements = Eigen::Index(1) << 22;  // 32 MiB

  void fill(Eigen::Index first, Eigen::Index count, Eigen::MatrixXd& out) const {
    const Eigen::Index n = rows_.rows();
    Eigen::Index column = 0, start = 0;  // `start`: packed index where `column` begins
    while (column < n && start + (n - 1 - column) <= first) start += n - 1 - column++;
    for (Eigen::Index done = 0; done < count; ++column) {
      const Eigen::Index length = n - 1 - column;
      const Eigen::Index from = std::max<Eigen::Index>(first - start, 0), part = std::min(length - from, count - done);
      for (Eigen::Index j = 0; j < rows_.cols(); ++j) {
        const auto others = rows_.col(j).segment(column + 1 + from, part).array();
        auto target = out.col(j).segment(done, part).array();
        if (terms_[static_cast<std::size_t>(j)] == Term::squared) {
          target = (others - rows_(column, j)).square();
        } else {
          target = (others - rows_(column, j)).abs().min(1.0);
        }
      }
      done += part;
      start += length;
    }
  }

  Eigen::MatrixXd rows_;
  std::vector<Term> terms_;
  Eigen::Index pairs_;
  Eigen::MatrixXd kept_;
};

}  // namespace bayestuner::surrogate::detail
