#pragma once
/// When a measurement is good enough, and how good it is.

#include <cstddef>
#include <span>
#include <vector>

namespace bayestuner::meter {

/// Mean of n readings and its standard error (0 for one reading).
struct MeanError {
  double mean = 0.0;
  double standard_error = 0.0;
  std::size_t n = 0;
};
/// Throws InvalidArgument if `values` is empty.
MeanError mean_error(std::span<const double> values);

/// Half width of the two-sided Student-t interval of the mean, at `confidence`; infinite for fewer than two readings.
double half_width(const MeanError& estimate, double confidence = 0.95);

/// Whether the 95 % half width is below `precision` × |mean|, looked at only at 10, 20, 40, … readings: looking after
/// every one would make the interval too narrow (Taylor et al. LCTES'18 use a bound of 5 %).
bool is_precise(std::span<const double> values, double precision);

/// Whether the last `values` (at least 10) show no trend: the least-squares slope is not significant (t-test, 5 %) or
/// it amounts to less than `drift` × |mean| over the whole span.
bool is_steady(std::span<const double> values, double drift = 0.01);

/// Means of `batches` consecutive, equally large groups of `values` (a short rest is dropped); correlated readings
/// become nearly independent. Fewer readings than batches are returned as they are.
std::vector<double> batch_means(std::span<const double> values, std::size_t batches = 10);

/// Readings further than 14.826 median absolute deviations from the median. They are reported, never dropped: energy
/// is additive, and a mean without its outliers is another quantity.
std::size_t count_outliers(std::span<const double> values);

}  // namespace bayestuner::meter
