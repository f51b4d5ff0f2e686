// Fitting and predicting with the surrogates beside the Gaussian process, on tables of 28 levels a column.

#include <benchmark/benchmark.h>

#include "bayestuner/core/random.hpp"
#include "bayestuner/surrogate/gradient_boosting.hpp"
#include "bayestuner/surrogate/nearest_neighbours.hpp"
#include "bayestuner/surrogate/polynomial_regression.hpp"
#include "bayestuner/surrogate/random_forest.hpp"

namespace bayestuner::surrogate {
namespace {

Eigen::MatrixXd rows(Eigen::Index n, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd x(n, 6);
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<double>(random.below(28)) / 27.0;
  return x;
}

Eigen::VectorXd targets(const Eigen::MatrixXd& x) {
  return (5.0 * x.col(0).array()).sin() + x.col(1).array() * x.col(2).array();
}

template <class Model>
void fit(benchmark::State& state, Model model) {
  const Eigen::MatrixXd x = rows(state.range(0), 1);
  const Eigen::VectorXd y = targets(x);
  for (auto _ : state) model.fit(x, y);
  state.SetItemsProcessed(state.iterations() * x.rows());
}

template <class Model>
void predict(benchmark::State& state, Model model) {
  const Eigen::MatrixXd x = rows(200, 1), at = rows(state.range(0), 2);
  model.fit(x, targets(x));
  for (auto _ : state) benchmark::DoNotOptimize(model.predict(at));
  state.SetItemsProcessed(state.iterations() * at.rows());
}

const GradientBoostingOptions one_model{.members = 0};
BENCHMARK_CAPTURE(fit, boosting, GradientBoosting(one_model))->Arg(50)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fit, forest, RandomForest())->Arg(50)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fit, polynomial, PolynomialRegression())->Arg(50)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fit, neighbours, NearestNeighbours())->Arg(50)->Arg(1000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(predict, boosting, GradientBoosting(one_model))->Arg(7168)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(predict, forest, RandomForest())->Arg(7168)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(predict, polynomial, PolynomialRegression())->Arg(7168)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(predict, neighbours, NearestNeighbours())->Arg(7168)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bayestuner::surrogate
