#pragma once

#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/search/annealing.hpp"
#include "bayestuner/search/any_strategy.hpp"
#include "bayestuner/search/bayesian.hpp"
#include "bayestuner/search/exhaustive.hpp"
#include "bayestuner/search/latin_hypercube.hpp"
#include "bayestuner/search/local_search.hpp"
#include "bayestuner/search/pseudo_binary.hpp"
#include "bayestuner/search/random.hpp"
#include "bayestuner/search/sobol.hpp"
#include "bayestuner/surrogate/make_surrogate.hpp"

namespace bayestuner::search {

/// A strategy by its name, with default options: bo, annealing, local, binary, random, exhaustive, lhs, sobol;
/// bo:SURROGATE with a name that make_surrogate knows. Throws InvalidArgument for any other name.
/// A template, so that only those who call it instantiate every strategy; study::named_strategy is it compiled once.
template <class = void>
AnyStrategy make_strategy(const std::string& name) {
  if (name == "bo") return BayesianOptimisation<>();
  if (name.starts_with("bo:")) {
    return BayesianOptimisation<surrogate::AnySurrogate>({}, surrogate::make_surrogate(name.substr(3)));
  }
  if (name == "annealing") return SimulatedAnnealing();
  if (name == "local") return LocalSearch();
  if (name == "binary") return PseudoBinarySearch();
  if (name == "random") return RandomSearch();
  if (name == "exhaustive") return Exhaustive();
  if (name == "lhs") return LatinHypercube();
  if (name == "sobol") return SobolSearch();
  throw InvalidArgument(
      "strategy: '" + name +
      "' is none of bo, bo:forest, bo:boosting, bo:polynomial, bo:knn, annealing, local, binary, random, "
      "exhaustive, lhs, sobol");
}

}  // namespace bayestuner::search
