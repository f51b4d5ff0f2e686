#pragma once
/// E(edge - Y)+ for a value Y that is a known function of a normal X, one number and blocks.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

#include "bayestuner/acquisition/detail/standard_score.hpp"
#include "bayestuner/core/normal.hpp"
#include "bayestuner/core/posterior.hpp"

namespace bayestuner::acquisition {

/// How an objective's minimised value Y follows from the X that is believed to be normal.
enum class OutcomeScale {
  linear,       ///< Y = X
  log,          ///< Y = e^X: a positive metric, learnt as its logarithm
  negative_log  ///< Y = -e^(-X): a positive metric that is maximised, learnt as minus its logarithm
};

namespace detail {

// Larger exponents end here: products of three such values are still numbers.
inline constexpr double largest_exponent = 230.0;

/// The minimised value at `x`.
inline double value_of(OutcomeScale scale, double x) {
  if (scale == OutcomeScale::linear) return x;
  const double size = std::exp(std::min(scale == OutcomeScale::log ? x : -x, largest_exponent));
  return scale == OutcomeScale::log ? size : -size;
}

/// The x at which the minimised value is `edge`; infinite where it never or always lies below.
inline double belief_of(OutcomeScale scale, double edge) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (scale == OutcomeScale::linear) return edge;
  if (scale == OutcomeScale::log) return edge > 0.0 ? std::log(edge) : -infinity;
  return edge < 0.0 ? -std::log(-edge) : infinity;
}

/// E(edge - Y)+ for rows [from, from + count) of `p`. With z = (x(edge) - mean) / s and v = z - s (log) or z + s
/// (negative_log), both lognormal cases are |edge| Phi(z) against E|Y| Phi(v), and E|Y| phi(v) = |edge| phi(z): written
/// with the Mills ratio R neither factor overflows while the other underflows.
inline NormalBlock gain_below(OutcomeScale scale, double edge, const Posterior& p, Eigen::Index from,
                              Eigen::Index count) {
  const auto mean = p.mean.segment(from, count).array(), s = p.stddev.segment(from, count).array();
  if (scale == OutcomeScale::linear) {
    const NormalBlock z = standard_score(p, edge, from, count);
    const NormalBlock rest = bayestuner::detail::negative_exp<NormalBlock>(-0.5 * z * z) *
                             bayestuner::detail::gain_ratio(NormalBlock(z.abs())) / sqrt_two_pi;
    return (edge - mean).max(0.0) + s * rest;
  }
  const double sign = scale == OutcomeScale::log ? 1.0 : -1.0;                           // of Y
  const NormalBlock expected = (sign * mean + 0.5 * s * s).min(largest_exponent).exp();  // of |Y|
  if (!(sign * edge > 0.0)) {  // an edge that the value never meets
    if (sign > 0.0) return NormalBlock::Zero(count);
    return expected + edge;
  }
  const double x = belief_of(scale, edge), size = std::abs(edge);
  const NormalBlock z = standard_score(p, x, from, count);
  const NormalBlock v = z - sign * s;
  const NormalBlock density = bayestuner::detail::negative_exp<NormalBlock>(-0.5 * z * z) / sqrt_two_pi;
  const NormalBlock below_z = density * bayestuner::detail::mills_ratio(NormalBlock(z.abs()));
  const NormalBlock below_v = density * bayestuner::detail::mills_ratio(NormalBlock(v.abs()));
  const NormalBlock z_upper = (z * 1e300).max(0.0).min(1.0), v_upper = (v * 1e300).max(0.0).min(1.0);
  const NormalBlock at_edge = size * (z_upper + (1.0 - 2.0 * z_upper) * below_z);
  const NormalBlock at_value = v_upper * expected + size * (1.0 - 2.0 * v_upper) * below_v;
  return (sign * (at_edge - at_value)).max(0.0);
}

/// ln E(edge - Y)+ for X ~ N(mean, s^2), exact where the value underflows; `edge` may be infinite.
inline double log_gain_below(OutcomeScale scale, double edge, double mean, double s) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  s = std::max(s, sharpest);
  if (std::isinf(edge)) return edge;
  const double x = belief_of(scale, edge);
  if (scale == OutcomeScale::linear) return std::log(s) + log_h(bayestuner::detail::within_reach((x - mean) / s));
  const double sign = scale == OutcomeScale::log ? 1.0 : -1.0;
  const double log_expected = sign * mean + 0.5 * s * s;
  if (std::isinf(x)) {
    if (sign > 0.0) return -infinity;
    return std::log(std::exp(std::min(log_expected, largest_exponent)) + edge);
  }
  const double size = std::abs(edge), z = bayestuner::detail::within_reach((x - mean) / s), v = z - sign * s;
  // A sharp belief: the value is linear in x where it counts.
  if (s < 1e-5) return std::log(size) + std::log(s) + log_h(z);
  if (std::max(z, v) < 0.0) {
    const double ratio = bayestuner::detail::mills_ratio(-z) - bayestuner::detail::mills_ratio(-v);
    return std::log(size) - 0.5 * z * z - log_sqrt_two_pi + std::log(std::max(sign * ratio, 1e-300));
  }
  const double gain = size * normal_cdf(z) - std::exp(std::min(log_expected, largest_exponent)) * normal_cdf(v);
  return std::log(std::max(sign * gain, 1e-300));
}

}  // namespace detail

}  // namespace bayestuner::acquisition
