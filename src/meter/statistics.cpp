#include "bayestuner/meter/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/student.hpp"

namespace bayestuner::meter {

namespace {

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

}  // namespace

MeanError mean_error(std::span<const double> values) {
  if (values.empty()) throw InvalidArgument("values: is empty");
  const double n = static_cast<double>(values.size());
  double mean = 0.0, squares = 0.0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, values.size() > 1 ? std::sqrt(squares / (n - 1.0) / n) : 0.0, values.size()};
}

double half_width(const MeanError& estimate, double confidence) {
  if (!(confidence > 0.0 && confidence < 1.0)) throw InvalidArgument("confidence: must be inside (0, 1)");
  if (estimate.n < 2) return std::numeric_limits<double>::infinity();
  return student_quantile(static_cast<double>(estimate.n - 1), confidence) * estimate.standard_error;
}

bool is_precise(std::span<const double> values, double precision) {
  std::size_t look = 10;
  while (look * 2 <= values.size()) look *= 2;
  if (values.size() < look) return false;
  const MeanError estimate = mean_error(values.first(look));
  return half_width(estimate) <= precision * std::abs(estimate.mean);
}

bool is_steady(std::span<const double> values, double drift) {
  const std::size_t n = values.size();
  if (n < 10) return false;
  const double mean = mean_error(values).mean, centre = 0.5 * static_cast<double>(n - 1);
  double xx = 0.0, xy = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double x = static_cast<double>(i) - centre;
    xx += x * x;
    xy += x * (values[i] - mean);
  }
  const double slope = xy / xx;
  if (std::abs(slope) * static_cast<double>(n) <= drift * std::abs(mean)) return true;
  double residual = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    const double r = values[i] - mean - slope * (static_cast<double>(i) - centre);
    residual += r * r;
  }
  const double degrees = static_cast<double>(n - 2);
  const double error = std::sqrt(residual / degrees / xx);
  return std::abs(slope) <= student_quantile(degrees, 0.95) * error;
}

std::vector<double> batch_means(std::span<const double> values, std::size_t batches) {
  if (batches < 2) throw InvalidArgument("batches: must be at least 2");
  if (values.size() < 2 * batches) return {values.begin(), values.end()};
  const std::size_t size = values.size() / batches;
  std::vector<double> means;
  for (std::size_t b = 0; b < batches; ++b) means.push_back(mean_error(values.subspan(b * size, size)).mean);
  return means;
}

std::size_t count_outliers(std::span<const double> values) {
  if (values.size() < 3) return 0;
  const double centre = median({values.begin(), values.end()});
  std::vector<double> distance;
  for (const double v : values) distance.push_back(std::abs(v - centre));
  const double mad = median(distance);
  return static_cast<std::size_t>(
      std::count_if(distance.begin(), distance.end(), [&](double d) { return d > 14.826 * mad && d > 0.0; }));
}

}  // namespace bayestuner::meter
