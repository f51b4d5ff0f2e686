#pragma once

#include <string>
#include <vector>

namespace bayestuner::analysis {

/// An estimate and the ends of its confidence interval, all in one unit.
struct Interval {
  double value = 0.0, low = 0.0, high = 0.0;
};

/// `value` with the interval between the percentiles of `replicates` (any order) that leave (1 - confidence) / 2 on
/// either side; without replicates, or where all are NaN, both ends are `value`. Source: Efron & Tibshirani 1993,
/// ch. 13.
Interval percentile_interval(double value, std::vector<double> replicates, double confidence);

/// Text of an interval: `0.012 [0.008, 0.017]`, `digits` after the point.
std::string interval_text(const Interval& interval, int digits = 3);

/// Throws InvalidArgument, naming `where`, unless 0 < confidence < 1.
void require_confidence(const char* where, double confidence);

}  // namespace bayestuner::analysis
