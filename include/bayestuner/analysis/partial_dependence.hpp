#pragma once
/// What a model says of a metric as one parameter, or two, go through their values.

#include <cstdint>
#include <string>
#include <vector>

#include "bayestuner/analysis/interval.hpp"
#include "bayestuner/analysis/sample.hpp"

namespace bayestuner::analysis {

struct DependenceOptions {
  std::string surrogate = "gp";  ///< see named_surrogate
  std::size_t averaged = 256;    ///< configurations of the space that the other parameters are averaged over
  std::size_t max_values = 32;   ///< values of a parameter with more are taken spread evenly
  int resamples = 20;            ///< bootstrap samples of the measurements behind the intervals; 0: no intervals
  double confidence = 0.95;
  std::uint64_t seed = 0;
};

struct DependencePoint {
  std::vector<std::string> values = {};  ///< one a parameter, as text
  Interval mean = {};                    ///< the metric's unit
};

struct PartialDependence {
  std::string metric = {}, surrogate = {};
  std::vector<std::string> parameters = {};  ///< one or two
  double confidence = 0.95;
  std::vector<DependencePoint> points = {};  ///< the last parameter changes first

  std::string to_json() const;
  std::string to_text() const;
};

/// Mean prediction of a surrogate with `parameters` (one or two) held at each of their values, over configurations
/// drawn evenly from the space; not over the measured ones, which a search gathers where it is good. Intervals are by
/// bootstrap of the measurements. Throws InvalidArgument: an unknown parameter or one with a single value, another
/// number of them than one or two, an unknown surrogate, fewer than three configurations, options out of range.
/// Source: Friedman 2001, doi:10.1214/aos/1013203451, section 8.2.
PartialDependence partial_dependence(const Sample& sample, const std::vector<std::string>& parameters,
                                     const DependenceOptions& options = {});

}  // namespace bayestuner::analysis
