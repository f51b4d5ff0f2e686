#pragma once
/// Which parameters, alone and in pairs, a metric's variance comes from.

#include <cstdint>
#include <string>
#include <vector>

#include "bayestuner/analysis/interval.hpp"
#include "bayestuner/analysis/sample.hpp"

namespace bayestuner::analysis {

struct AnovaOptions {
  /// Model that stands in for the metric where it was not measured (named_surrogate); empty: none, which needs a
  /// measurement of every combination of values.
  std::string surrogate = "gp";
  std::size_t max_cells = 8192;  ///< combinations up to which all are predicted; beyond, quasi-random ones are
  std::size_t draws = 1024;      ///< quasi-random base points beyond; each costs 2 + d + d (d - 1) / 2 predictions
  int resamples = 20;            ///< bootstrap samples of the measurements behind the intervals; 0: no intervals
  double confidence = 0.95;
  std::uint64_t seed = 0;
};

/// Shares of the variance, 0 to 1.
struct ParameterShare {
  std::string parameter = {};
  Interval first = {};  ///< by this parameter alone: Var E[f | x_i] / Var f
  Interval total = {};  ///< with all interactions it is part of: 1 - Var E[f | all others] / Var f
};
struct PairShare {
  std::string first = {}, second = {};
  Interval share = {};  ///< of the two together, beyond each alone
};

/// The variance of a metric over all combinations of values, each equally likely, split among parameters. Known
/// constraints are not looked at: the split needs a product of parameters.
struct FunctionalAnova {
  std::string metric = {};
  std::size_t rows = 0;         ///< configurations learnt from
  std::string surrogate = {};   ///< empty: exact, from a full table
  std::size_t evaluations = 0;  ///< combinations that the split is made of
  double mean = 0.0, variance = 0.0, confidence = 0.95;
  std::vector<ParameterShare> parameters = {};  ///< greatest total first
  std::vector<PairShare> pairs = {};            ///< greatest first
  double higher = 0.0;                          ///< share of interactions of three and more
  std::string note = {};

  std::string to_json() const;
  std::string to_text() const;
};

/// Splits the variance of `sample`'s metric. Exact where every combination was measured and `surrogate` is empty; else
/// the mean prediction of a surrogate is split: over all combinations up to max_cells, beyond by quasi-random sampling.
/// Parameters with many values are taken at 64 of them, spread evenly. Intervals are by bootstrap of the measurements.
/// Throws InvalidArgument: an unknown surrogate, a table that is not full where none is given, fewer than three
/// configurations, options out of range. Sources: Hooker 2007, doi:10.1198/106186007X237892 (the split); Saltelli et
/// al. 2010, doi:10.1016/j.cpc.2009.09.018, and Jansen 1999, doi:10.1016/S0010-4655(98)00154-4 (the estimators of first
/// and total order).
FunctionalAnova functional_anova(const Sample& sample, const AnovaOptions& options = {});

}  // namespace bayestuner::analysis
