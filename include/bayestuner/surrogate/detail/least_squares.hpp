#pragma once

#include <Eigen/Core>
#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <vector>

namespace bayestuner::surrogate::detail {

/// Least squares with an optional ridge on all columns but the first.
struct LeastSquares {
  Eigen::VectorXd coefficients;  ///< (p)
  Eigen::MatrixXd root;          ///< (p, p): root * root' = (A'A + ridge)^{-1}
  Eigen::VectorXd residual;      ///< (n)
  Eigen::VectorXd leverage;      ///< (n): diagonal of the hat matrix

  /// `a` (n, p): of full column rank unless ridge > 0; `y` (n).
  LeastSquares(const Eigen::MatrixXd& a, const Eigen::VectorXd& y, double ridge) {
    const Eigen::Index n = a.rows(), p = a.cols(), extra = ridge > 0.0 ? p : 0;
    Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(n + extra, p);
    rows.topRows(n) = a;
    if (extra > 0) rows.bottomRows(p).diagonal().tail(p - 1).setConstant(std::sqrt(ridge));
    Eigen::VectorXd targets = Eigen::VectorXd::Zero(n + extra);
    targets.head(n) = y;
    const Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr(rows);
    coefficients = qr.solve(targets);
    root = qr.matrixR().topLeftCorner(p, p).triangularView<Eigen::Upper>().solve(Eigen::MatrixXd::Identity(p, p));
    root = qr.colsPermutation() * root;
    residual = y - a * coefficients;
    leverage = (a * root).rowwise().squaredNorm();
  }

  /// Mean squared error of predicting each row from the others.
  double press() const { return (residual.array() / (1.0 - leverage.array()).max(1e-8)).square().mean(); }
  double degrees_of_freedom() const { return static_cast<double>(residual.size()) - leverage.sum(); }
};

/// The columns of `a` that those before them do not span, with the relative tolerance 1e-10: of aliased terms the
/// simplest stays.
inline std::vector<Eigen::Index> independent_columns(const Eigen::MatrixXd& a) {
  std::vector<Eigen::Index> out;
  Eigen::MatrixXd basis(a.rows(), std::min(a.rows(), a.cols()));
  for (Eigen::Index j = 0; j < a.cols() && static_cast<Eigen::Index>(out.size()) < basis.cols(); ++j) {
    Eigen::VectorXd rest = a.col(j);
    const double size = rest.norm();
    const auto known = basis.leftCols(static_cast<Eigen::Index>(out.size()));
    for (int pass = 0; pass < 2; ++pass) rest -= known * (known.transpose() * rest);  // twice is enough (Kahan)
    if (!(rest.norm() > 1e-10 * size)) continue;
    basis.col(static_cast<Eigen::Index>(out.size())) = rest / rest.norm();
    out.push_back(j);
  }
  return out;
}

}  // namespace bayestuner::surrogate::detail
