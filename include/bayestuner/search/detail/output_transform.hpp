#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "bayestuner/acquisition/detail/edge_gain.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/random.hpp"

namespace bayestuner::search::detail {

/// What is to be learnt of a metric: how its raw values become targets.
struct TargetSpec {
  enum class Role { objective, constraint, label } role = Role::objective;
  bool maximise = false;  ///< objective: smaller targets are better
  /// constraint: the allowed interval, raw; infinite where open
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool logarithm = true;  ///< of positive metrics
  bool compress = true;   ///< values far on the bad side, or far from the threshold

  std::uint64_t hash() const {
    std::uint64_t h =
        mix64(static_cast<std::uint64_t>(role) * 8 + (maximise ? 4 : 0) + (logarithm ? 2 : 0) + (compress ? 1 : 0));
    for (const double value : {low, high}) h = mix64(h ^ std::hash<double>{}(value));
    return h;
  }
};

/// Monotone map from a metric's raw values to the targets of its model: logarithm, compression of what is far away,
/// mean 0 and standard deviation 1. Fitted to the values known so far; thresholds go through the same map.
class OutputTransform {
 public:
  OutputTransform() = default;

  /// `values` (n): finite. Labels pass unchanged.
  OutputTransform(const TargetSpec& spec, const Eigen::Ref<const Eigen::VectorXd>& values) {
    if (spec.role == TargetSpec::Role::label) return;
    sign_ = spec.role == TargetSpec::Role::objective && spec.maximise ? -1.0 : 1.0;
    if (spec.logarithm) {
      const auto usable = [](double bound, double sign) { return std::isinf(bound) || sign * bound > 0.0; };
      if ((values.array() > 0.0).all() && usable(spec.low, 1.0) && usable(spec.high, 1.0)) form_ = Form::positive;
      if ((values.array() < 0.0).all() && usable(spec.low, -1.0) && usable(spec.high, -1.0)) form_ = Form::negative;
    }
    Eigen::VectorXd u = values;
    for (double& value : u) value = unfold(value);
    if (spec.role == TargetSpec::Role::constraint) {
      if (std::isfinite(spec.low)) low_ = unfold(spec.low);
      if (std::isfinite(spec.high)) high_ = unfold(spec.high);
      if (spec.compress && u.size() > 0) compress_around_threshold(u);
    } else if (spec.compress && u.size() > 4) {
      compress_bad_side(u);
    }
    for (double& value : u) value = squeeze(value);
    if (u.size() == 0) return;
    // The mean and root in forms that do not overflow.
    shift_ = (u / static_cast<double>(u.size())).sum();
    if (u.size() > 1) {
      const double sd = (u.array() - shift_).matrix().stableNorm() / std::sqrt(static_cast<double>(u.size() - 1));
      if (sd >= 1e-9 * (1.0 + std::abs(shift_)) && std::isfinite(sd)) scale_ = sd;
    }
  }

  /// Target of a raw value; an infinite threshold stays infinite.
  double operator()(double raw) const {
    if (std::isinf(raw)) return raw * sign_;
    return (squeeze(unfold(raw)) - shift_) / scale_;
  }
  Eigen::VectorXd operator()(const Eigen::Ref<const Eigen::VectorXd>& raw) const {
    return raw.unaryExpr([this](double value) { return (*this)(value); });
  }

  /// Derivative of the target: what a standard error is multiplied with.
  double slope(double raw) const {
    const double u = unfold(raw), unfolded = form_ == Form::identity ? 1.0 : 1.0 / std::abs(raw);
    return unfolded * squeeze_slope(u) / scale_;
  }

