#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/space/axis.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "bayestuner/surrogate/detail/training_data.hpp"

namespace bayestuner::surrogate {

struct NearestNeighboursOptions {
  std::vector<space::AxisKind> axes{};  ///< one a column of x; empty: all numeric. Labels that differ are 1 apart
  int neighbours = 0;                   ///< 0: that with the least leave-one-out error, up to 20
  double power = 1.0;                   ///< weights are distance^-power; 0: equal ones
  bool scale_inputs = true;             ///< numeric columns are divided by the range of the rows learnt
};

/// Mean of the nearest rows, weighted by distance; rows at distance 0 count alone. Brute force: the rows of a tuning
/// task fit into a cache. The variance of a belief grows with the square of the neighbours' distance and with the
/// variance of their targets, half by half, and is on average the leave-one-out error. Known noise variances are
/// checked and not used. Source: Shepard 1968, doi:10.1145/800186.810616 (weights).
class NearestNeighbours {
 public:
  /// Throws InvalidArgument for options out of range.
  explicit NearestNeighbours(NearestNeighboursOptions options = {}) : options_(std::move(options)) {
    if (options_.neighbours < 0) {
      throw InvalidArgument("NearestNeighbours: neighbours: " + std::to_string(options_.neighbours) +
                            " is not 0 (chosen) or more");
    }
    if (!(options_.power >= 0.0 && std::isfinite(options_.power))) {
      throw InvalidArgument("NearestNeighbours: power: " + to_text(options_.power) + " is not in [0, inf)");
    }
  }

  /// Learns rows `x` (n, d) with targets `y` (n). `noise` (n, or empty). Throws InvalidArgument.
  void fit(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
           const Eigen::Ref<const Eigen::VectorXd>& noise = Eigen::VectorXd());

  /// Belief about the metric at rows `x` (m, d). Throws InvalidArgument where the columns differ in number.
  Posterior predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const;

  int neighbours() const { return neighbours_; }  ///< given or chosen, at most the rows learnt
  /// Root mean squared error of predicting each row from the others, unit of the targets; NaN for fewer than two rows.
  double leave_one_out_rmse() const { return std::sqrt(error_) * scale_.scale; }

  Eigen::Index dimension() const { return columns_; }
  const NearestNeighboursOptions& options() const { return options_; }
  NearestNeighboursOptions& options() { return options_; }

 private:
  struct Neighbour {
    double squared;  // distance
    Eigen::Index row;
  };
  /// What the first k neighbours say.
  struct Vote {
    double mean = 0.0, variance = 0.0, squared_distance = 0.0;
  };

  void nearest(const Eigen::RowVectorXd& point, Eigen::Index skip, std::size_t count, Eigen::ArrayXd& squared,
               std::vector<Neighbour>& out) const;
  Vote vote(const std::vector<Neighbour>& found, std::size_t count) const;
  Eigen::MatrixXd scaled(const Eigen::Ref<const Eigen::MatrixXd>& x) const { return x * factor_.asDiagonal(); }
  double variance(const Vote& vote) const {
    const double far = mean_squared_distance_ > 0.0 ? vote.squared_distance / mean_squared_distance_ : 1.0;
    const double spread = mean_variance_ > 0.0 ? vote.variance / mean_variance_ : far;
    return (std::isnan(error_) ? 1.0 : error_) * 0.5 * (far + spread);
  }

