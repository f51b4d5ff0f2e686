#pragma once
/// Improvement of a two-objective Pareto front, both objectives minimised and believed independent.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/detail/standard_score.hpp"

namespace bayestuner::acquisition {

/// What a further point adds to the area between a front and a reference point. The region not yet dominated is cut
/// into one strip for each gap along the first objective, where the exact expectation is a product of one-dimensional
/// gains: EHVI = sum_i [psi_1(a_i) - psi_1(a_(i-1))] psi_2(b_(i-1)), psi_j(a) = E(a - Y_j)+.
/// Source: Emmerich, Yang, Deutz, Wang & Fonseca 2016, doi:10.1007/978-3-319-29975-4_7 (strips, O(n log n)).
class HypervolumeImprovement {
 public:
  /// `points` (n, 2): values found so far, dominated ones and duplicates allowed; `reference` (2): worst acceptable
  /// values. Points not strictly better than the reference do not count. Throws InvalidArgument otherwise.
  HypervolumeImprovement(const Eigen::Ref<const Eigen::MatrixXd>& points,
                         const Eigen::Ref<const Eigen::VectorXd>& reference);

  /// ln EHVI (n) for the two objectives' beliefs about the same candidates; exact where EHVI itself underflows.
  Eigen::VectorXd log_expected(const Posterior& first, const Posterior& second) const;

  /// ln P(the point lies inside the reference box and no known point dominates it) (n).
  Eigen::VectorXd log_probability(const Posterior& first, const Posterior& second) const;

  /// Area that the point (`x`, `y`) would add.
  double gain(double x, double y) const;

  /// PoI times the gain of the mean (n); 0 where the mean is dominated.
  /// Source: Couckuyt, Deschrijver & Dhaene 2014, doi:10.1007/s10898-013-0118-2, eq. 15.
  Eigen::VectorXd probability_times_gain(const Posterior& first, const Posterior& second) const;

  Eigen::Index strips() const { return static_cast<Eigen::Index>(right_.size()); }

 private:
  double log_expected(double mu1, double s1, double mu2, double s2) const;
  double log_probability(double mu1, double s1, double mu2, double s2) const;
  static double score(double threshold, double mu, double s) {
    return bayestuner::detail::within_reach((threshold - mu) / std::max(s, detail::sharpest));
  }

  std::vector<double> right_, top_;  // right edge a_i and height b_(i-1) of the strips, left to right
};

inline HypervolumeImprovement::HypervolumeImprovement(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                                      const Eigen::Ref<const Eigen::VectorXd>& reference) {
  if (reference.size() != 2 || !reference.allFinite()) {
    throw InvalidArgument("HypervolumeImprovement: reference: two finite values are needed");
  }
  if (points.rows() > 0 && points.cols() != 2) {
    throw InvalidArgument("HypervolumeImprovement: points: " + to_text(points.cols()) + " columns, 2 are needed");
  }
  std::vector<std::pair<double, double>> sorted;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if (points(i, 0) < reference[0] && points(i, 1) < reference[1]) sorted.emplace_back(points(i, 0), points(i, 1));
  }
  std::sort(sorted.begin(), sorted.end());
  double best = reference[1];
  for (const auto& [x, y] : sorted) {
    if (!(y < best)) continue;
    right_.push_back(x);
    top_.push_back(best);
    best = y;
  }
  right_.push_back(reference[0]);
  top_.push_back(best);
}

