#pragma once
/// Prior log densities of one positive hyperparameter, with derivatives in its logarithm.

#include <cmath>
#include <variant>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/normal.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::surrogate {

/// A log density and its derivative with respect to the logarithm of the hyperparameter.
struct LogDensity {
  double value, slope;
};

/// ln x ~ N(mean, stddev^2), as a density on ln x (no Jacobian): the recipe's prior.
struct NormalPrior {
  double mean = 0.0, stddev = 1.0;

  LogDensity operator()(double log_x) const {
    const double z = (log_x - mean) / stddev;
    return {-0.5 * z * z - std::log(stddev) - log_sqrt_two_pi, -z / stddev};
  }
};

/// x ~ lognormal(mean, stddev), as a density on x: NormalPrior with the Jacobian of the logarithm.
struct LogNormalPrior {
  double mean = 0.0, stddev = 1.0;

  LogDensity operator()(double log_x) const {
    const LogDensity on_log = NormalPrior{mean, stddev}(log_x);
    return {on_log.value - log_x, on_log.slope - 1.0};
  }
};

/// x ~ gamma(concentration, rate), as a density on x.
struct GammaPrior {
  double concentration = 1.0, rate = 1.0;

  LogDensity operator()(double log_x) const {
    const double x = std::exp(log_x);
    return {concentration * std::log(rate) - std::lgamma(concentration) + (concentration - 1.0) * log_x - rate * x,
            concentration - 1.0 - rate * x};
  }
};

/// No preference: density 1 everywhere.
struct FlatPrior {
  LogDensity operator()(double) const { return {0.0, 0.0}; }
};

using Prior = std::variant<NormalPrior, LogNormalPrior, GammaPrior, FlatPrior>;

inline LogDensity log_density(const Prior& prior, double log_x) {
  return std::visit([&](const auto& p) { return p(log_x); }, prior);
}

/// Lengthscale prior of the recipe for `dimension` >= 1 kernel axes: ln l ~ N(ln 0.75 + ln(d) / 2, 1).
inline NormalPrior default_lengthscale_prior(Eigen::Index dimension) {
  return {std::log(0.75) + 0.5 * std::log(static_cast<double>(std::max<Eigen::Index>(dimension, 1))), 1.0};
}

/// Dimension-scaled lognormal prior, favouring longer lengthscales.
/// Source: Hvarfner, Hellsten & Nardi 2024, arXiv:2402.02229, eq. 7.
inline LogNormalPrior dimension_scaled_lengthscale_prior(Eigen::Index dimension) {
  return {std::sqrt(2.0) + 0.5 * std::log(static_cast<double>(std::max<Eigen::Index>(dimension, 1))), std::sqrt(3.0)};
}

}  // namespace bayestuner::surrogate