  NearestNeighboursOptions options_;
  Eigen::Index columns_ = -1;  // -1: nothing learnt
  int neighbours_ = 0;
  detail::TargetScale scale_;
  Eigen::VectorXd factor_;   // (d)
  Eigen::MatrixXd rows_;     // (n, d), scaled
  Eigen::VectorXd targets_;  // (n), standard scores
  double error_ = std::numeric_limits<double>::quiet_NaN(), mean_variance_ = 0.0, mean_squared_distance_ = 0.0;
};
static_assert(Surrogate<NearestNeighbours>);

/// The `count` rows nearest to `point`, without row `skip`; of equally near ones the first.
inline void NearestNeighbours::nearest(const Eigen::RowVectorXd& point, Eigen::Index skip, std::size_t count,
                                       Eigen::ArrayXd& squared, std::vector<Neighbour>& out) const {
  squared.setZero(rows_.rows());
  for (Eigen::Index j = 0; j < rows_.cols(); ++j) {
    const bool label =
        !options_.axes.empty() && options_.axes[static_cast<std::size_t>(j)] == space::AxisKind::categorical;
    if (label) {
      squared += (rows_.col(j).array() != point[j]).cast<double>();
    } else {
      squared += (rows_.col(j).array() - point[j]).square();
    }
  }
  out.clear();
  for (Eigen::Index i = 0; i < squared.size(); ++i) {
    if (i == skip || (out.size() == count && !(squared[i] < out.back().squared))) continue;
    if (out.size() == count) out.pop_back();
    const auto place = std::upper_bound(out.begin(), out.end(), squared[i],
                                        [](double value, const Neighbour& n) { return value < n.squared; });
    out.insert(place, {squared[i], i});
  }
}

inline NearestNeighbours::Vote NearestNeighbours::vote(const std::vector<Neighbour>& found, std::size_t count) const {
  Vote out;
  const bool exact = found.front().squared == 0.0;
  double weights = 0.0, squares = 0.0;
  for (std::size_t k = 0; k < std::min(count, found.size()); ++k) {
    const Neighbour& n = found[k];
    if (exact && n.squared > 0.0 && options_.power > 0.0) break;
    const double weight =
        exact || options_.power == 0.0 ? 1.0 : std::pow(n.squared / found.front().squared, -0.5 * options_.power);
    const double target = targets_[n.row];
    weights += weight;
    out.mean += weight * target;
    squares += weight * target * target;
    out.squared_distance += weight * n.squared;
  }
  out.mean /= weights;
  out.squared_distance /= weights;
  out.variance = std::max(squares / weights - out.mean * out.mean, 0.0);
  return out;
}

inline void NearestNeighbours::fit(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                   const Eigen::Ref<const Eigen::VectorXd>& y,
                                   const Eigen::Ref<const Eigen::VectorXd>& noise) {
  detail::require_training_data("NearestNeighbours", x, y, noise);
  detail::require_axes("NearestNeighbours", options_.axes, x.cols());
  const Eigen::Index n = x.rows();
  columns_ = n > 0 ? x.cols() : -1;
  scale_ = detail::TargetScale(y);
  targets_ = scale_(y);
  error_ = std::numeric_limits<double>::quiet_NaN();
  mean_variance_ = mean_squared_distance_ = 0.0;
  neighbours_ = 0;
  if (n == 0) return;
  factor_ = Eigen::VectorXd::Ones(x.cols());
  for (Eigen::Index j = 0; j < x.cols() && options_.scale_inputs; ++j) {
    const bool label =
        !options_.axes.empty() && options_.axes[static_cast<std::size_t>(j)] == space::AxisKind::categorical;
    const double range = x.col(j).maxCoeff() - x.col(j).minCoeff();
    if (!label && range > 0.0) factor_[j] = 1.0 / range;
  }
  rows_ = scaled(x);

  const auto others = static_cast<std::size_t>(n - 1);
  const std::size_t most =
      std::min<std::size_t>(options_.neighbours > 0 ? static_cast<std::size_t>(options_.neighbours) : 20, others);
  neighbours_ = static_cast<int>(std::max<std::size_t>(
      options_.neighbours > 0 ? std::min<std::size_t>(static_cast<std::size_t>(options_.neighbours), others + 1) : most,
      1));
  if (most == 0) return;
  // Each row predicted from the others, by every number of neighbours that may be chosen; of many rows, a spread.
  const std::size_t least = options_.neighbours > 0 ? most : 1;
  const Eigen::Index step = std::max<Eigen::Index>(1, n / 1000);
  std::vector<Vote> sums(most + 1);  // mean: of squared errors
  Eigen::ArrayXd squared;
  std::vector<Neighbour> found;
  double tested = 0.0;
  for (Eigen::Index i = 0; i < n; i += step) {
    nearest(rows_.row(i), i, most, squared, found);
    tested += 1.0;
    for (std::size_t k = least; k <= most; ++k) {
      const Vote v = vote(found, k);
      sums[k].mean += (v.mean - targets_[i]) * (v.mean - targets_[i]);
      sums[k].variance += v.variance;
      sums[k].squared_distance += v.squared_distance;
    }
  }
  std::size_t best = least;
  for (std::size_t k = least; k <= most; ++k) {
    if (sums[k].mean < sums[best].mean) best = k;
  }
  if (options_.neighbours == 0) neighbours_ = static_cast<int>(best);
  error_ = sums[best].mean / tested;
  mean_variance_ = sums[best].variance / tested;
  mean_squared_distance_ = sums[best].squared_distance / tested;
}

inline Posterior NearestNeighbours::predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  detail::require_inputs("NearestNeighbours", x);
  Eigen::ArrayXd mean = Eigen::ArrayXd::Zero(x.rows()), spread = Eigen::ArrayXd::Ones(x.rows());
  if (columns_ < 0) return scale_.restore(mean, spread);
  detail::require_columns("NearestNeighbours", x, columns_);
  const Eigen::MatrixXd points = scaled(x);
  Eigen::ArrayXd squared;
  std::vector<Neighbour> found;
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    nearest(points.row(i), -1, static_cast<std::size_t>(neighbours_), squared, found);
    const Vote v = vote(found, found.size());
    mean[i] = v.mean;
    spread[i] = variance(v);
  }
  return scale_.restore(mean, spread);
}

}  // namespace bayestuner::surrogate
