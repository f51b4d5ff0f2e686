#pragma once
/// Readings of one source over a window of time.

#include <cstddef>
#include <vector>

#include "bayestuner/core/metric.hpp"

namespace bayestuner::meter {

/// Cumulative readings (joules, seconds of CPU) with their times.
class CounterWindow {
 public:
  void clear() { times_.clear(), values_.clear(); }
  /// Throws DeviceError if the counter went back: wraps are the source's business.
  void add(double time_s, double value);
  bool empty() const { return times_.size() < 2; }
  double seconds() const { return empty() ? 0.0 : times_.back() - times_.front(); }
  double total() const { return empty() ? 0.0 : values_.back() - values_.front(); }
  /// Mean rate, its standard error from batch means of the parts.
  Metric rate(Provenance provenance) const;

 private:
  std::vector<double> times_, values_;
};

/// Momentary readings (watts): time-weighted, trapezoidal, since no sampling is ever regular.
class GaugeWindow {
 public:
  void clear() { times_.clear(), values_.clear(); }
  void add(double time_s, double value) { times_.push_back(time_s), values_.push_back(value); }
  bool empty() const { return times_.size() < 2; }
  double seconds() const { return empty() ? 0.0 : times_.back() - times_.front(); }
  double integral() const;
  Metric mean(Provenance provenance) const;

 private:
  std::vector<double> times_, values_;
};

}  // namespace bayestuner::meter
