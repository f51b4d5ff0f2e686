#pragma once

#include <utility>
#include <vector>

namespace bayestuner::selection::detail {

/// Slope and offset of the logistic curve 1 / (1 + exp(-(slope z + offset))) through points (z, y), y in [0, 1], by
/// Newton's method. Targets are drawn in a little, so that a set that can be separated stays finite.
/// Source: Platt 1999; Lin, Lin & Weng 2007, doi:10.1007/s10994-007-5018-6.
std::pair<double, double> fit_logistic_curve(const std::vector<double>& z, const std::vector<double>& y);

}  // namespace bayestuner::selection::detail
