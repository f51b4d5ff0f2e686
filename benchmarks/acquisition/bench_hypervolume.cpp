#include <benchmark/benchmark.h>

#include <Eigen/Core>
#include <vector>

#include "bayestuner/acquisition/hypervolume.hpp"
#include "bayestuner/core/random.hpp"

namespace {

using bayestuner::Posterior;
using bayestuner::Random;
using bayestuner::acquisition::HypervolumeImprovement;

// Non-dominated points: on the part of a sphere that is nearest to the origin's corner.
Eigen::MatrixXd sphere(Eigen::Index n, Eigen::Index m) {
  Random random(1);
  Eigen::MatrixXd points(n, m);
  for (double& value : points.reshaped()) value = std::abs(random.normal());
  points = points.rowwise().normalized();
  return Eigen::MatrixXd::Ones(n, m) - points;
}

// The candidates' means lie around the front.
std::vector<Posterior> beliefs(Eigen::Index n, Eigen::Index m) {
  Random random(2);
  std::vector<Posterior> out(static_cast<std::size_t>(m), Posterior{Eigen::VectorXd(n), Eigen::VectorXd(n)});
  for (Posterior& p : out) {
    for (Eigen::Index i = 0; i < n; ++i) {
      p.mean[i] = random.uniform(0.0, 1.2);
      p.stddev[i] = 0.02 + 0.3 * random.uniform();
    }
  }
  return out;
}

// candidates, points of the front, objectives
void BM_LogExpectedHypervolumeImprovement(benchmark::State& state) {
  const auto p = beliefs(state.range(0), state.range(2));
  const Eigen::MatrixXd front = sphere(state.range(1), state.range(2));
  for (auto _ : state) {
    const HypervolumeImprovement improvement(front, Eigen::VectorXd::Ones(state.range(2)));
    benchmark::DoNotOptimize(improvement.log_expected(p).data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_LogExpectedHypervolumeImprovement)
    ->Args({7168, 50, 2})
    ->Args({7168, 50, 3})
    ->Unit(benchmark::kMillisecond);

void BM_HypervolumeProbabilityOfImprovement(benchmark::State& state) {
  const auto p = beliefs(state.range(0), state.range(2));
  const HypervolumeImprovement improvement(sphere(state.range(1), state.range(2)),
                                           Eigen::VectorXd::Ones(state.range(2)));
  for (auto _ : state) benchmark::DoNotOptimize(improvement.probability_times_gain(p).data());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_HypervolumeProbabilityOfImprovement)
    ->Args({7168, 50, 2})
    ->Args({7168, 50, 3})
    ->Unit(benchmark::kMillisecond);

}  // namespace
