#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "bayestuner/core/quantile.hpp"

namespace bayestuner::surrogate {

/// What gradient boosting minimises.
enum class BoostingLoss { squared, absolute, huber, quantile };

namespace detail {

/// The four losses as boosting needs them: where to begin, along what to split, which value a leaf gets.
/// Source: Friedman 2001, doi:10.1214/aos/1013203451, algorithms 2 to 4; quantile: Koenker & Hallock 2001.
class LossFunction {
 public:
  /// `alpha`: the quantile, or Huber's share of residuals that count squared.
  LossFunction(BoostingLoss kind, double alpha) : kind_(kind), alpha_(alpha) {}

  /// Best constant prediction of `y` (not empty).
  double initial(const Eigen::VectorXd& y) const {
    if (kind_ == BoostingLoss::squared) return y.mean();
    std::vector<double> values(y.begin(), y.end());
    return interpolated_quantile(values, kind_ == BoostingLoss::quantile ? alpha_ : 0.5);
  }

  /// The negative gradient of the loss at `residual` = y - prediction (n), of the same unit or of order 1. `bag`: the
  /// rows that the next tree learns from; they set Huber's bound.
  void gradient(const Eigen::VectorXd& residual, const std::vector<std::uint32_t>& bag, Eigen::VectorXd& out) {
    switch (kind_) {
      case BoostingLoss::squared:
        out = residual;
        break;
      case BoostingLoss::absolute:
        out = residual.unaryExpr([](double r) { return r > 0.0 ? 1.0 : -1.0; });
        break;
      case BoostingLoss::huber:
        values_.clear();
        for (const std::uint32_t i : bag) values_.push_back(std::abs(residual[i]));
        bound_ = lower_quantile(values_, alpha_);
        out = residual.cwiseMax(-bound_).cwiseMin(bound_);
        break;
      case BoostingLoss::quantile:
        out = residual.unaryExpr([this](double r) { return r > 0.0 ? alpha_ : alpha_ - 1.0; });
        break;
    }
  }

  /// Whether leaves keep the mean gradient that the tree gave them.
  bool keeps_leaves() const { return kind_ == BoostingLoss::squared; }

  /// The best constant step for a leaf's residuals [begin, end) of `order`.
  double leaf(const Eigen::VectorXd& residual, const std::uint32_t* begin, const std::uint32_t* end) {
    values_.clear();
    for (const std::uint32_t* row = begin; row != end; ++row) values_.push_back(residual[*row]);
    const double middle = lower_quantile(values_, kind_ == BoostingLoss::quantile ? alpha_ : 0.5);
    if (kind_ != BoostingLoss::huber) return middle;
    double sum = 0.0;
    for (const double value : values_) sum += std::clamp(value - middle, -bound_, bound_);
    return middle + sum / static_cast<double>(values_.size());
  }

  /// The loss, summed over `residual` (n). Huber's bound is that of the last gradient.
  double total(const Eigen::VectorXd& residual) const {
    const auto r = residual.array();
    switch (kind_) {
      case BoostingLoss::squared:
        return r.square().sum();
      case BoostingLoss::absolute:
        return r.abs().sum();
      case BoostingLoss::huber:
        return (r.abs() <= bound_).select(0.5 * r.square(), bound_ * (r.abs() - 0.5 * bound_)).sum();
      case BoostingLoss::quantile:
        break;
    }
    return (r > 0.0).select(alpha_ * r, (alpha_ - 1.0) * r).sum();
  }

  /// The loss of residuals in units of `unit` for a loss of 1 in its own.
  double in_unit(double unit) const {
    return kind_ == BoostingLoss::squared || kind_ == BoostingLoss::huber ? unit * unit : unit;
  }

 private:
  BoostingLoss kind_;
  double alpha_, bound_ = 0.0;
  std::vector<double> values_;
};

}  // namespace detail
}  // namespace bayestuner::surrogate
