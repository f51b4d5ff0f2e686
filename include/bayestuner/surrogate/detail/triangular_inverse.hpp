#pragma once
/// Inverses of triangular and positive definite matrices in a third of the work of solving against the identity.

#include <Eigen/Core>

namespace bayestuner::surrogate::detail {

using MatrixRef = Eigen::Ref<Eigen::MatrixXd, 0, Eigen::OuterStride<>>;

/// Below this size, plain loops beat the packing of blocked products.
inline constexpr Eigen::Index small_inverse = 24;

/// Replaces the lower triangle of `l` (n, n) by that of its inverse; halves the matrix recursively.
inline void invert_lower_triangle(MatrixRef l) {
  const Eigen::Index n = l.rows();
  if (n <= small_inverse) {
    for (Eigen::Index j = n; j-- > 0;) {
      const double pivot = 1.0 / l(j, j);
      const Eigen::Index rest = n - j - 1;
      // Column j of the inverse is -C^{-1} b / l_jj, with C^{-1} already in place to the right.
      auto b = l.col(j).tail(rest);
      for (Eigen::Index k = rest; k-- > 0;) {
        const double weight = -b[k] * pivot;
        b.tail(rest - k - 1) += weight * l.col(j + 1 + k).tail(rest - k - 1);
        b[k] = weight * l(j + 1 + k, j + 1 + k);
      }
      l(j, j) = pivot;
    }
    return;
  }
  const Eigen::Index half = n / 2, rest = n - half;
  MatrixRef top = l.topLeftCorner(half, half), bottom = l.bottomRightCorner(rest, rest);
  MatrixRef side = l.bottomLeftCorner(rest, half);
  invert_lower_triangle(top);
  invert_lower_triangle(bottom);
  Eigen::MatrixXd product(rest, half);
  product.noalias() = bottom.triangularView<Eigen::Lower>() * side;
  side.noalias() = -product * top.triangularView<Eigen::Lower>();
}

/// Lower triangle of `out` (n, n) = M^T M for the lower triangular `m` (n, n).
inline void square_lower_triangle(const Eigen::Ref<const Eigen::MatrixXd, 0, Eigen::OuterStride<>>& m, MatrixRef out) {
  const Eigen::Index n = m.rows();
  if (n <= small_inverse) {
    for (Eigen::Index j = 0; j < n; ++j) {
      for (Eigen::Index i = j; i < n; ++i) {
        out(i, j) = m.col(i).segment(i, n - i).dot(m.col(j).segment(i, n - i));
      }
    }
    return;
  }
  const Eigen::Index half = n / 2, rest = n - half;
  square_lower_triangle(m.topLeftCorner(half, half), out.topLeftCorner(half, half));
  square_lower_triangle(m.bottomRightCorner(rest, rest), out.bottomRightCorner(rest, rest));
  const auto side = m.bottomLeftCorner(rest, half);
  out.topLeftCorner(half, half).selfadjointView<Eigen::Lower>().rankUpdate(side.transpose());
  out.bottomLeftCorner(rest, half).noalias() =
      m.bottomRightCorner(rest, rest).triangularView<Eigen::Lower>().transpose() * side;
}

}  // namespace bayestuner::surrogate::detail
