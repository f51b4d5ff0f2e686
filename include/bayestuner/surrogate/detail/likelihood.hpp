#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "bayestuner/core/normal.hpp"
#include "bayestuner/surrogate/detail/pair_distances.hpp"
#include "bayestuner/surrogate/detail/triangular_inverse.hpp"

namespace bayestuner::surrogate::detail {

/// What the likelihood is asked about: the merged rows' targets and noise, and how the mean is treated.
struct Evidence {
  Eigen::VectorXd targets;         ///< (n)
  Eigen::VectorXd multiplicity;    ///< (n): the shared noise variance is divided by it
  Eigen::VectorXd known_variance;  ///< (n): added to it
  bool profile_mean = true;        ///< the constant mean that maximises the likelihood
  double mean = 0.0;               ///< if it is not profiled
  double jitter = 1e-8;
};

/// Log marginal likelihood and its gradient in the logs of the hyperparameters, with work arrays that live as long as
/// the search for hyperparameters. Source: Rasmussen & Williams 2006, eq. 5.8 and 5.9.
template <Kernel K>
class Likelihood {
 public:
  Likelihood(const PairDistances& distances, const Evidence& evidence)
      : distances_(distances),
        evidence_(evidence),
        n_(evidence.targets.size()),
        d_(static_cast<Eigen::Index>(distances.terms().size())),
        values_(distances.pairs()),
        slopes_(distances.pairs()),
        matrix_(n_, n_),
        inverse_(n_, n_) {}

  /// At `theta` (d + 2), as Hyperparameters::packed; fills `gradient` (d + 2) where it is not null.
  /// -infinity where the matrix is not positive definite.
  double operator()(const Eigen::Ref<const Eigen::VectorXd>& theta, Eigen::VectorXd* gradient) {
    const Metric<double> metric(distances_.terms(), theta.head(d_));
    const double signal = std::exp(theta[d_]), noise = std::exp(theta[d_ + 1]);
    evaluate_kernel(metric, gradient != nullptr);
    assemble(signal, noise);
    Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> llt(matrix_);
    if (llt.info() != Eigen::Success || !matrix_.diagonal().allFinite()) {
      return -std::numeric_limits<double>::infinity();
    }

    const auto lower = std::as_const(matrix_).template triangularView<Eigen::Lower>();
    Eigen::VectorXd weights = evidence_.targets;
    lower.solveInPlace(weights);
    Eigen::VectorXd ones = Eigen::VectorXd::Ones(n_);
    lower.solveInPlace(ones);
    const double mean = evidence_.profile_mean ? ones.dot(weights) / ones.squaredNorm() : evidence_.mean;
    weights -= mean * ones;
    const double value = -0.5 * weights.squaredNorm() - matrix_.diagonal().array().log().sum() -
                         static_cast<double>(n_) * log_sqrt_two_pi;
    if (gradient != nullptr) {
      lower.transpose().solveInPlace(weights);
      differentiate(metric, signal, noise, weights, *gradient);
    }
    return value;
  }

 private:
  void evaluate_kernel(const Metric<double>& metric, bool with_slopes) {
    Eigen::VectorXd to_distance = metric.weights, to_exponent = metric.weights;
    for (Eigen::Index j = 0; j < d_; ++j) {
      (metric.terms[static_cast<std::size_t>(j)] == Term::factor ? to_distance : to_exponent)[j] = 0.0;
    }
    distances_.for_blocks([&](Eigen::Index first, Eigen::Index count, const PairDistances::Differences& differences) {
      const KernelBlock<double> r2 = (differences * to_distance).array();
      KernelBlock<double> value, slope;
      if (with_slopes) {
        K::value_and_slope(r2, value, slope);
      } else {
        value = K::value(r2);
      }
      if (metric.factors) {
        const KernelBlock<double> factor = exp_minus<KernelBlock<double>>((differences * to_exponent).array());
        value *= factor;
        if (with_slopes) slope *= factor;
      }
      values_.segment(first, count) = value;
      if (with_slopes) slopes_.segment(first, count) = slope;
    });
  }

  void assemble(double signal, double noise) {
    matrix_.diagonal() =
        (signal + evidence_.jitter + noise / evidence_.multiplicity.array() + evidence_.known_variance.array())
            .matrix();
    for (Eigen::Index i = 0, start = 0; i < n_; start += n_ - 1 - i, ++i) {
      matrix_.col(i).tail(n_ - 1 - i) = signal * values_.segment(start, n_ - 1 - i).matrix();
    }
  }

  /// d / d theta = tr((alpha alpha^T - K^{-1}) dK / d theta) / 2; the profiled mean adds nothing, being stationary.
  void differentiate(const Metric<double>& metric, double signal, double noise, const Eigen::VectorXd& alpha,
                     Eigen::VectorXd& gradient) {
    invert_lower_triangle(matrix_);
    square_lower_triangle(matrix_, inverse_);
    const Eigen::ArrayXd diagonal = alpha.array().square() - inverse_.diagonal().array();
    // From here on, slopes_ holds the pairs' share of the lengthscale gradient, values_ that of the signal variance.
    double signal_sum = 0.5 * diagonal.sum();
    for (Eigen::Index i = 0, start = 0; i < n_; start += n_ - 1 - i, ++i) {
      const Eigen::Index count = n_ - 1 - i;
      auto outer = inverse_.col(i).tail(count).array();
      outer = alpha[i] * alpha.tail(count).array() - outer;
      slopes_.segment(start, count) *= outer;
      values_.segment(start, count) *= outer;
    }
    signal_sum += values_.sum();
    Eigen::VectorXd by_distance = Eigen::VectorXd::Zero(d_), by_factor = Eigen::VectorXd::Zero(d_);
    distances_.for_blocks([&](Eigen::Index first, Eigen::Index count, const PairDistances::Differences& differences) {
      by_distance.noalias() += differences.transpose() * slopes_.segment(first, count).matrix();
      if (metric.factors) by_factor.noalias() += differences.transpose() * values_.segment(first, count).matrix();
    });
    gradient.resize(d_ + 2);
    for (Eigen::Index j = 0; j < d_; ++j) {
      const bool factor = metric.terms[static_cast<std::size_t>(j)] == Term::factor;
      gradient[j] = signal * metric.weights[j] * (factor ? by_factor : by_distance)[j];
    }
    gradient[d_] = signal * signal_sum;
    gradient[d_ + 1] = 0.5 * noise * (diagonal / evidence_.multiplicity.array()).sum();
  }

  const PairDistances& distances_;
  const Evidence& evidence_;
  Eigen::Index n_, d_;
  Eigen::ArrayXd values_, slopes_;  // (pairs)
  Eigen::MatrixXd matrix_, inverse_;
};

}  // namespace bayestuner::surrogate::detail
