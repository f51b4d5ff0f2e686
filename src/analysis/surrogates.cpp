#include "bayestuner/analysis/surrogates.hpp"

#include <algorithm>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/surrogate/gaussian_process.hpp"
#include "bayestuner/surrogate/gradient_boosting.hpp"
#include "bayestuner/surrogate/nearest_neighbours.hpp"
#include "bayestuner/surrogate/polynomial_regression.hpp"
#include "bayestuner/surrogate/random_forest.hpp"

namespace bayestuner::analysis {

surrogate::AnySurrogate named_surrogate(const std::string& name, const std::vector<space::AxisKind>& axes,
                                        bool spread) {
  using namespace surrogate;
  if (name == "gp") return GaussianProcess<Matern52>({.axes = axes, .max_fit_rows = 200});
  if (name == "boosting") return GradientBoosting({.patience = 10, .members = spread ? 8 : 0});
  if (name == "forest") return RandomForest();
  if (name == "polynomial") return PolynomialRegression({.axes = axes});
  if (name == "knn") return NearestNeighbours({.axes = axes});
  if (name == "mean") return PolynomialRegression({.axes = axes, .max_degree = 0});
  throw InvalidArgument("surrogate: '" + name + "' is none of " + join(surrogate_names()));
}

const std::vector<std::string>& surrogate_names() {
  static const std::vector<std::string> names{"gp", "boosting", "forest", "polynomial", "knn", "mean"};
  return names;
}

}  // namespace bayestuner::analysis
