#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "bayestuner/acquisition/feasibility.hpp"
#include "bayestuner/acquisition/hypervolume.hpp"
#include "bayestuner/acquisition/log_expected_improvement.hpp"
#include "bayestuner/core/normal.hpp"
#include "bayestuner/search/acquisition_choice.hpp"
#include "bayestuner/search/detail/output_transform.hpp"
#include "bayestuner/search/front_choice.hpp"

namespace bayestuner::search::detail {

/// What a model's belief is used for.
struct Role {
  TargetSpec spec;
  Eigen::Index metric = -1;  ///< -1: the failure label
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();  ///< targets
};

/// How an objective's belief becomes one about its outcome, counted in `unit`.
struct ObjectiveOutcome {
  OutputTransform transform;
  double unit;
};

/// Turns the models' beliefs about candidates into scores.
struct Scorer {
  std::vector<Role> roles;                                   ///< one a model, objectives first
  std::size_t objectives = 0;                                ///< how many of the roles
  std::optional<double> incumbent;                           ///< best feasible target; empty until one is known
  std::optional<acquisition::HypervolumeImprovement> front;  ///< several objectives, once something is feasible
  std::vector<ObjectiveOutcome> outcomes;                    ///< of the objectives, with `front`
  FrontChoice::Score front_score;                            ///< of beliefs about the objectives, with `front`

  /// ln P(no failure and every constraint holds) (n).
  Eigen::VectorXd log_feasible(const std::vector<Posterior>& beliefs, Eigen::Index n) const {
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(n);
    for (std::size_t k = objectives; k < roles.size(); ++k) {
      const Role& role = roles[k];
      const Posterior& p = beliefs[k];
      if (role.spec.role == TargetSpec::Role::label) {
        // The labels' own spread, 0.1, keeps an unlucky trial from condemning its neighbourhood.
        sum += log_normal_cdf(Eigen::VectorXd(p.mean.array() / (0.01 + p.stddev.array().square()).sqrt()));
      } else if (std::isinf(role.low)) {
        sum += acquisition::log_probability_of_feasibility(p, role.high, Bound::at_most);
      } else if (std::isinf(role.high)) {
        sum += acquisition::log_probability_of_feasibility(p, role.low, Bound::at_least);
      } else {
        sum += acquisition::log_probability_of_feasibility(p, role.low, role.high);
      }
    }
    return sum;
  }

  /// Until something feasible is known only feasibility counts.
  bool seeks_feasibility() const { return objectives == 0 || (objectives == 1 ? !incumbent : !front); }

  /// Scores (n): where to measure next.
  Eigen::VectorXd scores(const std::vector<Posterior>& beliefs, Eigen::Index n, const AcquisitionChoice& choice) const {
    const Eigen::VectorXd feasible = log_feasible(beliefs, n);
    if (seeks_feasibility()) return feasible;
    if (objectives > 1) return front_score(of_objectives(beliefs)) + feasible;
    return choice(beliefs[0], *incumbent, feasible);
  }

  /// ln of the expected feasible gain (n), in targets (several objectives: their product). Needs a feasible point.
  Eigen::VectorXd log_gain(const std::vector<Posterior>& beliefs, Eigen::Index n) const {
    const Eigen::VectorXd feasible = log_feasible(beliefs, n);
    if (objectives > 1) return front->log_expected(of_objectives(beliefs)) + feasible;
    return acquisition::LogExpectedImprovement(*incumbent)(beliefs[0]) + feasible;
  }

 private:
  /// The objectives' beliefs in the units of `front`.
  std::vector<Posterior> of_objectives(const std::vector<Posterior>& beliefs) const {
    std::vector<Posterior> out;
    for (std::size_t k = 0; k < objectives; ++k)
      out.push_back(outcomes[k].transform.outcome(beliefs[k], outcomes[k].unit));
    return out;
  }
};

}  // namespace bayestuner::search::detail
