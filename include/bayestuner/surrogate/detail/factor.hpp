#pragma once
/// A Cholesky factor that grows by rows.

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::surrogate::detail {

/// Lower triangular L with K = L L^T. The storage is larger than the matrix, its columns start at multiples of 64
/// bytes whatever its size: so the same operations give the same bits at every capacity.
class GrowingFactor {
 public:
  Eigen::Index size() const { return size_; }
  /// (n, n); only the lower triangle means anything.
  auto matrix() const { return storage_.topLeftCorner(size_, size_); }
  /// b := L^{-1} b and b := L^{-T} b, for a vector (n) or a matrix (n, m).
  template <class B>
  void solve(B&& b) const {
    if (size_ > 0) matrix().template triangularView<Eigen::Lower>().solveInPlace(b);
  }
  template <class B>
  void solve_transposed(B&& b) const {
    if (size_ > 0) matrix().transpose().template triangularView<Eigen::Upper>().solveInPlace(b);
  }

  /// Room for an (n, n) matrix to be filled in (lower triangle) before `factorise`.
  auto prepare(Eigen::Index n) {
    reserve(n, false);
    size_ = n;
    return storage_.topLeftCorner(n, n);
  }

  /// Factorises what `prepare` gave. False if the matrix is not positive definite in this precision.
  bool factorise() {
    Eigen::Ref<Eigen::MatrixXd, 0, Eigen::OuterStride<>> in_place = storage_.topLeftCorner(size_, size_);
    const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd, 0, Eigen::OuterStride<>>> llt(in_place);
    // A NaN passes Eigen's own test.
    return llt.info() == Eigen::Success && in_place.diagonal().allFinite();
  }

  /// Appends the row of K that ends in `diagonal`, `covariance` (n) before it. False (and unchanged) if the larger
  /// matrix is not positive definite. O(n^2).
  bool append(const Eigen::Ref<const Eigen::VectorXd>& covariance, double diagonal) {
    Eigen::VectorXd row = covariance;
    solve(row);
    const double rest = diagonal - row.squaredNorm();
    if (!(rest > 1e-14 * diagonal)) return false;
    reserve(size_ + 1, true);
    storage_.row(size_).head(size_) = row.transpose();
    storage_(size_, size_) = std::sqrt(rest);
    ++size_;
    return true;
  }

 private:
  void reserve(Eigen::Index n, bool keep) {
    if (storage_.rows() >= n) return;
    const Eigen::Index room = (n + n / 4 + 15) / 16 * 16;
    if (keep) {
      Eigen::MatrixXd larger(room, room);
      larger.topLeftCorner(size_, size_) = storage_.topLeftCorner(size_, size_);
      storage_.swap(larger);
    } else {
      storage_.resize(room, room);
    }
  }

  Eigen::MatrixXd storage_;
  Eigen::Index size_ = 0;
};

}  // namespace bayestuner::surrogate::detail
