#pragma once
/// How much a metric depends on each parameter, by three measures.

#include <string>
#include <vector>

#include "bayestuner/analysis/functional_anova.hpp"

namespace bayestuner::analysis {

struct ParameterImportance {
  std::string parameter = {};
  Interval total = {};        ///< share of the variance with all its interactions (functional_anova)
  Interval permutation = {};  ///< growth of the held-out RMSE when its values are shuffled, over the metric's deviation
  double impurity = 0.0;      ///< share of the splits' gain in a random forest
};

struct Importance {
  std::string metric = {}, surrogate = {};
  std::size_t rows = 0;
  double confidence = 0.95;
  std::vector<ParameterImportance> parameters = {};  ///< greatest total first
  std::string note = {};

  std::string to_json() const;
  std::string to_text() const;
};

/// Shares of variance as functional_anova gives them; permutation importance on ten splits of 80 % to learn and 20 % to
/// shuffle (Student's interval over the splits); impurity importance of a random forest. The three answer different
/// questions: of the whole space, of what was measured, of what a tree splits on. Throws InvalidArgument as
/// functional_anova does, and for fewer than five configurations or an empty `options.surrogate`. Sources: Hutter, Hoos
/// & Leyton-Brown 2014, PMLR 32, 754-762 (variance); Breiman 2001, doi:10.1023/A:1010933404324 (permutation, impurity).
Importance importance(const Sample& sample, const AnovaOptions& options = {});

}  // namespace bayestuner::analysis
