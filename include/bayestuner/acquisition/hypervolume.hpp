#pragma once
/// Improvement of a Pareto front of two or three objectives, all minimised and believed independent.

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/acquisition/concepts.hpp"
#include "bayestuner/acquisition/detail/boxes.hpp"
#include "bayestuner/acquisition/detail/edge_gain.hpp"
#include "bayestuner/acquisition/detail/standard_score.hpp"

namespace bayestuner::acquisition {

/// What a further point adds to the volume between a front and a reference point. The region not yet dominated is cut
/// into boxes; in each the exact expectation is a product of one-dimensional gains: EHVI = sum over boxes (l, u) of
/// prod_j [psi_j(u_j) - psi_j(l_j)], psi_j(a) = E(a - Y_j)+; with Phi in place of psi it is the probability of
/// improvement.
/// Source: Emmerich, Yang, Deutz, Wang & Fonseca 2016, doi:10.1007/978-3-319-29975-4_7; Yang et al. 2019,
/// doi:10.1007/s10898-019-00798-7.
class HypervolumeImprovement {
 public:
  /// `points` (n, m): values found so far, dominated ones and duplicates allowed; `reference` (m): worst acceptable
  /// values; m = 2 or 3. Points not strictly better than the reference do not count. `scales` (m, or empty: all
  /// linear): how the values follow from what the beliefs are about, so that volume is counted in the values' units
  /// while logarithms are learnt. Throws InvalidArgument otherwise.
  HypervolumeImprovement(const Eigen::Ref<const Eigen::MatrixXd>& points,
                         const Eigen::Ref<const Eigen::VectorXd>& reference, std::vector<OutcomeScale> scales = {});

  /// ln EHVI (n) for the objectives' beliefs (m) about the same n candidates; exact where EHVI itself underflows.
  /// Throws InvalidArgument unless there is one belief an objective, of equal sizes.
  Eigen::VectorXd log_expected(const std::vector<Posterior>& beliefs) const;

  /// ln P(the point lies inside the reference box and no known point dominates it) (n).
  Eigen::VectorXd log_probability(const std::vector<Posterior>& beliefs) const;

  /// Volume that `point` (m), in the values' units, would add.
  double gain(const Eigen::Ref<const Eigen::VectorXd>& point) const;

  /// Volume that the mean of every candidate would add (n): the median, where the scale is not linear.
  Eigen::VectorXd gain_of_mean(const std::vector<Posterior>& beliefs) const;

  /// Probability of improvement times the gain of the mean (n); 0 where the mean is dominated.
  /// Source: Couckuyt, Deschrijver & Dhaene 2014, doi:10.1007/s10898-013-0118-2, eq. 15.
  Eigen::VectorXd probability_times_gain(const std::vector<Posterior>& beliefs) const;

  std::size_t objectives() const { return objectives_; }
  const std::vector<OutcomeScale>& scales() const { return scales_; }  ///< (m)
  std::size_t boxes() const { return boxes_.size(); }
  const std::vector<detail::Box>& open_boxes() const { return boxes_; }

 private:
  using Scores = std::array<std::vector<double>, 3>;  // (edge - mean) / stddev by objective and edge

  /// Positions of a box's edges in `edges_`; the second objective has no lower one.
  struct Corners {
    std::size_t left, right, top, low, high;
  };

  template <class Value>
  Eigen::VectorXd sum_over_boxes(const std::vector<Posterior>& beliefs, const Value& value) const;
  void require_beliefs(const std::vector<Posterior>& beliefs) const;
  Scores scores_at(const std::vector<Posterior>& beliefs, Eigen::Index row) const;
  double log_expected_at(const std::vector<Posterior>& beliefs, Eigen::Index row) const;
  double log_probability_at(const std::vector<Posterior>& beliefs, Eigen::Index row) const;

