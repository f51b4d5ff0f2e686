#include <benchmark/benchmark.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <chrono>
#include <vector>

#include "bayestuner/surrogate/gaussian_process.hpp"

namespace {

using bayestuner::Random;
using bayestuner::surrogate::GaussianProcess;

struct Data {
  Eigen::MatrixXd x;
  Eigen::VectorXd y;
};

Data smooth_data(Eigen::Index n, Eigen::Index d, std::uint64_t seed = 1) {
  Random random(seed);
  Data data{Eigen::MatrixXd(n, d), Eigen::VectorXd(n)};
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < d; ++j) data.x(i, j) = random.uniform();
    data.y[i] =
        std::sin(4.0 * data.x(i, 0)) + data.x.row(i).squaredNorm() / static_cast<double>(d) + 0.05 * random.normal();
  }
  return data;
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Runs `ours` and `reference` in turn, so that both see the same machine, and reports the ratio of their medians.
template <class Ours, class Reference>
void compare(benchmark::State& state, Ours&& ours, Reference&& reference) {
  std::vector<double> mine, theirs;
  const auto median = [](std::vector<double>& v) {
    std::nth_element(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(v.size() / 2), v.end());
    return v[v.size() / 2];
  };
  for (auto _ : state) {
    const double a = seconds();
    ours();
    const double b = seconds();
    reference();
    const double c = seconds();
    mine.push_back(b - a);
    theirs.push_back(c - b);
    state.SetIterationTime(b - a);
  }
  const double reference_s = median(theirs);
  state.counters["reference_ms"] = 1e3 * reference_s;
  state.counters["ratio"] = median(mine) / reference_s;
}

Eigen::MatrixXd kernel_matrix(const GaussianProcess<>& gp) {
  const Eigen::MatrixXd l = gp.factor().triangularView<Eigen::Lower>();
  return l * l.transpose();
}

/// Kernel matrix, factor and weights against Eigen's Cholesky decomposition of that matrix alone.
void BM_ConditionAgainstCholesky(benchmark::State& state) {
  const Data data = smooth_data(state.range(0), 6);
  GaussianProcess<> gp;
  gp.condition(data.x, data.y);
  const Eigen::MatrixXd k = kernel_matrix(gp);
  Eigen::LLT<Eigen::MatrixXd> llt(k);
  compare(
      state, [&] { gp.condition(data.x, data.y); },
      [&] {
        llt.compute(k);
        benchmark::DoNotOptimize(llt.matrixLLT().data());
      });
}
BENCHMARK(BM_ConditionAgainstCholesky)->Arg(100)->Arg(300)->Arg(1000)->UseManualTime()->Unit(benchmark::kMillisecond);

/// Mean and standard deviation at 1000 points against one triangular solve with as many right-hand sides.
void BM_PredictAgainstTriangularSolve(benchmark::State& state) {
  const Data data = smooth_data(state.range(0), 6), test = smooth_data(1000, 6, 2);
  GaussianProcess<> gp;
  gp.condition(data.x, data.y);
  const Eigen::MatrixXd l = gp.factor(), right = Eigen::MatrixXd::Random(state.range(0), 1000);
  Eigen::MatrixXd v = right;
  compare(
      state, [&] { benchmark::DoNotOptimize(gp.predict(test.x).mean.data()); },
      [&] {
        l.triangularView<Eigen::Lower>().solveInPlace(v);
        benchmark::DoNotOptimize(v.data());
        v = right;
      });
}
BENCHMARK(BM_PredictAgainstTriangularSolve)
    ->Arg(100)
    ->Arg(300)
    ->Arg(1000)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

/// One evaluation of the likelihood with its gradient, distances kept: what a search for hyperparameters repeats.
void BM_LikelihoodGradient(benchmark::State& state) {
  namespace detail = bayestuner::surrogate::detail;
  const Eigen::Index n = state.range(0), d = state.range(1);
  const Data data = smooth_data(n, d);
  const detail::PairDistances distances(data.x,
                                        std::vector<detail::Term>(static_cast<std::size_t>(d), detail::Term::squared));
  const detail::Evidence evidence{
      .targets = data.y, .multiplicity = Eigen::VectorXd::Ones(n), .known_variance = Eigen::VectorXd::Zero(n)};
  detail::Likelihood<bayestuner::surrogate::Matern52> likelihood(distances, evidence);
  const Eigen::VectorXd theta = bayestuner::surrogate::default_hyperparameters(d).packed();
  Eigen::VectorXd gradient;
  for (auto _ : state) benchmark::DoNotOptimize(likelihood(theta, &gradient));
}
BENCHMARK(BM_LikelihoodGradient)->ArgsProduct({{20, 50, 100, 200, 500}, {3, 6}})->Unit(benchmark::kMicrosecond);

/// Search for hyperparameters from the previous optimum, at most 10 iterations: what a suggestion pays now and then.
void BM_Refit(benchmark::State& state) {
  const Data data = smooth_data(state.range(0), 6);
  GaussianProcess<> first({.max_fit_rows = 200});
  first.fit(data.x.topRows(state.range(0) - 3), data.y.head(state.range(0) - 3));
  first.options().starts = 1;
  first.options().max_iterations = 10;
  for (auto _ : state) {
    GaussianProcess<> gp = first;
    gp.fit(data.x, data.y);
    benchmark::DoNotOptimize(gp.log_marginal_likelihood());
  }
}
BENCHMARK(BM_Refit)->Arg(20)->Arg(50)->Arg(100)->Arg(200)->Arg(500)->Unit(benchmark::kMillisecond);

void BM_Fit(benchmark::State& state) {
  const Data data = smooth_data(state.range(0), 6);
  for (auto _ : state) {
    GaussianProcess<> gp;
    gp.fit(data.x, data.y);
    benchmark::DoNotOptimize(gp.log_marginal_likelihood());
  }
}
BENCHMARK(BM_Fit)->Arg(20)->Arg(100)->Unit(benchmark::kMillisecond);

void BM_Update(benchmark::State& state) {
  const Eigen::Index n = state.range(0);
  const Data data = smooth_data(n + 1, 6);
  GaussianProcess<> base;
  base.condition(data.x.topRows(n), data.y.head(n));
  for (auto _ : state) {
    state.PauseTiming();
    GaussianProcess<> gp = base;
    const Eigen::VectorXd x = data.x.row(n).transpose();
    state.ResumeTiming();
    gp.update(x, data.y[n]);
    benchmark::DoNotOptimize(gp.standard_mean());
  }
}
BENCHMARK(BM_Update)->Arg(100)->Arg(500)->Arg(2000)->Unit(benchmark::kMicrosecond);

}  // namespace
