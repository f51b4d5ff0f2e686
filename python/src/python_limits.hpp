#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bayestuner/control/limits.hpp"

namespace bayestuner::python {

// Limits as Python gives them; `latency`: (quantile, limit in s) each. Throws InvalidArgument.
inline control::Limits to_limits(double power_cap_w, const std::vector<std::pair<double, double>>& latency,
                                 double board_limit_w, double time_s) {
  control::Limits limits{.time_s = time_s, .power_cap_w = power_cap_w, .board_limit_w = board_limit_w};
  if (latency.size() > control::Limits::max_latency_limits) {
    throw InvalidArgument("latency: " + std::to_string(latency.size()) + " limits; at most " +
                          std::to_string(control::Limits::max_latency_limits) + " are allowed");
  }
  for (std::size_t i = 0; i < latency.size(); ++i) limits.latency[i] = {latency[i].first, latency[i].second};
  limits.latency_count = static_cast<std::uint32_t>(latency.size());
  require_valid(limits);
  return limits;
}

}  // namespace bayestuner::python
