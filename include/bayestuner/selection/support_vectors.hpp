#pragma once
/// Support vector classification with a Gaussian kernel.

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <vector>

#include "bayestuner/selection/concepts.hpp"

namespace bayestuner::selection {

struct SupportVectorOptions {
  double penalty = 1.0;     ///< C: of a row on the wrong side of its margin; above 0
  double width = 0.0;       ///< gamma of exp(-gamma |x - y|^2); 0: 1 / (columns * variance of all entries)
  double tolerance = 1e-3;  ///< on the violation of the optimality conditions; above 0
};

/// A two-class classifier: f(x) = sum_i c_i exp(-gamma |x - x_i|^2) + intercept, positive for the first class.
/// Trained by sequential minimal optimisation; the pair is chosen by second-order information.
/// Sources: Platt 1998, MSR-TR-98-14; Fan, Chen & Lin 2005, "Working set selection using second order information".
struct SupportVectors {
  std::vector<std::uint32_t> rows;  ///< of the training rows, those with a coefficient
  std::vector<double> coefficient;  ///< one a row: label * multiplier
  double intercept = 0.0, width = 1.0;

  /// f at `x` (p); `training` (n, p) are the rows learnt.
  double operator()(const Eigen::MatrixXd& training, const Eigen::Ref<const Eigen::RowVectorXd>& x) const;
};

/// Learns rows `x` (n, p), of which those with `positive` (n) are one class and the others the other; both occur.
/// Throws InvalidArgument for options out of range, sizes that differ, or one class alone.
SupportVectors fit_support_vectors(const Eigen::MatrixXd& x, const std::vector<char>& positive,
                                   const SupportVectorOptions& options = {});

/// One support vector classifier for each candidate: whether it answers. Probabilities by a logistic curve over f,
/// fitted on three folds that were left out. A model that always or never answers keeps its mean.
/// Source of the curve: Platt 1999, "Probabilistic outputs for support vector machines".
class SvmEstimator {
 public:
  explicit SvmEstimator(SupportVectorOptions options = {}, std::uint64_t seed = 0) : options_(options), seed_(seed) {}
  /// Throws InvalidArgument for scores that are no successes.
  void fit(const TrainingSet& data);
  int neighbours() const { return 0; }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a) {
    a(options_.penalty), a(options_.width), a(options_.tolerance), a(seed_), a(width_), a(vectors_), a(coefficients_);
    a(intercept_), a(slope_), a(offset_);
  }

 private:
  SupportVectorOptions options_;
  std::uint64_t seed_;
  double width_ = 1.0;
  Eigen::MatrixXd vectors_;       // (p, s): every row that some model needs, one a column
  Eigen::MatrixXd coefficients_;  // (m, s)
  // (m): f = intercept + ...; probability = logistic(slope f + offset)
  std::vector<double> intercept_, slope_, offset_;
};
static_assert(Estimator<SvmEstimator>);

}  // namespace bayestuner::selection
