#include <benchmark/benchmark.h>

#include <Eigen/Core>

#include "bayestuner/surrogate/prediction_cache.hpp"

namespace {

using bayestuner::Random;
using bayestuner::surrogate::GaussianProcess;
using bayestuner::surrogate::PredictionCache;

constexpr Eigen::Index candidates = 7168, axes = 3;  // 28 cores x 8 GB x 32 batch sizes

Eigen::MatrixXd uniform_rows(Eigen::Index n, std::uint64_t seed) {
  Random random(seed);
  Eigen::MatrixXd x(n, axes);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < axes; ++j) x(i, j) = random.uniform();
  }
  return x;
}

struct Scene {
  Eigen::MatrixXd pool = uniform_rows(candidates, 1), x;
  Eigen::VectorXd y;
  GaussianProcess<> gp;

  explicit Scene(Eigen::Index n) : x(uniform_rows(n, 2)), y(x.rowwise().squaredNorm()) { gp.condition(x, y); }
};

/// Everything anew, as after other hyperparameters: n^2 N multiplications.
void BM_CacheRebuild(benchmark::State& state) {
  const Scene scene(state.range(0));
  for (auto _ : state) {
    PredictionCache cache(scene.pool);
    benchmark::DoNotOptimize(cache.posterior(scene.gp).mean.data());
  }
  const double n = static_cast<double>(state.range(0));
  state.counters["GFlop/s"] =
      benchmark::Counter(n * n * static_cast<double>(candidates) * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_CacheRebuild)->Arg(20)->Arg(100)->Arg(500)->Arg(1000)->Unit(benchmark::kMillisecond);

/// One row more, as after each trial between two searches for hyperparameters.
void BM_CacheAppend(benchmark::State& state) {
  const Eigen::Index n = state.range(0);
  const Scene scene(n);
  GaussianProcess<> more = scene.gp;
  more.update(uniform_rows(1, 3).row(0).transpose(), 0.5);
  PredictionCache cache(scene.pool);
  for (auto _ : state) {
    state.PauseTiming();
    cache.posterior(scene.gp);  // takes the row back
    state.ResumeTiming();
    benchmark::DoNotOptimize(cache.posterior(more).mean.data());
  }
}
BENCHMARK(BM_CacheAppend)->Arg(20)->Arg(100)->Arg(500)->Arg(2000)->Unit(benchmark::kMicrosecond);

/// New targets for the same rows.
void BM_CachePosterior(benchmark::State& state) {
  const Scene scene(state.range(0));
  PredictionCache cache(scene.pool);
  cache.posterior(scene.gp);
  for (auto _ : state) benchmark::DoNotOptimize(cache.posterior(scene.gp).mean.data());
}
BENCHMARK(BM_CachePosterior)->Arg(20)->Arg(100)->Arg(500)->Arg(2000)->Unit(benchmark::kMicrosecond);

}  // namespace
