#pragma once

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/detail/standard_score.hpp"
#include "bayestuner/core/bound.hpp"

namespace bayestuner::acquisition {

/// ln P(metric on the allowed side of `threshold`) for every row (n), given the metric's posterior.
/// Throws InvalidArgument for an unusable posterior or a threshold that is NaN; an infinite one is always or never met.
/// Source: Gardner et al. 2014, "Bayesian optimization with inequality constraints", eq. 5.
inline Eigen::VectorXd log_probability_of_feasibility(const Posterior& p, double threshold, Bound bound) {
  require_posterior("log_probability_of_feasibility", p);
  if (std::isnan(threshold)) throw InvalidArgument("log_probability_of_feasibility: threshold: nan is not a number");
  const double sign = bound == Bound::at_most ? 1.0 : -1.0;
  return bayestuner::detail::by_blocks(p.mean.size(), [&](Eigen::Index first, Eigen::Index count) {
    return bayestuner::detail::log_normal_cdf(sign * detail::standard_score(p, threshold, first, count));
  });
}

/// ln P(low <= metric <= high) for every row (n). Throws InvalidArgument unless low < high.
inline Eigen::VectorXd log_probability_of_feasibility(const Posterior& p, double low, double high) {
  require_posterior("log_probability_of_feasibility", p);
  if (!(low < high)) {
    throw InvalidArgument("log_probability_of_feasibility: low: " + to_text(low) + " is not below high " +
                          to_text(high));
  }
  Eigen::VectorXd out(p.mean.size());
  for (Eigen::Index i = 0; i < out.size(); ++i) {
    const double s = std::max(p.stddev[i], detail::sharpest);
    const double a = bayestuner::detail::within_reach((low - p.mean[i]) / s);
    const double b = bayestuner::detail::within_reach((high - p.mean[i]) / s);
    out[i] = a < b ? log_prob_normal_in(a, b) : log_normal_cdf(std::min(a, -b));
  }
  return out;
}

}  // namespace bayestuner::acquisition
