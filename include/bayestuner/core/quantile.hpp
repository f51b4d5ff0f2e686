#pragma once
/// Quantiles of a few numbers.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace bayestuner {

/// Quantile `share` in [0, 1], interpolated between neighbours; sorts `values` (not empty).
inline double interpolated_quantile(std::vector<double>& values, double share) {
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, values.size() - 1);
  return values[low] + (at - static_cast<double>(low)) * (values[high] - values[low]);
}

/// The smallest of `values` (not empty) below or at which lies at least `share` of them; reorders them.
inline double lower_quantile(std::vector<double>& values, double share) {
  const double wanted = share * static_cast<double>(values.size());
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(wanted)) - 1;
  const auto place =
      values.begin() + std::clamp<std::ptrdiff_t>(rank, 0, static_cast<std::ptrdiff_t>(values.size()) - 1);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace bayestuner
