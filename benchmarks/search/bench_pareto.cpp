#include <benchmark/benchmark.h>

#include <Eigen/Core>

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "bayestuner/search/pareto_archive.hpp"

namespace {

using bayestuner::Random;
namespace search = bayestuner::search;

// Non-dominated points: on the part of a sphere that is nearest to the origin's corner.
Eigen::MatrixXd sphere(Eigen::Index n, Eigen::Index m) {
  Random random(1);
  Eigen::MatrixXd points(n, m);
  for (double& value : points.reshaped()) value = std::abs(random.normal());
  points = points.rowwise().normalized();
  return Eigen::MatrixXd::Ones(n, m) - points;
}

// points, objectives
void BM_Hypervolume(benchmark::State& state) {
  const Eigen::MatrixXd points = sphere(state.range(0), state.range(1));
  const Eigen::RowVectorXd reference = Eigen::RowVectorXd::Ones(state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(search::hypervolume(points, reference));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Hypervolume)
    ->Args({1000, 2})
    ->Args({1000, 3})
    ->Args({1000, 4})
    ->Args({100, 5})
    ->Unit(benchmark::kMillisecond);

void BM_NonDominated(benchmark::State& state) {
  const Eigen::MatrixXd points = sphere(state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(search::non_dominated(points).data());
}
BENCHMARK(BM_NonDominated)->Args({1000, 2})->Args({1000, 3})->Unit(benchmark::kMillisecond);

void BM_ParetoArchive(benchmark::State& state) {
  const Eigen::MatrixXd points = sphere(state.range(0), state.range(1));
  for (auto _ : state) {
    search::ParetoArchive archive;
    for (Eigen::Index i = 0; i < points.rows(); ++i) archive.insert(points.row(i), static_cast<std::size_t>(i));
    benchmark::DoNotOptimize(archive.size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_ParetoArchive)->Args({1000, 3})->Unit(benchmark::kMillisecond);

}  // namespace
