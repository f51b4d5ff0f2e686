#pragma once

#include <cmath>
#include <vector>

#include "bayestuner/analysis/interval.hpp"
#include "bayestuner/core/student.hpp"

namespace bayestuner::analysis {

// Mean of `values` (at least one) with Student's interval. `overlap` is added to 1 / n in the mean's variance: what
// readings have in common. One value has no interval: NaN.
inline Interval student_interval(const std::vector<double>& values, double confidence, double overlap = 0.0) {
  const auto n = static_cast<double>(values.size());
  double mean = 0.0, squares = 0.0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  if (values.size() < 2) return {.value = mean, .low = std::nan(""), .high = std::nan("")};
  const double half = student_quantile(n - 1.0, confidence) * std::sqrt(squares / (n - 1.0) * (1.0 / n + overlap));
  return {.value = mean, .low = mean - half, .high = mean + half};
}

}  // namespace bayestuner::analysis
