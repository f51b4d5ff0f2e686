#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::surrogate {

struct TransformOptions {
  bool logarithm = true;  ///< ln where every value (and the threshold) is positive
  bool compress = true;   ///< soften values far from where decisions are made
};

/// A value with the bounds of a central interval, in the metric's own unit.
struct ValueInterval {
  double low, median, high;
};

/// The map from a metric's values to the standardised, well-behaved targets that a surrogate learns: sign, logarithm,
/// compression, mean 0 and standard deviation 1. Strictly increasing in the metric, or strictly decreasing where the
/// metric is maximised: order and thresholds survive, smaller is better for objectives.
///
/// Logarithms turn products (energy = power x time) into sums. Compression keeps resolution near the optimum, or near
/// the threshold, where a few very slow or very bad configurations would take all of it.
class OutputTransform {
 public:
  /// Logarithm and standardisation only, fitted to `values` (n): for fronts of several objectives.
  static OutputTransform plain(const Eigen::Ref<const Eigen::VectorXd>& values, bool maximise = false,
                               TransformOptions options = {}) {
    OutputTransform t;
    t.begin("objective", values, maximise, options.logarithm && all_positive(values));
    t.standardise(values);
    return t;
  }

  /// For an objective: with n > 4, values worse than h = q + 2 (q - best), q the median, become
  /// h + (h - q) ln(1 + (z - h) / (h - q)).
  static OutputTransform objective(const Eigen::Ref<const Eigen::VectorXd>& values, bool maximise = false,
                                   TransformOptions options = {}) {
    OutputTransform t;
    t.begin("objective", values, maximise, options.logarithm && all_positive(values));
    if (options.compress && values.size() > 4) {
      const Eigen::VectorXd z = values.unaryExpr([&](double v) { return t.expand(v); });
      const double q = median(z), width = 2.0 * (q - z.minCoeff()) + 1e-9 * t.size_;
      t.upper_ = q + width;
      t.upper_width_ = width;
    }
    t.standardise(values);
    return t;
  }

  /// For a constrained metric: distances to the threshold beyond s = 3 x their median become s + s ln(1 + (q - s) / s),
  /// on both sides. Throws InvalidArgument if the threshold is not finite.
  static OutputTransform constraint(const Eigen::Ref<const Eigen::VectorXd>& values, double threshold,
                                    TransformOptions options = {}) {
    if (!std::isfinite(threshold)) {
      throw InvalidArgument("OutputTransform: threshold: " + to_text(threshold) + " is not finite");
    }
    OutputTransform t;
    t.begin("constraint", values, false, options.logarithm && threshold > 0.0 && all_positive(values));
    if (options.compress && values.size() > 0) {
      const double at = t.expand(threshold);
      const Eigen::VectorXd distance = values.unaryExpr([&](double v) { return std::abs(t.expand(v) - at); });
      const double width = 3.0 * median(distance) + 1e-9 * std::max(t.size_, std::abs(at));
      t.upper_ = at + width;
      t.lower_ = at - width;
      t.upper_width_ = t.lower_width_ = width;
    }
    t.standardise(values);
    return t;
  }

  /// Target of `value`. With a logarithm, values <= 0 count as 1e-300.
  double operator()(double value) const { return (squeeze(expand(value)) - shift_) / scale_; }
  Eigen::VectorXd operator()(const Eigen::Ref<const Eigen::VectorXd>& values) const {
    return values.unaryExpr([this](double v) { return (*this)(v); });
  }

  /// d target / d value at `value`: a standard error e of the metric is |derivative| e in the target's unit.
  double derivative(double value) const {
    const double z = expand(value);
    double slope = logarithm_ ? 1.0 / std::max(value, tiny) : sign_;
    if (logarithm_) slope *= sign_;
    if (z > upper_) slope /= 1.0 + (z - upper_) / upper_width_;
    if (z < lower_) slope /= 1.0 + (lower_ - z) / lower_width_;
    return slope / scale_;
  }

  /// Value of the metric whose target is `target`.
  double inverse(double target) const {
    double z = target * scale_ + shift_;
    if (z > upper_) z = upper_ + upper_width_ * std::expm1((z - upper_) / upper_width_);
    if (z < lower_) z = lower_ - lower_width_ * std::expm1((lower_ - z) / lower_width_);
    return logarithm_ ? std::exp(sign_ * z) : sign_ * z;
  }

  /// Median and central 95 % interval of the metric for a normal belief about its target.
  ValueInterval interval(double mean, double stddev) const {
    const double a = inverse(mean - 1.96 * stddev), b = inverse(mean + 1.96 * stddev);
    return {std::min(a, b), inverse(mean), std::max(a, b)};
  }

  bool logarithmic() const { return logarithm_; }
  double shift() const { return shift_; }  ///< of the compressed values
  double scale() const { return scale_; }

 private:
  static constexpr double tiny = 1e-300;

  static bool all_positive(const Eigen::Ref<const Eigen::VectorXd>& values) { return (values.array() > 0.0).all(); }

  static double median(Eigen::VectorXd values) {
    const Eigen::Index n = values.size(), half = n / 2;
    std::nth_element(values.data(), values.data() + half, values.data() + n);
    if (n % 2 == 1) return values[half];
    const double below = *std::max_element(values.data(), values.data() + half);
    return below + 0.5 * (values[half] - below);
  }

  void begin(const char* what, const Eigen::Ref<const Eigen::VectorXd>& values, bool maximise, bool logarithm) {
    for (Eigen::Index i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        throw InvalidArgument("OutputTransform: " + std::string(what) + " value [" + std::to_string(i) +
                              "]: " + to_text(values[i]) + " is not finite");
      }
    }
    sign_ = maximise ? -1.0 : 1.0;
    logarithm_ = logarithm;
    // Logarithms are of order 1 by themselves; plain values may have any unit.
    size_ = logarithm || values.size() == 0 ? 1.0 : values.cwiseAbs().maxCoeff();
    if (size_ == 0.0) size_ = 1.0;
  }

  double expand(double value) const { return sign_ * (logarithm_ ? std::log(std::max(value, tiny)) : value); }

  double squeeze(double z) const {
    if (z > upper_) return upper_ + upper_width_ * std::log1p((z - upper_) / upper_width_);
    if (z < lower_) return lower_ - lower_width_ * std::log1p((lower_ - z) / lower_width_);
    return z;
  }

  /// Mean and standard deviation; a constant output keeps the scale 1. Sums are taken of values near 1, so that neither
  /// 1e150 nor 1e-150 leaves the range of a double when squared.
  void standardise(const Eigen::Ref<const Eigen::VectorXd>& values) {
    const Eigen::Index n = values.size();
    if (n == 0) return;
    const Eigen::VectorXd z = values.unaryExpr([&](double v) { return squeeze(expand(v)) / size_; });
    const double centre = z.mean();
    const double sd = n > 1 ? std::sqrt((z.array() - centre).square().sum() / static_cast<double>(n - 1)) : 0.0;
    shift_ = centre * size_;
    const double least = 1e-9 * (logarithm_ ? 1.0 + std::abs(centre) : 1.0);
    scale_ = sd > least ? sd * size_ : size_;
  }

  double sign_ = 1.0;
  bool logarithm_ = false;
  double upper_ = std::numeric_limits<double>::infinity(), upper_width_ = 1.0;
  double lower_ = -std::numeric_limits<double>::infinity(), lower_width_ = 1.0;
  double size_ = 1.0;
  double shift_ = 0.0, scale_ = 1.0;
};

}  // namespace bayestuner::surrogate
