#include <benchmark/benchmark.h>

#include <Eigen/Core>

#include "bayestuner/acquisition/constrained.hpp"
#include "bayestuner/acquisition/expected_improvement.hpp"
#include "bayestuner/acquisition/log_expected_improvement.hpp"
#include "bayestuner/core/random.hpp"

namespace {

using bayestuner::Bound;
using bayestuner::Posterior;
using bayestuner::Random;
namespace acquisition = bayestuner::acquisition;

Posterior beliefs(Eigen::Index n) {
  Random random(1);
  Posterior p{Eigen::VectorXd(n), Eigen::VectorXd(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    p.mean[i] = 2.0 * random.normal();
    p.stddev[i] = 0.05 + random.uniform();
  }
  return p;
}

template <class Score>
void run(benchmark::State& state, const Score& score) {
  const Posterior p = beliefs(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(score(p).data());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void BM_ExpectedImprovement(benchmark::State& state) {
  run(state, acquisition::ExpectedImprovement(-1.0));
}
BENCHMARK(BM_ExpectedImprovement)->Arg(7168)->Arg(100000);

void BM_LogExpectedImprovement(benchmark::State& state) {
  run(state, acquisition::LogExpectedImprovement(-1.0));
}
BENCHMARK(BM_LogExpectedImprovement)->Arg(7168)->Arg(100000);

void BM_LogProbabilityOfFeasibility(benchmark::State& state) {
  run(state, [](const Posterior& p) { return acquisition::log_probability_of_feasibility(p, 0.5, Bound::at_least); });
}
BENCHMARK(BM_LogProbabilityOfFeasibility)->Arg(7168)->Arg(100000);

}  // namespace
