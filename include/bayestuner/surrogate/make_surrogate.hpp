#pragma once

#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/surrogate/any_surrogate.hpp"
#include "bayestuner/surrogate/gradient_boosting.hpp"
#include "bayestuner/surrogate/nearest_neighbours.hpp"
#include "bayestuner/surrogate/polynomial_regression.hpp"
#include "bayestuner/surrogate/random_forest.hpp"

namespace bayestuner::surrogate {

/// A surrogate other than the Gaussian process by its name, with the options that suit a search of some tens of trials:
/// forest, boosting, polynomial, knn. Throws InvalidArgument for any other name.
/// A template, so that only those who call it instantiate every surrogate.
template <class = void>
AnySurrogate make_surrogate(const std::string& name) {
  if (name == "forest") return RandomForest({.tree = {.split_point = SplitPoint::uniform}});
  if (name == "boosting") return GradientBoosting({.tree = {.max_depth = 3, .split_point = SplitPoint::uniform}});
  if (name == "polynomial") return PolynomialRegression();
  if (name == "knn") return NearestNeighbours();
  throw InvalidArgument("surrogate: '" + name + "' is none of forest, boosting, polynomial, knn");
}

}  // namespace bayestuner::surrogate
