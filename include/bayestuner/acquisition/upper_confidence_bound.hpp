#pragma once

#include "bayestuner/acquisition/concepts.hpp"

namespace bayestuner::acquisition {

/// Optimism in the face of uncertainty, minimising: -(mean - kappa * stddev).
/// Source: Srinivas et al. 2010, arXiv:0912.3995, eq. 6.
class UpperConfidenceBound {
 public:
  /// `kappa` >= 0: standard deviations of optimism. Throws InvalidArgument otherwise.
  explicit UpperConfidenceBound(double kappa = 1.5) : kappa_(require_finite("UpperConfidenceBound: kappa", kappa)) {
    if (kappa < 0.0) throw InvalidArgument("UpperConfidenceBound: kappa: " + to_text(kappa) + " is below 0");
  }

  /// Scores (n), objective's unit, negated.
  Eigen::VectorXd operator()(const Posterior& p) const {
    require_posterior("UpperConfidenceBound", p);
    return kappa_ * p.stddev - p.mean;
  }

 private:
  double kappa_;
};
static_assert(Acquisition<UpperConfidenceBound>);

}  // namespace bayestuner::acquisition
