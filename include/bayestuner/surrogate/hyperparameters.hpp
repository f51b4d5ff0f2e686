#pragma once

#include <Eigen/Core>
#include <cmath>
#include <optional>
#include <vector>

#include "bayestuner/surrogate/priors.hpp"

namespace bayestuner::surrogate {

/// What a Gaussian process learns besides its data, in natural logarithms. Lengthscales are in units of the kernel
/// axes ([0, 1] wide), variances in units of the (standardised) targets squared.
struct Hyperparameters {
  Eigen::VectorXd log_lengthscales;  ///< (d), one an axis
  double log_signal_variance = 0.0;
  double log_noise_variance = -6.907755278982137;  ///< ln 1e-3; -infinity: no noise of its own

  /// (d + 2): lengthscales, signal variance, noise variance.
  Eigen::VectorXd packed() const {
    Eigen::VectorXd all(log_lengthscales.size() + 2);
    all << log_lengthscales, log_signal_variance, log_noise_variance;
    return all;
  }
  static Hyperparameters unpack(const Eigen::Ref<const Eigen::VectorXd>& all) {
    return {all.head(all.size() - 2), all[all.size() - 2], all[all.size() - 1]};
  }

  friend bool operator==(const Hyperparameters& a, const Hyperparameters& b) {
    return a.log_lengthscales.size() == b.log_lengthscales.size() && a.log_lengthscales == b.log_lengthscales &&
           a.log_signal_variance == b.log_signal_variance && a.log_noise_variance == b.log_noise_variance;
  }
};

/// Prior beliefs about the hyperparameters; `lengthscale` empty: default_lengthscale_prior(d).
struct Priors {
  std::optional<Prior> lengthscale;
  Prior signal_variance = NormalPrior{0.0, 1.0};
  Prior noise_variance = NormalPrior{-4.0, 1.0};
};

/// Closed intervals of the values (not their logs) in which the hyperparameters are sought.
struct HyperparameterBounds {
  double lengthscale_low = 0.02, lengthscale_high = 100.0;
  double signal_variance_low = 0.01, signal_variance_high = 30.0;
  double noise_variance_low = 1e-6, noise_variance_high = 1.0;
};

/// Where a search starts without better knowledge: l = min(prior median, 0.6 sqrt d), variances 1 and 1e-3.
inline Hyperparameters default_hyperparameters(Eigen::Index dimension) {
  const double d = static_cast<double>(std::max<Eigen::Index>(dimension, 1));
  Hyperparameters h;
  h.log_lengthscales = Eigen::VectorXd::Constant(
      dimension, std::min(default_lengthscale_prior(dimension).mean, std::log(0.6 * std::sqrt(d))));
  return h;
}

}  // namespace bayestuner::surrogate