  /// Where nothing is compressed: how the minimised value follows from what `outcome` gives a belief about.
  acquisition::OutcomeScale outcome_scale() const {
    if (form_ == Form::identity) return acquisition::OutcomeScale::linear;
    return (form_ == Form::positive) == (sign_ > 0.0) ? acquisition::OutcomeScale::log
                                                      : acquisition::OutcomeScale::negative_log;
  }
  /// A belief in targets as one about the value's logarithm (or the value) with `unit` > 0 taken as one.
  Posterior outcome(const Posterior& belief, double unit) const {
    using acquisition::OutcomeScale;
    const double shrink = form_ == Form::identity ? 1.0 / unit : 1.0;
    const double shift = form_ == Form::identity                ? 0.0
                         : outcome_scale() == OutcomeScale::log ? -std::log(unit)
                                                                : std::log(unit);
    return {((belief.mean.array() * scale_ + shift_) * shrink + shift).matrix(), belief.stddev * (scale_ * shrink)};
  }

  /// Whether `raw` has a finite target.
  bool maps(double raw) const {
    return std::isfinite(raw) && (form_ == Form::identity || (form_ == Form::positive ? raw > 0.0 : raw < 0.0));
  }

  /// A gain of `targets` near the good end as a share of the best value `raw`.
  double relative(double targets, double raw) const {
    const double gain = targets * scale_;
    return form_ == Form::identity ? gain / std::max(std::abs(raw), 1e-12 * scale_ + 1e-300) : gain;
  }

 private:
  enum class Form { identity, positive, negative };

  /// Smaller is better, products become sums.
  double unfold(double raw) const {
    switch (form_) {
      case Form::positive:
        return sign_ * std::log(raw);
      case Form::negative:
        return -sign_ * std::log(-raw);
      case Form::identity:
        break;
    }
    return sign_ * raw;
  }

  static double median(Eigen::VectorXd values) {
    const auto middle = values.begin() + values.size() / 2;
    std::nth_element(values.begin(), middle, values.end());
    if (values.size() % 2 == 1) return *middle;
    return 0.5 * (*middle + *std::max_element(values.begin(), middle));
  }

  void compress_bad_side(const Eigen::VectorXd& u) {
    const double q = median(u), reach = 2.0 * (q - u.minCoeff());
    if (!(reach > 1e-9 * (1.0 + std::abs(q)))) return;  // half of the values share the best one: nothing to go by
    high_ = q;
    reach_ = reach;
  }

  void compress_around_threshold(const Eigen::VectorXd& u) {
    Eigen::VectorXd distance(u.size());
    for (Eigen::Index i = 0; i < u.size(); ++i) {
      const double low = std::isinf(low_) ? std::numeric_limits<double>::infinity() : std::abs(u[i] - low_);
      const double high = std::isinf(high_) ? std::numeric_limits<double>::infinity() : std::abs(u[i] - high_);
      distance[i] = std::min(low, high);
    }
    const double reach = 3.0 * median(std::move(distance));
    if (!(reach > 0.0) || !std::isfinite(reach)) return;
    reach_ = reach;
    both_sides_ = true;
  }

  /// From where on, and in which direction, `u` is far: the anchor plus or minus reach_.
  double anchor(double u) const {
    if (!both_sides_) return u > high_ ? high_ : u;  // the bad side is above
    if (std::isinf(low_)) return high_;
    if (std::isinf(high_)) return low_;
    return std::clamp(u, low_, high_);
  }

  double squeeze(double u) const {
    if (!(reach_ < std::numeric_limits<double>::infinity())) return u;
    const double a = anchor(u), far = std::abs(u - a) - reach_;
    if (!(far > 0.0)) return u;
    // The scale of the logarithm makes the map smooth where it begins.
    return a + std::copysign(reach_ + reach_ * std::log1p(far / reach_), u - a);
  }

  double squeeze_slope(double u) const {
    if (!(reach_ < std::numeric_limits<double>::infinity())) return 1.0;
    const double far = std::abs(u - anchor(u)) - reach_;
    return far > 0.0 ? 1.0 / (1.0 + far / reach_) : 1.0;
  }

  Form form_ = Form::identity;
  double sign_ = 1.0;
  bool both_sides_ = false;
  double low_ = -std::numeric_limits<double>::infinity(), high_ = std::numeric_limits<double>::infinity();
  double reach_ = std::numeric_limits<double>::infinity();
  double shift_ = 0.0, scale_ = 1.0;
};

}  // namespace bayestuner::search::detail
