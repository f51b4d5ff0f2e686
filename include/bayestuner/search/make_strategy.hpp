#pragma once

#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/search/any_strategy.hpp"
#include "bayestuner/search/bayesian.hpp"
#include "bayestuner/search/exhaustive.hpp"
#include "bayestuner/search/latin_hypercube.hpp"
#include "bayestuner/search/random.hpp"
#include "bayestuner/search/sobol.hpp"

namespace bayestuner::search {

/// A strategy by its name, with default options: bo, random, exhaustive, lhs, sobol. Throws InvalidArgument for any
/// other name.
inline AnyStrategy make_strategy(const std::string& name) {
  if (name == "bo") return BayesianOptimisation<>();
  if (name == "random") return RandomSearch();
  if (name == "exhaustive") return Exhaustive();
  if (name == "lhs") return LatinHypercube();
  if (name == "sobol") return SobolSearch();
  throw InvalidArgument("strategy: '" + name + "' is none of bo, random, exhaustive, lhs, sobol");
}

}  // namespace bayestuner::search
