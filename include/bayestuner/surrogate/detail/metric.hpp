#pragma once
/// How rows differ, axis by axis, and what a kernel makes of it.

#include <Eigen/Core>
#include <algorithm>
#include <vector>

#include "bayestuner/surrogate/concepts.hpp"

namespace bayestuner::surrogate::detail {

/// What one axis contributes for two coordinates a, b.
enum class Term : unsigned char {
  squared,   ///< (a - b)^2 to r2: a number
  mismatch,  ///< [a != b] to r2: a label
  factor     ///< [a != b] to an exponent of its own, exp(-[a != b] / l): a label beside the kernel
};

/// Axis difference of `a` (any Eigen array) and the scalar `b`. Labels are whole numbers, so that min(|a - b|, 1) is
/// the mismatch, without a comparison that would not vectorise.
template <class Array, class Scalar>
void axis_difference(Term term, const Array& a, Scalar b, KernelBlock<Scalar>& out) {
  if (term == Term::squared) {
    out = (a - b).square();
  } else {
    out = (a - b).abs().min(Scalar(1));
  }
}

/// The weights that lengthscales give to the axes' differences: r2 = sum_j weights_j D_j over squared and mismatch
/// axes, exponent = sum_j weights_j D_j over factor axes.
template <class Scalar>
struct Metric {
  std::vector<Term> terms;
  Eigen::Array<Scalar, Eigen::Dynamic, 1> weights;  // (d)
  bool factors = false;

  Metric() = default;
  Metric(const std::vector<Term>& axis_terms, const Eigen::Ref<const Eigen::VectorXd>& log_lengthscales)
      : terms(axis_terms), weights(log_lengthscales.size()) {
    for (Eigen::Index j = 0; j < weights.size(); ++j) {
      const bool factor = terms[static_cast<std::size_t>(j)] == Term::factor;
      weights[j] = static_cast<Scalar>(std::exp((factor ? -1.0 : -2.0) * log_lengthscales[j]));
      factors = factors || factor;
    }
  }

  /// Correlation of rows first … first + count - 1 (count <= 128) of `columns` (n, d) with the point `x` (d).
  template <Kernel K, class Columns, class Row>
  KernelBlock<Scalar> correlation(const Columns& columns, Eigen::Index first, Eigen::Index count, const Row& x) const {
    KernelBlock<Scalar> r2 = KernelBlock<Scalar>::Zero(count), difference(count);
    KernelBlock<Scalar> exponent = KernelBlock<Scalar>::Zero(factors ? count : 0);
    for (Eigen::Index j = 0; j < weights.size(); ++j) {
      const Term term = terms[static_cast<std::size_t>(j)];
      axis_difference<>(term, columns.col(j).segment(first, count).array(), x[j], difference);
      (term == Term::factor ? exponent : r2) += weights[j] * difference;
    }
    KernelBlock<Scalar> value = K::value(r2);
    if (factors) value *= exp_minus(exponent);
    return value;
  }
};

inline constexpr Eigen::Index kernel_block = 128;

/// out (n, m): correlation of every row of `a` (n, d) with every row of `b` (m, d), times `scale`.
template <Kernel K, class A, class B, class Out>
void cross_correlation(const Metric<double>& metric, const A& a, const B& b, double scale, Out&& out) {
  Eigen::VectorXd x(b.cols());
  for (Eigen::Index i = 0; i < b.rows(); ++i) {
    x = b.row(i).transpose();
    for (Eigen::Index first = 0; first < a.rows(); first += kernel_block) {
      const Eigen::Index count = std::min(kernel_block, a.rows() - first);
      out.col(i).segment(first, count).array() = scale * metric.template correlation<K>(a, first, count, x);
    }
  }
}

}  // namespace bayestuner::surrogate::detail
