#pragma once
/// Acquisitions of a whole batch, by quasi-Monte-Carlo over the joint belief about its candidates.

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/hypervolume.hpp"
#include "bayestuner/core/bound.hpp"
#include "bayestuner/core/normal.hpp"
#include "bayestuner/core/sobol_sequence.hpp"
#include "bayestuner/surrogate/gaussian_process.hpp"

namespace bayestuner::acquisition {

using surrogate::JointPosterior;

struct BatchOptions {
  std::size_t samples = 512;  ///< a power of two keeps the sequence balanced
  std::uint64_t seed = 0;     ///< equal seeds give equal values
};

/// One constrained metric of a batch: the joint belief about it (q), and the side on which it must stay.
struct BatchConstraint {
  JointPosterior posterior;
  double threshold = 0.0;
  Bound bound = Bound::at_most;
};

namespace detail {

inline void require_joint(const char* where, const JointPosterior& p, Eigen::Index q) {
  if (p.mean.size() != q || p.covariance.rows() != q || p.covariance.cols() != q || q == 0) {
    throw InvalidArgument(std::string(where) + ": a belief has mean (" + to_text(p.mean.size()) + ") and covariance (" +
                          to_text(p.covariance.rows()) + ", " + to_text(p.covariance.cols()) +
                          "); needed: (q), (q, q)" + " with the same q > 0 for all");
  }
  if (!p.mean.allFinite() || !p.covariance.allFinite()) {
    throw InvalidArgument(std::string(where) + ": a belief is not finite");
  }
}

/// Draws from joint beliefs about the same q candidates, independent between metrics: one (q, samples) a belief. The
/// uniform numbers are a shifted Sobol sequence over all coordinates.
inline std::vector<Eigen::MatrixXd> quasi_random_draws(const std::vector<const JointPosterior*>& beliefs,
                                                       const BatchOptions& options) {
  const Eigen::Index q = beliefs.front()->mean.size(), n = static_cast<Eigen::Index>(options.samples);
  const auto dimension = static_cast<std::size_t>(q) * beliefs.size();
  if (dimension > SobolSequence::max_dimension) {
    throw InvalidArgument("batch: " + std::to_string(dimension) + " candidates times metrics; at most " +
                          std::to_string(SobolSequence::max_dimension) + " are supported");
  }
  const SobolSequence sequence(dimension, Random(options.seed, 0xba7c4));
  std::vector<Eigen::MatrixXd> out(beliefs.size(), Eigen::MatrixXd(q, n));
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::VectorXd u = sequence.point(static_cast<std::uint64_t>(i));
    for (std::size_t k = 0; k < beliefs.size(); ++k) {
      for (Eigen::Index j = 0; j < q; ++j) {
        const double p = u[static_cast<Eigen::Index>(k) * q + j] + 0x1p-33;  // the middle of the cell: never 0 or 1
        out[k](j, i) = normal_quantile(p);
      }
    }
  }
  for (std::size_t k = 0; k < beliefs.size(); ++k) {
    // Pivoted, so that equal candidates, or certain ones, need no jitter.
    const Eigen::LDLT<Eigen::MatrixXd> factor(beliefs[k]->covariance);
    Eigen::MatrixXd z = factor.vectorD().cwiseMax(0.0).cwiseSqrt().asDiagonal() * out[k];
    z = factor.matrixL() * z;
    out[k] = (factor.transpositionsP().transpose() * z).colwise() + beliefs[k]->mean;
  }
  return out;
}

/// Where every constraint holds (q, samples), for draws that begin at `first`.
inline Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> feasible_draws(
    const std::vector<BatchConstraint>& constraints, const std::vector<Eigen::MatrixXd>& draws, std::size_t first) {
  Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic> out =
      Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>::Constant(draws[0].rows(), draws[0].cols(), true);
  for (std::size_t c = 0; c < constraints.size(); ++c) {
    const double sign = constraints[c].bound == Bound::at_most ? 1.0 : -1.0;
    out = out && (sign * (draws[first + c].array() - constraints[c].threshold) <= 0.0);
  }
  return out;
}

}  // namespace detail

/// qEI: the expected gain of the best of q candidates measured together, E max_i (incumbent - Y_i)+ over those that
/// keep the constraints. qLogEI is its logarithm.
/// Source: Ginsbourger, Le Riche & Carraro 2010, doi:10.1007/978-3-642-10701-6_6; quasi-Monte-Carlo: Balandat et al.
/// 2020, arXiv:1910.06403.
class BatchExpectedImprovement {
 public:
  /// `incumbent`: best value so far. Throws InvalidArgument if not finite, or without a sample.
  explicit BatchExpectedImprovement(double incumbent, BatchOptions options = {})
      : incumbent_(require_finite("BatchExpectedImprovement: incumbent", incumbent)), options_(options) {
    if (options.samples == 0) throw InvalidArgument("BatchExpectedImprovement: samples: must be at least 1");
  }

