#pragma once

#include <utility>
#include <vector>

#include "bayestuner/acquisition/feasibility.hpp"

namespace bayestuner::acquisition {

/// One constrained metric: what is believed of it at the candidates (n), and the side on which it must stay.
struct ConstraintBelief {
  Posterior posterior;
  double threshold = 0.0;
  Bound bound = Bound::at_most;
};

/// An acquisition in logs plus ln P(feasible), constraints taken as independent: score = A + sum_j ln PF_j.
/// `A` must itself be a logarithm (LogExpectedImprovement, LogExpectedHypervolumeImprovement …): sums of logs are
/// products.
/// Source: Gardner et al. 2014, eq. 6, in logs.
template <class A>
  requires Acquisition<A> || FrontAcquisition<A>
class Constrained {
 public:
  /// Throws InvalidArgument where the constraints' posteriors differ in size.
  Constrained(A acquisition, const std::vector<ConstraintBelief>& constraints) : acquisition_(std::move(acquisition)) {
    for (const ConstraintBelief& c : constraints) {
      const Eigen::VectorXd log_pf = log_probability_of_feasibility(c.posterior, c.threshold, c.bound);
      if (log_feasible_.size() == 0) {
        log_feasible_ = log_pf;
      } else {
        require_same_size("Constrained", log_feasible_, log_pf);
        log_feasible_ += log_pf;
      }
    }
    constrained_ = !constraints.empty();
  }

  /// Scores (n) for the same candidates, in the same order, as the constraints' posteriors.
  Eigen::VectorXd operator()(const Posterior& p) const
    requires Acquisition<A>
  {
    return constrained(acquisition_(p));
  }
  Eigen::VectorXd operator()(const std::vector<Posterior>& beliefs) const
    requires FrontAcquisition<A>
  {
    return constrained(acquisition_(beliefs));
  }

  /// Sum of the constraints' ln PF (n); empty without constraints.
  const Eigen::VectorXd& log_feasible() const { return log_feasible_; }

 private:
  Eigen::VectorXd constrained(Eigen::VectorXd score) const {
    if (constrained_) {
      require_same_size("Constrained", score, log_feasible_);
      score += log_feasible_;
    }
    return score;
  }

  A acquisition_;
  Eigen::VectorXd log_feasible_;
  bool constrained_ = false;
};

}  // namespace bayestuner::acquisition
