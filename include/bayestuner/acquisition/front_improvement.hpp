#pragma once
/// Acquisitions for several objectives, in logs: models of FrontAcquisition over one HypervolumeImprovement.

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/hypervolume.hpp"

namespace bayestuner::acquisition {

/// ln EHVI: expected gain in hypervolume.
/// Source: Emmerich, Deutz & Klinkenberg 2011, doi:10.1109/CEC.2011.5949880.
class LogExpectedHypervolumeImprovement {
 public:
  explicit LogExpectedHypervolumeImprovement(HypervolumeImprovement front) : front_(std::move(front)) {}
  Eigen::VectorXd operator()(const std::vector<Posterior>& beliefs) const { return front_.log_expected(beliefs); }

 private:
  HypervolumeImprovement front_;
};
static_assert(FrontAcquisition<LogExpectedHypervolumeImprovement>);

/// ln PoI: probability to lie inside the reference and to be dominated by nothing known.
/// Source: Keane 2006, doi:10.2514/1.16875.
class LogProbabilityOfFrontImprovement {
 public:
  explicit LogProbabilityOfFrontImprovement(HypervolumeImprovement front) : front_(std::move(front)) {}
  Eigen::VectorXd operator()(const std::vector<Posterior>& beliefs) const { return front_.log_probability(beliefs); }

 private:
  HypervolumeImprovement front_;
};
static_assert(FrontAcquisition<LogProbabilityOfFrontImprovement>);

/// ln HVPoI: the probability of improvement times what the mean would gain. Candidates whose mean is dominated gain
/// nothing; they stand far below the others, ordered by the probability.
/// Source: Couckuyt, Deschrijver & Dhaene 2014, doi:10.1007/s10898-013-0118-2, eq. 15.
class LogHypervolumeProbabilityOfImprovement {
 public:
  explicit LogHypervolumeProbabilityOfImprovement(HypervolumeImprovement front) : front_(std::move(front)) {}

  Eigen::VectorXd operator()(const std::vector<Posterior>& beliefs) const {
    Eigen::VectorXd score = front_.log_probability(beliefs);
    const Eigen::VectorXd gain = front_.gain_of_mean(beliefs);
    for (Eigen::Index i = 0; i < score.size(); ++i) {
      score[i] = gain[i] > 0.0 ? score[i] + std::log(gain[i]) : std::max(score[i], -far) - far;
    }
    return score;
  }

 private:
  // Below any logarithm of a gain, and small enough that probabilities still differ when it is added.
  static constexpr double far = 1e6;

  HypervolumeImprovement front_;
};
static_assert(FrontAcquisition<LogHypervolumeProbabilityOfImprovement>);

}  // namespace bayestuner::acquisition
