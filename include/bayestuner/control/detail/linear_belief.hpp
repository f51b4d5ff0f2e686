#pragma once
/// Bayesian linear regression in fixed memory, one observation at a time.

#include <array>
#include <cmath>
#include <cstddef>

namespace bayestuner::control::detail {

/// Normal belief about N coefficients; `update` is one step of the Kalman filter with forgetting.
template <std::size_t N>
struct LinearBelief {
  std::array<double, N> mean{};
  std::array<double, N * N> covariance{};

  double predict(const std::array<double, N>& x) const noexcept {
    double sum = 0.0;
    for (std::size_t i = 0; i < N; ++i) sum += x[i] * mean[i];
    return sum;
  }
  /// x' S x.
  double variance(const std::array<double, N>& x) const noexcept {
    double sum = 0.0;
    for (std::size_t i = 0; i < N; ++i) {
      double row = 0.0;
      for (std::size_t j = 0; j < i; ++j) row += covariance[i * N + j] * x[j];
      sum += x[i] * (2.0 * row + covariance[i * N + i] * x[i]);
    }
    return sum > 0.0 ? sum : 0.0;
  }
  double trace() const noexcept {
    double sum = 0.0;
    for (std::size_t i = 0; i < N; ++i) sum += covariance[i * N + i];
    return sum;
  }
  void scale_covariance(double factor) noexcept {
    for (double& v : covariance) v *= factor;
  }
  /// Observed `residual` = y - predict(x) with `noise` variance; the past then counts `forgetting` times as much.
  void update(const std::array<double, N>& x, double residual, double noise, double forgetting) noexcept {
    std::array<double, N> sx{};
    double v = noise;
    for (std::size_t i = 0; i < N; ++i) {
      for (std::size_t j = 0; j < N; ++j) sx[i] += covariance[i * N + j] * x[j];
      v += x[i] * sx[i];
    }
    for (std::size_t i = 0; i < N; ++i) mean[i] += sx[i] / v * residual;
    for (std::size_t i = 0; i < N; ++i) {
      for (std::size_t j = 0; j < N; ++j) {
        covariance[i * N + j] = (covariance[i * N + j] - sx[i] * sx[j] / v) / forgetting;
      }
    }
  }

  template <class Archive>
  void fields(Archive& archive) {
    archive(mean, covariance);
  }
};

}  // namespace bayestuner::control::detail
