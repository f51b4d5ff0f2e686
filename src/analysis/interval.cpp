#include "bayestuner/analysis/interval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/quantile.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

Interval percentile_interval(double value, std::vector<double> replicates, double confidence) {
  std::erase_if(replicates, [](double r) { return std::isnan(r); });
  if (replicates.empty()) return {.value = value, .low = value, .high = value};
  const double tail = 0.5 * (1.0 - confidence);
  return {.value = value,
          .low = interpolated_quantile(replicates, tail),
          .high = interpolated_quantile(replicates, 1.0 - tail)};
}

std::string interval_text(const Interval& i, int digits) {
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", i.value, digits, i.low, digits, i.high, digits);
}

void require_confidence(const char* where, double confidence) {
  if (!(confidence > 0.0 && confidence < 1.0)) {
    throw InvalidArgument(std::string(where) + ": confidence: " + to_text(confidence) + " is not in (0, 1)");
  }
}

}  // namespace bayestuner::analysis