  /// Expected gain, objective's unit, of the batch `p` (q) under `constraints`, one belief (q) each. Throws
  /// InvalidArgument where sizes differ.
  double operator()(const JointPosterior& p, const std::vector<BatchConstraint>& constraints = {}) const {
    std::vector<const JointPosterior*> beliefs{&p};
    for (const BatchConstraint& constraint : constraints) beliefs.push_back(&constraint.posterior);
    for (const JointPosterior* belief : beliefs) {
      detail::require_joint("BatchExpectedImprovement", *belief, p.mean.size());
    }
    const auto draws = detail::quasi_random_draws(beliefs, options_);
    const auto feasible = detail::feasible_draws(constraints, draws, 1);
    const Eigen::ArrayXXd gain = feasible.select((incumbent_ - draws[0].array()).max(0.0), 0.0);
    return gain.colwise().maxCoeff().mean();
  }

  /// ln of the expected gain. Where no draw gains, the best single candidate's exact LogEI plus ln PF: a lower bound.
  double log_value(const JointPosterior& p, const std::vector<BatchConstraint>& constraints = {}) const;

 private:
  double incumbent_;
  BatchOptions options_;
};

inline double BatchExpectedImprovement::log_value(const JointPosterior& p,
                                                  const std::vector<BatchConstraint>& constraints) const {
  const double value = (*this)(p, constraints);
  if (value > 0.0) return std::log(value);
  double best = -std::numeric_limits<double>::max();
  for (Eigen::Index i = 0; i < p.mean.size(); ++i) {
    const auto spread = [i](const JointPosterior& belief) {
      return std::max(std::sqrt(std::max(belief.covariance(i, i), 0.0)), detail::sharpest);
    };
    double score = std::log(spread(p)) + log_h(bayestuner::detail::within_reach((incumbent_ - p.mean[i]) / spread(p)));
    for (const BatchConstraint& c : constraints) {
      const double sign = c.bound == Bound::at_most ? 1.0 : -1.0;
      score += log_normal_cdf(sign * (c.threshold - c.posterior.mean[i]) / spread(c.posterior));
    }
    best = std::max(best, score);
  }
  return best;
}

/// qEHVI: the expected gain in hypervolume of q candidates measured together, by inclusion and exclusion over the boxes
/// of HypervolumeImprovement; candidates that break a constraint in a draw add nothing to it.
/// Source: Daulton, Balandat & Bakshy 2020, arXiv:2006.05078.
class BatchExpectedHypervolumeImprovement {
 public:
  static constexpr Eigen::Index max_batch = 8;  ///< 2^q subsets a draw

  /// `front`: its scales say how values follow from what the beliefs are about. Throws InvalidArgument without a
  /// sample.
  explicit BatchExpectedHypervolumeImprovement(HypervolumeImprovement front, BatchOptions options = {})
      : front_(std::move(front)), options_(options) {
    if (options.samples == 0) throw InvalidArgument("BatchExpectedHypervolumeImprovement: samples: must be at least 1");
  }

  /// Expected gain of the batch, given one joint belief (q) an objective. Throws InvalidArgument where sizes differ or
  /// q is above 8.
  double operator()(const std::vector<JointPosterior>& objectives,
                    const std::vector<BatchConstraint>& constraints = {}) const;

 private:
  HypervolumeImprovement front_;
  BatchOptions options_;
};

inline double BatchExpectedHypervolumeImprovement::operator()(const std::vector<JointPosterior>& objectives,
                                                              const std::vector<BatchConstraint>& constraints) const {
  constexpr const char* where = "BatchExpectedHypervolumeImprovement";
  const std::size_t m = front_.objectives();
  if (objectives.size() != m) {
    throw InvalidArgument(std::string(where) + ": " + std::to_string(objectives.size()) + " beliefs for " +
                          std::to_string(m) + " objectives");
  }
  const Eigen::Index q = objectives.front().mean.size();
  if (q > max_batch) throw InvalidArgument(std::string(where) + ": q: " + to_text(q) + " is above 8");
  std::vector<const JointPosterior*> beliefs;
  for (const JointPosterior& objective : objectives) beliefs.push_back(&objective);
  for (const BatchConstraint& constraint : constraints) beliefs.push_back(&constraint.posterior);
  for (const JointPosterior* belief : beliefs) detail::require_joint(where, *belief, q);
  const auto draws = detail::quasi_random_draws(beliefs, options_);
  const auto feasible = detail::feasible_draws(constraints, draws, m);
  const auto rows = static_cast<Eigen::Index>(m);
  double sum = 0.0;
  Eigen::VectorXd corner(rows);
  for (Eigen::Index s = 0; s < draws[0].cols(); ++s) {
    for (unsigned subset = 1; subset < (1u << q); ++subset) {
      // What all of the subset dominate lies above its worst corner.
      corner.setConstant(-std::numeric_limits<double>::infinity());
      bool counts = true;
      double sign = -1.0;
      for (Eigen::Index i = 0; i < q && counts; ++i) {
        if ((subset >> i & 1u) == 0) continue;
        sign = -sign;
        counts = feasible(i, s);
        for (Eigen::Index j = 0; j < rows; ++j) {
          const auto k = static_cast<std::size_t>(j);
          corner[j] = std::max(corner[j], detail::value_of(front_.scales()[k], draws[k](i, s)));
        }
      }
      if (counts) sum += sign * front_.gain(corner);
    }
  }
  return std::max(sum, 0.0) / static_cast<double>(draws[0].cols());
}

}  // namespace bayestuner::acquisition
