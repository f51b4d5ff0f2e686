#include "bayestuner/analysis/interval.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

namespace {

// Between the two order statistics that enclose the place p (n - 1).
double percentile(const std::vector<double>& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1), below = std::floor(place);
  const auto i = static_cast<std::size_t>(below);
  const double next = sorted[std::min(i + 1, sorted.size() - 1)];
  return sorted[i] + (place - below) * (next - sorted[i]);
}

}  // namespace

Interval percentile_interval(double value, std::vector<double> replicates, double confidence) {
  std::erase_if(replicates, [](double r) { return std::isnan(r); });
  if (replicates.empty()) return {.value = value, .low = value, .high = value};
  std::sort(replicates.begin(), replicates.end());
  const double tail = 0.5 * (1.0 - confidence);
  return {.value = value, .low = percentile(replicates, tail), .high = percentile(replicates, 1.0 - tail)};
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