inline Eigen::VectorXd HypervolumeImprovement::log_expected(const Posterior& first, const Posterior& second) const {
  using bayestuner::detail::NormalBlock;
  require_posterior("HypervolumeImprovement", first);
  require_posterior("HypervolumeImprovement", second);
  require_same_size("HypervolumeImprovement", first.mean, second.mean);
  const auto expected_gain = [](const Posterior& p, double threshold, Eigen::Index from, Eigen::Index count) {
    const NormalBlock z = detail::standard_score(p, threshold, from, count), u = z.abs();
    const NormalBlock rest = (-0.5 * z * z).exp() * bayestuner::detail::gain_ratio(u) / sqrt_two_pi;
    return NormalBlock((threshold - p.mean.segment(from, count).array()).max(0.0) +
                       p.stddev.segment(from, count).array() * rest);
  };
  Eigen::VectorXd out = bayestuner::detail::by_blocks(first.mean.size(), [&](Eigen::Index from, Eigen::Index count) {
    NormalBlock sum = NormalBlock::Zero(count), left = NormalBlock::Zero(count);
    for (std::size_t i = 0; i < right_.size(); ++i) {
      const NormalBlock here = expected_gain(first, right_[i], from, count);
      sum += (here - left).max(0.0) * expected_gain(second, top_[i], from, count);
      left = here;
    }
    return sum;
  });
  for (Eigen::Index i = 0; i < out.size(); ++i) {
    out[i] = out[i] > 1e-200 ? std::log(out[i])
                             : log_expected(first.mean[i], first.stddev[i], second.mean[i], second.stddev[i]);
  }
  return out;
}

namespace detail {

/// ln sum exp of two logs.
inline double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return std::isinf(b) ? a : a + std::log1p(std::exp(b - a));
}

}  // namespace detail

inline double HypervolumeImprovement::log_expected(double mu1, double s1, double mu2, double s2) const {
  double sum = -std::numeric_limits<double>::infinity(), left = sum;
  for (std::size_t i = 0; i < right_.size(); ++i) {
    const double here = log_h(score(right_[i], mu1, s1));
    if (here > left) sum = detail::log_add(sum, here + log1mexp(left - here) + log_h(score(top_[i], mu2, s2)));
    left = here;
  }
  const double scale = std::log(std::max(s1, detail::sharpest)) + std::log(std::max(s2, detail::sharpest));
  return std::max(sum + scale, -std::numeric_limits<double>::max());
}

inline double HypervolumeImprovement::log_probability(double mu1, double s1, double mu2, double s2) const {
  // Either the probability or what it lacks to one is small: the smaller of the two is summed without cancellation.
  double sum = -std::numeric_limits<double>::infinity(), left = sum, lack = sum;
  for (std::size_t i = 0; i < right_.size(); ++i) {
    const double here = score(right_[i], mu1, s1), height = score(top_[i], mu2, s2);
    const double width = std::isinf(left) ? log_normal_cdf(here) : log_prob_normal_in(left, here);
    sum = detail::log_add(sum, width + log_normal_cdf(height));
    lack = detail::log_add(lack, width + log_normal_cdf(-height));
    left = here;
  }
  lack = detail::log_add(lack, log_normal_cdf(-left));
  const double value = lack < sum ? log1mexp(std::min(lack, 0.0)) : sum;
  return std::clamp(value, -std::numeric_limits<double>::max(), 0.0);
}

inline Eigen::VectorXd HypervolumeImprovement::log_probability(const Posterior& first, const Posterior& second) const {
  require_posterior("HypervolumeImprovement", first);
  require_posterior("HypervolumeImprovement", second);
  require_same_size("HypervolumeImprovement", first.mean, second.mean);
  Eigen::VectorXd out(first.mean.size());
  for (Eigen::Index i = 0; i < out.size(); ++i) {
    out[i] = log_probability(first.mean[i], first.stddev[i], second.mean[i], second.stddev[i]);
  }
  return out;
}

inline double HypervolumeImprovement::gain(double x, double y) const {
  double area = 0.0, left = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < right_.size(); ++i) {
    area += std::max(0.0, right_[i] - std::max(left, x)) * std::max(0.0, top_[i] - y);
    left = right_[i];
  }
  return area;
}

inline Eigen::VectorXd HypervolumeImprovement::probability_times_gain(const Posterior& first,
                                                                      const Posterior& second) const {
  Eigen::VectorXd out = log_probability(first, second).array().exp();
  for (Eigen::Index i = 0; i < out.size(); ++i) out[i] *= gain(first.mean[i], second.mean[i]);
  return out;
}

}  // namespace bayestuner::acquisition
