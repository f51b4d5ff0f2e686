#pragma once
// What the analyses' results have in common as JSON.

#include <cmath>
#include <nlohmann/json.hpp>

#include "bayestuner/analysis/interval.hpp"

namespace bayestuner::analysis {

// JSON knows neither NaN nor infinity.
inline nlohmann::ordered_json number_or_null(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

inline nlohmann::ordered_json json_of(const Interval& i) {
  return {{"value", number_or_null(i.value)}, {"low", number_or_null(i.low)}, {"high", number_or_null(i.high)}};
}

}  // namespace bayestuner::analysis