  std::size_t objectives_;
  std::vector<OutcomeScale> scales_;  // (m)
  std::vector<detail::Box> boxes_;
  std::vector<Corners> corners_;
  std::array<std::vector<double>, 3> edges_;  // of all boxes, rising, each once; the first is -infinity
};

namespace detail {

/// ln sum exp of two logs.
inline double log_add(double a, double b) {
  if (a < b) std::swap(a, b);
  return std::isinf(b) ? a : a + std::log1p(std::exp(b - a));
}

/// ln(e^a - e^b), a >= b.
inline double log_subtract(double a, double b) {
  return std::isinf(b) ? a : a + log1mexp(std::min(b - a, 0.0));
}

}  // namespace detail

inline HypervolumeImprovement::HypervolumeImprovement(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                                      const Eigen::Ref<const Eigen::VectorXd>& reference,
                                                      std::vector<OutcomeScale> scales)
    : objectives_(static_cast<std::size_t>(reference.size())), scales_(std::move(scales)) {
  if ((reference.size() != 2 && reference.size() != 3) || !reference.allFinite()) {
    throw InvalidArgument("HypervolumeImprovement: reference: " + to_text(reference.size()) +
                          " values; two or three finite ones are needed");
  }
  if (points.rows() > 0 && points.cols() != reference.size()) {
    throw InvalidArgument("HypervolumeImprovement: points: " + to_text(points.cols()) + " columns, " +
                          to_text(reference.size()) + " are needed");
  }
  if (scales_.empty()) scales_.assign(objectives_, OutcomeScale::linear);
  if (scales_.size() != objectives_) {
    throw InvalidArgument("HypervolumeImprovement: scales: " + std::to_string(scales_.size()) + " for " +
                          std::to_string(objectives_) + " objectives");
  }
  boxes_ = detail::open_boxes(points, reference);
  for (auto& edges : edges_) edges = {-std::numeric_limits<double>::infinity()};
  for (const detail::Box& box : boxes_) {
    edges_[0].insert(edges_[0].end(), {box.left, box.right});
    edges_[1].push_back(box.top);
    if (objectives_ == 3) edges_[2].insert(edges_[2].end(), {box.low, box.high});
  }
  for (auto& edges : edges_) {
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  }
  const auto place = [&](std::size_t j, double edge) {
    return static_cast<std::size_t>(std::lower_bound(edges_[j].begin(), edges_[j].end(), edge) - edges_[j].begin());
  };
  for (const detail::Box& box : boxes_) {
    const bool three = objectives_ == 3;
    corners_.push_back({place(0, box.left), place(0, box.right), place(1, box.top), three ? place(2, box.low) : 0,
                        three ? place(2, box.high) : 0});
  }
}

inline void HypervolumeImprovement::require_beliefs(const std::vector<Posterior>& beliefs) const {
  if (beliefs.size() != objectives_) {
    throw InvalidArgument("HypervolumeImprovement: " + std::to_string(beliefs.size()) + " beliefs for " +
                          std::to_string(objectives_) + " objectives");
  }
  for (const Posterior& belief : beliefs) {
    require_posterior("HypervolumeImprovement", belief);
    require_same_size("HypervolumeImprovement", beliefs.front().mean, belief.mean);
  }
}

/// The sum over boxes of products of differences (n), where `value(objective, edge, first row, rows)` says what stands
/// at an edge. Every edge is looked at once, then the boxes go by table.
template <class Value>
Eigen::VectorXd HypervolumeImprovement::sum_over_boxes(const std::vector<Posterior>& beliefs,
                                                       const Value& value) const {
  using bayestuner::detail::NormalBlock;
  std::array<Eigen::ArrayXXd, 3> table;  // (block, edges)
  for (std::size_t j = 0; j < objectives_; ++j) {
    table[j].resize(bayestuner::detail::normal_block, static_cast<Eigen::Index>(edges_[j].size()));
    table[j].col(0).setZero();
  }
  return bayestuner::detail::by_blocks(beliefs[0].mean.size(), [&](Eigen::Index from, Eigen::Index count) {
    for (std::size_t j = 0; j < objectives_; ++j) {
      for (std::size_t e = 1; e < edges_[j].size(); ++e) {
        table[j].col(static_cast<Eigen::Index>(e)).head(count) = value(j, edges_[j][e], from, count);
      }
    }
    const auto at = [&](std::size_t j, std::size_t e) {
      return table[j].col(static_cast<Eigen::Index>(e)).head(count);
    };
    NormalBlock sum = NormalBlock::Zero(count);
    for (const Corners& c : corners_) {
      if (objectives_ == 2) {
        sum += (at(0, c.right) - at(0, c.left)).max(0.0) * at(1, c.top);
      } else {
        sum += (at(0, c.right) - at(0, c.left)).max(0.0) * at(1, c.top) * (at(2, c.high) - at(2, c.low)).max(0.0);
      }
    }
    return sum;
  });
}

inline Eigen::VectorXd HypervolumeImprovement::log_expected(const std::vector<Posterior>& beliefs) const {
  require_beliefs(beliefs);
  Eigen::VectorXd out = sum_over_boxes(beliefs, [&](std::size_t j, double edge, Eigen::Index from, Eigen::Index count) {
    return detail::gain_below(scales_[j], edge, beliefs[j], from, count);
  });
  for (Eigen::Index i = 0; i < out.size(); ++i) {
    out[i] = out[i] > 1e-200 ? std::log(out[i]) : log_expected_at(beliefs, i);
  }
  return out;
}

inline HypervolumeImprovement::Scores HypervolumeImprovement::scores_at(const std::vector<Posterior>& beliefs,
                                                                        Eigen::Index row) const {
  Scores out;
  for (std::size_t j = 0; j < objectives_; ++j) {
    const double mean = beliefs[j].mean[row], s = std::max(beliefs[j].stddev[row], detail::sharpest);
    for (const double edge : edges_[j]) {
      const double x = detail::belief_of(scales_[j], edge);
      out[j].push_back(std::isinf(edge) ? edge : bayestuner::detail::within_reach((x - mean) / s));
    }
  }
  return out;
}

inline double HypervolumeImprovement::log_expected_at(const std::vector<Posterior>& beliefs, Eigen::Index row) const {
  Scores logs;
  for (std::size_t j = 0; j < objectives_; ++j) {
    for (const double edge : edges_[j]) {
      logs[j].push_back(detail::log_gain_below(scales_[j], edge, beliefs[j].mean[row], beliefs[j].stddev[row]));
    }
  }
  double sum = -std::numeric_limits<double>::infinity();
  for (const Corners& c : corners_) {
    double term = detail::log_subtract(logs[0][c.right], logs[0][c.left]) + logs[1][c.top];
    if (objectives_ == 3) term += detail::log_subtract(logs[2][c.high], logs[2][c.low]);
    sum = detail::log_add(sum, term);
  }
  return std::max(sum, -std::numeric_limits<double>::max());
}

inline double HypervolumeImprovement::log_probability_at(const std::vector<Posterior>& beliefs,
                                                         Eigen::Index row) const {
  const Scores z = scores_at(beliefs, row);
  const auto width = [&](std::size_t j, std::size_t low, std::size_t high) {
    return std::isinf(z[j][low]) ? log_normal_cdf(z[j][high]) : log_prob_normal_in(z[j][low], z[j][high]);
  };
  // Either the probability or what it lacks to one is small: the smaller of the two is summed without cancellation.
  // What lacks lies above the boxes, or beyond the reference along the first objective, or else along the third.
  double sum = -std::numeric_limits<double>::infinity(), lack = log_normal_cdf(-z[0].back());
  if (objectives_ == 3) lack = detail::log_add(lack, log_normal_cdf(z[0].back()) + log_normal_cdf(-z[2].back()));
  for (const Corners& c : corners_) {
    double base = width(0, c.left, c.right);
    if (objectives_ == 3) base += width(2, c.low, c.high);
    sum = detail::log_add(sum, base + log_normal_cdf(z[1][c.top]));
    lack = detail::log_add(lack, base + log_normal_cdf(-z[1][c.top]));
  }
  const double value = lack < sum ? log1mexp(std::min(lack, 0.0)) : sum;
  return std::clamp(value, -std::numeric_limits<double>::max(), 0.0);
}

inline Eigen::VectorXd HypervolumeImprovement::log_probability(const std::vector<Posterior>& beliefs) const {
  require_beliefs(beliefs);
  Eigen::VectorXd out = sum_over_boxes(beliefs, [&](std::size_t j, double edge, Eigen::Index from, Eigen::Index count) {
    const double x = detail::belief_of(scales_[j], edge);
    return bayestuner::detail::normal_cdf(detail::standard_score(beliefs[j], x, from, count));
  });
  for (Eigen::Index i = 0; i < out.size(); ++i) {
    const bool plain = out[i] > 1e-200 && out[i] < 0.9;  // else the sum has underflowed, or rounds what it lacks
    out[i] = plain ? std::log(out[i]) : log_probability_at(beliefs, i);
  }
  return out;
}

inline double HypervolumeImprovement::gain(const Eigen::Ref<const Eigen::VectorXd>& point) const {
  require_same_size("HypervolumeImprovement", point, Eigen::VectorXd::Zero(static_cast<Eigen::Index>(objectives_)));
  double volume = 0.0;
  for (const detail::Box& box : boxes_) {
    const double area = std::max(0.0, box.right - std::max(box.left, point[0])) * std::max(0.0, box.top - point[1]);
    volume += objectives_ == 2 ? area : area * std::max(0.0, box.high - std::max(box.low, point[2]));
  }
  return volume;
}

inline Eigen::VectorXd HypervolumeImprovement::gain_of_mean(const std::vector<Posterior>& beliefs) const {
  require_beliefs(beliefs);
  Eigen::VectorXd out(beliefs.front().mean.size()), value(static_cast<Eigen::Index>(objectives_));
  for (Eigen::Index i = 0; i < out.size(); ++i) {
    for (std::size_t j = 0; j < objectives_; ++j) {
      value[static_cast<Eigen::Index>(j)] = detail::value_of(scales_[j], beliefs[j].mean[i]);
    }
    out[i] = gain(value);
  }
  return out;
}

inline Eigen::VectorXd HypervolumeImprovement::probability_times_gain(const std::vector<Posterior>& beliefs) const {
  return log_probability(beliefs).array().exp() * gain_of_mean(beliefs).array();
}

}  // namespace bayestuner::acquisition
