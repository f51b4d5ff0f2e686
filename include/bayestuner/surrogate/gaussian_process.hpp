#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/normal.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/space/axis.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "bayestuner/surrogate/detail/factor.hpp"
#include "bayestuner/surrogate/detail/likelihood.hpp"
#include "bayestuner/surrogate/detail/merge.hpp"
#include "bayestuner/surrogate/detail/metric.hpp"
#include "bayestuner/surrogate/detail/projected_bfgs.hpp"
#include "bayestuner/surrogate/hyperparameters.hpp"
#include "bayestuner/surrogate/kernel/matern.hpp"
#include "bayestuner/surrogate/kernel/squared_exponential.hpp"

namespace bayestuner::surrogate {

/// How labels enter the kernel: [a != b] / l^2 added to the squared distance, or a factor exp(-[a != b] / l).
enum class CategoricalForm { in_distance, as_factor };

struct GaussianProcessOptions {
  std::vector<space::AxisKind> axes = {};  ///< one a column of x; empty: all numeric
  CategoricalForm categorical = CategoricalForm::in_distance;
  bool optimise = true;                       ///< fit() seeks hyperparameters; false: it keeps `start`
  std::optional<Hyperparameters> start = {};  ///< empty: default_hyperparameters(d)
  Priors priors = {};
  HyperparameterBounds bounds = {};
  int max_iterations = 40;  ///< of the search from each start
  /// The search ends once a step gains less than this share of the log posterior, or no slope exceeds its root.
  double tolerance = 1e-10;
  int starts = 2;  ///< 2: the default start and the previous optimum; 1: the previous optimum if there is one
  std::size_t max_fit_rows =
      0;  ///< more rows than this: hyperparameters are sought on the best half and a spread of the rest; 0: on all
  bool profile_mean = true;  ///< constant mean by generalised least squares
  double mean = 0.0;         ///< the constant mean if it is not profiled, unit of the targets
  bool standardise = true;   ///< targets to mean 0, sd 1 inside; hyperparameters are in these units
  double jitter = 1e-8;      ///< added to the diagonal; times 10 up to 1e-3 where the matrix is not positive definite
};

/// Mean (m) and covariance (m, m) of the noise-free metric at m rows together.
struct JointPosterior {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};

/// Leave-one-out predictions of every (merged) row, noise included.
struct LeaveOneOut {
  Eigen::VectorXd mean, variance;  ///< (size())
  double log_predictive_density = 0.0;
};

/// Gaussian process regression with one lengthscale an axis, a constant mean, shared and known noise, and maximum a
/// posteriori hyperparameters. Equal rows are merged into one observation of their mean. Cubic in the rows to fit,
/// quadratic to add one. Deterministic.
/// Source: Rasmussen & Williams 2006, ch. 2 and 5; profiled mean: eq. 2.41, 2.42.
template <Kernel K = Matern52>
class GaussianProcess {
 public:
  using kernel_type = K;

  explicit GaussianProcess(GaussianProcessOptions options = {});

  /// Learns rows `x` (n, d) with targets `y` (n) and known variances `noise` (n, or empty): seeks hyperparameters
  /// (unless options.optimise is false), then conditions. Throws InvalidArgument, NumericalError.
  void fit(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
           const Eigen::Ref<const Eigen::VectorXd>& noise = Eigen::VectorXd());

  /// As fit, but keeps the hyperparameters. O(n^3).
  void condition(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
                 const Eigen::Ref<const Eigen::VectorXd>& noise = Eigen::VectorXd());

  /// Adds one row `x` (d). O(n^2), or O(n^3) where the row is there already. The standardisation stays.
  void update(const Eigen::Ref<const Eigen::VectorXd>& x, double y, double noise = 0.0);

  /// Replaces all targets `y` (observations()), in the order in which rows were given; hyperparameters, factor and
  /// standardisation stay. O(n^2).
  void set_targets(const Eigen::Ref<const Eigen::VectorXd>& y);

