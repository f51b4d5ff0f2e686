#pragma once
/// Which polynomial degree describes a metric best.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/analysis/interval.hpp"
#include "bayestuner/analysis/sample.hpp"

namespace bayestuner::analysis {

struct DegreeOptions {
  int max_degree = 4;
  double train = 0.8;  ///< share of the sample that is learnt; the rest tests
  int splits = 20;     ///< random splits
  bool eliminate = true;
  double ridge = 0.0;
  double confidence = 0.95;
  std::uint64_t seed = 0;
};

/// One degree, the metric's unit.
struct DegreeScore {
  int degree = 0;
  std::string impossible = {};       ///< why it cannot be fitted; empty: it can, and the rest is there
  std::size_t terms = 0;             ///< kept of those that the degree allows, learning the whole sample
  Interval test = {};                ///< RMSE on rows held out
  std::optional<double> whole = {};  ///< RMSE on the whole table, learning the whole sample
  double press_rmse = 0.0, training_rmse = 0.0, r2 = 0.0, aic = 0.0, bic = 0.0;
  std::string formula = {};
};

struct DegreeStudy {
  std::string metric = {};
  std::size_t rows = 0;
  double train = 0.8, confidence = 0.95;
  int splits = 0;
  std::vector<DegreeScore> scores = {};  ///< degree 1, 2, …
  int best = 0;                          ///< least RMSE on rows held out; 0: no degree can be fitted
  int simplest = 0;                      ///< lowest degree that is not worse than that one by more than chance

  std::string to_json() const;
  std::string to_text() const;
};

/// Polynomials of each degree on random splits of one sample, the same for every degree; intervals with Nadeau and
/// Bengio's correction for the splits' overlap. A degree with more terms than rows to learn is reported as impossible.
/// `whole`: measurements of the whole space, where there are some. Throws InvalidArgument: fewer than five rows,
/// options out of range.
DegreeStudy degree_study(const Sample& sample, const DegreeOptions& options = {}, const Sample* whole = nullptr);

}  // namespace bayestuner::analysis
