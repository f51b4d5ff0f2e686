#pragma once
/// How parameters act together on a metric, as a polynomial.

#include <cstdint>
#include <string>
#include <vector>

#include "bayestuner/analysis/interval.hpp"
#include "bayestuner/analysis/sample.hpp"
#include "bayestuner/surrogate/polynomial_regression.hpp"

namespace bayestuner::analysis {

struct InteractionOptions {
  int degree = 0;  ///< 0: by cross-validation up to max_degree
  int max_degree = 3;
  bool eliminate = true;  ///< drop terms by PRESS, never one that is part of another that stays
  double ridge = 0.0;
  double confidence = 0.95;
  std::uint64_t seed = 0;  ///< of the cross-validation's folds
  std::string unit = {};   ///< of the metric, for the formula; empty: from its name's end (_w, _s, _j, …)
};

/// One term: a product of scaled parameters, times its coefficient.
struct Interaction {
  std::string term = {};                     ///< `cores^2 batch`, `[runtime = ort] batch`; empty: the constant
  std::vector<std::string> parameters = {};  ///< that it contains, each once
  int degree = 0;
  Interval coefficient = {};  ///< the metric's unit, with Student's interval
  double standard_error = 0.0;
  double p_value = 1.0;  ///< of being 0
};

/// A polynomial of a metric over the scaled parameters, which run from -1 to 1 over the values tried. After a choice of
/// degree and terms, intervals and p-values are those of the model chosen: they do not know of the choice.
struct Interactions {
  std::string metric = {};
  std::size_t rows = 0;
  int degree = 0;
  std::vector<Interaction> terms = {};  ///< the constant, then by the size of the coefficient
  double r2 = 0.0, training_rmse = 0.0, press_rmse = 0.0, deviation = 0.0, confidence = 0.95;
  std::vector<double> cross_validated_rmse = {};  ///< of degrees 0, 1, …; NaN: too many terms
  std::string formula = {};                       ///< with units, and a line for every scaled parameter
  std::string note = {};

  std::string to_json() const;
  std::string to_text() const;
};

/// Fits surrogate::PolynomialRegression to a sample. Throws InvalidArgument: a degree that has more terms than there
/// are configurations, fewer than three configurations, options out of range.
Interactions interactions(const Sample& sample, const InteractionOptions& options = {});

/// The polynomial as text with the space's names and values: as PolynomialRegression::formula, but every scaled
/// parameter is explained by the values at -1 and 1 and its scale.
std::string readable_formula(const surrogate::PolynomialRegression& model, const Sample& sample,
                             const std::string& unit = {}, int digits = 4);

/// Unit by the end of a metric's name: `power_w` has W, `latency_p99_s` s; empty where none is known.
std::string unit_of(const std::string& metric);

}  // namespace bayestuner::analysis
