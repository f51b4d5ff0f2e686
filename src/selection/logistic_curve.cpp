#include "selection/logistic_curve.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bayestuner::selection::detail {

std::pair<double, double> fit_logistic_curve(const std::vector<double>& z, const std::vector<double>& y) {
  const std::size_t n = z.size();
  const double ones = std::accumulate(y.begin(), y.end(), 0.0), zeros = static_cast<double>(n) - ones;
  const double high = (ones + 1.0) / (ones + 2.0), low = 1.0 / (zeros + 2.0);
  const auto target = [&](std::size_t i) { return low + (high - low) * y[i]; };
  double slope = 0.0, offset = std::log((ones + 1.0) / (zeros + 1.0));
  const auto loss_of = [&](double a, double b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      const double t = a * z[i] + b;
      sum += std::max(t, 0.0) + std::log1p(std::exp(-std::abs(t))) - target(i) * t;
    }
    return sum;
  };
  double loss = loss_of(slope, offset);
  for (int step = 0; step < 100; ++step) {
    double g0 = 0.0, g1 = 0.0, h00 = 1e-12, h01 = 0.0, h11 = 1e-12;
    for (std::size_t i = 0; i < n; ++i) {
      const double p = 1.0 / (1.0 + std::exp(-(slope * z[i] + offset))), w = p * (1.0 - p), g = p - target(i);
      g0 += g * z[i];
      g1 += g;
      h00 += w * z[i] * z[i];
      h01 += w * z[i];
      h11 += w;
    }
    const double det = h00 * h11 - h01 * h01;
    if (!(det > 0.0) || std::abs(g0) + std::abs(g1) < 1e-9 * static_cast<double>(n)) break;
    const double d0 = (h11 * g0 - h01 * g1) / det, d1 = (h00 * g1 - h01 * g0) / det;
    double share = 1.0, next = loss_of(slope - d0, offset - d1);
    while (!(next <= loss) && share > 1e-8) {
      share *= 0.5;
      next = loss_of(slope - share * d0, offset - share * d1);
    }
    if (!(next <= loss)) break;
    slope -= share * d0;
    offset -= share * d1;
    loss = next;
  }
  return {slope, offset};
}

}  // namespace bayestuner::selection::detail