  /// Belief about the noise-free metric at rows `x` (m, d).
  Posterior predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const;
  JointPosterior joint(const Eigen::Ref<const Eigen::MatrixXd>& x) const;
  /// `count` joint draws (m, count) of the noise-free metric at rows `x` (m, d).
  Eigen::MatrixXd sample(const Eigen::Ref<const Eigen::MatrixXd>& x, Random& random, Eigen::Index count = 1) const;
  LeaveOneOut leave_one_out() const;

  /// ln p(y | hyperparameters) of the merged observations, in the targets' own unit.
  double log_marginal_likelihood() const;
  /// Its gradient (d + 2), ordered as Hyperparameters::packed.
  Eigen::VectorXd log_marginal_likelihood_gradient() const;
  /// ln p(y, hyperparameters): what the search maximises.
  double log_posterior() const { return log_marginal_likelihood() + log_prior(hyperparameters_, nullptr); }

  const Hyperparameters& hyperparameters() const { return hyperparameters_; }
  /// Keeps the data and takes other hyperparameters. O(n^3). Throws InvalidArgument where the sizes differ.
  void set_hyperparameters(const Hyperparameters& h);

  Eigen::Index size() const { return factor_.size(); }               ///< merged rows: the size of the factor
  Eigen::Index observations() const { return groups_.originals(); }  ///< rows given
  Eigen::Index dimension() const { return rows_.cols(); }
  double mean() const { return shift_ + scale_ * mean_; }  ///< the constant mean, unit of the targets
  const GaussianProcessOptions& options() const { return options_; }
  GaussianProcessOptions& options() { return options_; }

  // What a prediction cache reads; in the standardised unit.
  auto rows() const { return rows_.topRows(size()); }  ///< (n, d) merged rows
  auto factor() const { return factor_.matrix(); }     ///< (n, n): L in the lower triangle
  const std::vector<detail::Term>& terms() const { return terms_; }
  const Eigen::VectorXd& whitened_targets() const { return whitened_; }  ///< L^{-1} (y - mean) (n)
  const Eigen::VectorXd& whitened_ones() const { return ones_; }         ///< L^{-1} 1 (n)
  double standard_mean() const { return mean_; }
  double target_shift() const { return shift_; }
  double target_scale() const { return scale_; }
  double jitter() const { return jitter_; }  ///< what the factor needed
  /// One number a merged row: equal numbers up to row r mean that the factors are equal, to the bit, up to row r.
  const std::vector<std::uint64_t>& row_stamps() const { return stamps_; }

 private:
  void load(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
            const Eigen::Ref<const Eigen::VectorXd>& noise);
  void standardise();
  void refresh_groups();
  void factorise();
  void solve_targets();
  void seek_hyperparameters();
  double log_prior(const Hyperparameters& h, Eigen::VectorXd* gradient) const;
  detail::Evidence evidence(const std::vector<Eigen::Index>& subset) const;
  double noise_of(Eigen::Index row) const;
  std::uint64_t stamp(std::uint64_t state, Eigen::Index row) const;
  void stamp_all();
  /// joint(), in the standardised unit.
  JointPosterior joint_standard(const Eigen::Ref<const Eigen::MatrixXd>& x) const;
  void require_columns(const Eigen::Ref<const Eigen::MatrixXd>& x) const;
  static double floored(double variance) { return std::max(variance, 1e-10); }

  GaussianProcessOptions options_;
  std::vector<detail::Term> terms_;
  Hyperparameters hyperparameters_;
  bool fitted_ = false;  // hyperparameters_ come from data

  detail::Groups groups_;
  std::vector<double> raw_targets_, raw_noise_;  // (observations)
  Eigen::MatrixXd rows_;                         // (>= n, d)
  Eigen::VectorXd targets_;                      // (n), standardised
  Eigen::VectorXd multiplicity_, known_;         // (n)
  double shift_ = 0.0, scale_ = 1.0;

  detail::GrowingFactor factor_;
  std::vector<std::uint64_t> stamps_;        // (n)
  Eigen::VectorXd whitened_, ones_, alpha_;  // (n): L^{-1}(y - m), L^{-1} 1, K^{-1}(y - m)
  double mean_ = 0.0, jitter_ = 0.0;
};

}  // namespace bayestuner::surrogate

#include "bayestuner/surrogate/detail/gaussian_process_impl.hpp"
