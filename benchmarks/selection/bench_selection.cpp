// What a decision costs: one input, many, and the search for neighbours in it. Bounds: docs/figures.md.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace {

using namespace bayestuner;
using namespace bayestuner::selection;

constexpr Eigen::Index dimension = 7;

enum Kind { uniform, correlated };
const char* kind_name(std::int64_t kind) {
  return kind == uniform ? "uniform" : "correlated";
}

// In the unit cube, or seven mixtures of three normal factors with a little noise of their own, as measured features
// are.
Eigen::MatrixXd points(std::int64_t kind, Eigen::Index n, std::uint64_t seed) {
  Random mixing(1), random(seed);
  Eigen::MatrixXd x(n, dimension);
  if (kind == uniform) {
    for (double& v : x.reshaped()) v = random.uniform();
    return x;
  }
  Eigen::Matrix<double, 3, dimension> mix;
  for (double& v : mix.reshaped()) v = mixing.normal();
  for (Eigen::Index i = 0; i < n; ++i) {
    Eigen::RowVector3d factor;
    for (double& v : factor) v = random.normal();
    for (Eigen::Index j = 0; j < dimension; ++j) x(i, j) = factor.dot(mix.col(j)) + 0.3 * random.normal();
  }
  return x;
}

// Three models, the dearer the more often right, each with inputs that it alone can answer.
ScoreMatrix scores_for(const Eigen::MatrixXd& x) {
  Random random(2);
  ScoreMatrix scores{.models = {"small", "middle", "large"}, .values = Eigen::MatrixXd(x.rows(), 3)};
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    for (Eigen::Index j = 0; j < 3; ++j) {
      const double chance = 0.55 + 0.1 * static_cast<double>(j) + (x(i, j) > x(i, j + 1) ? 0.15 : -0.15);
      scores.values(i, j) = random.uniform() < chance ? 1.0 : 0.0;
    }
  }
  return scores;
}

ModelSelector selector_for(const Eigen::MatrixXd& x, const std::string& estimator) {
  SelectorOptions options{.estimator = estimator, .policy = Policy::optimum(), .calibrate = false};
  if (estimator != "cascade") options.policy = Policy::trade_off(0.05);
  ModelSelector selector(options);
  selector.fit(features(x), scores_for(x), {.per_call = Eigen::Vector3d(1.0, 2.0, 4.0)});
  return selector;
}

using Clock = std::chrono::steady_clock;

// Median and 99th percentile of `call(query)` over rows that are not among those learnt, each call timed.
void time_each(benchmark::State& state, const Eigen::MatrixXd& queries, auto&& call) {
  std::vector<double> us(static_cast<std::size_t>(queries.rows()));
  std::vector<double> query(dimension);
  for (auto _ : state) {
    for (Eigen::Index i = -1000; i < queries.rows(); ++i) {  // the first thousand warm the caches
      Eigen::RowVectorXd::Map(query.data(), dimension) = queries.row(std::max<Eigen::Index>(i, 0));
      const auto start = Clock::now();
      call(query);
      const double passed = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
      if (i >= 0) us[static_cast<std::size_t>(i)] = passed;
    }
  }
  std::sort(us.begin(), us.end());
  state.counters["median_us"] = us[us.size() / 2];
  state.counters["p99_us"] = us[us.size() / 100 * 99];
}

/// Scale, one search, the stages' votes. Arguments: kind of points, rows learnt.
void BM_Decide(benchmark::State& state) {
  const ModelSelector selector = selector_for(points(state.range(0), state.range(1), 3), "cascade");
  Decision decision;
  time_each(state, points(state.range(0), 20'000, 4), [&](const std::vector<double>& query) {
    selector.select(query, decision);
    benchmark::DoNotOptimize(decision.model);
  });
  state.SetLabel(kind_name(state.range(0)));
}
BENCHMARK(BM_Decide)
    ->ArgsProduct({{uniform, correlated}, {5'000, 50'000, 100'000}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// The same at 5 000 rows by each estimator.
void BM_DecideBy(benchmark::State& state, const std::string& estimator) {
  const ModelSelector selector = selector_for(points(uniform, 5'000, 3), estimator);
  Decision decision;
  time_each(state, points(uniform, 20'000, 4), [&](const std::vector<double>& query) {
    selector.select(query, decision);
    benchmark::DoNotOptimize(decision.model);
  });
}
const bool registered = [] {
  for (const std::string& name : estimator_names()) {
    benchmark::RegisterBenchmark(("BM_DecideBy/" + name).c_str(),
                                 [name](benchmark::State& state) { BM_DecideBy(state, name); })
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

/// Many inputs in one call. Arguments: kind of points, inputs; 100 000 rows learnt.
void BM_Batch(benchmark::State& state) {
  const ModelSelector selector = selector_for(points(state.range(0), 100'000, 3), "cascade");
  const FeatureMatrix queries = features(points(state.range(0), state.range(1), 4));
  for (auto _ : state) benchmark::DoNotOptimize(selector.select(queries).model.data());
  state.SetItemsProcessed(state.iterations() * state.range(1));
  state.SetLabel(kind_name(state.range(0)));
}
BENCHMARK(BM_Batch)
    ->ArgsProduct({{uniform, correlated}, {1'000, 10'000}})
    ->MinWarmUpTime(0.2)
    ->Unit(benchmark::kMillisecond);

/// Five neighbours, and nothing else. Arguments: kind of points, rows.
void search(benchmark::State& state, Search how) {
  const NeighbourIndex index(points(state.range(0), state.range(1), 3), how);
  const Eigen::MatrixXd queries = points(state.range(0), how == Search::tree ? 20'000 : 2'000, 4);
  std::vector<Neighbour> near;
  double visited = 0.0;
  time_each(state, queries, [&](const std::vector<double>& query) {
    index.nearest(query, 5, near);
    benchmark::DoNotOptimize(near.data());
  });
  std::vector<double> query(dimension);
  for (Eigen::Index i = 0; i < 1'000; ++i) {
    Eigen::RowVectorXd::Map(query.data(), dimension) = queries.row(i);
    visited += static_cast<double>(index.visited(query, 5)) / 1'000.0;
  }
  state.counters["rows_read"] = visited;
  state.SetLabel(kind_name(state.range(0)));
}
void BM_Tree(benchmark::State& state) {
  search(state, Search::tree);
}
void BM_BruteForce(benchmark::State& state) {
  search(state, Search::brute_force);
}
void sizes(benchmark::internal::Benchmark* b) {
  b->ArgsProduct({{uniform, correlated}, {200, 500, 1'000, 5'000, 50'000, 100'000}})
      ->Iterations(1)
      ->Unit(benchmark::kMillisecond);
}
BENCHMARK(BM_Tree)->Apply(sizes);
BENCHMARK(BM_BruteForce)->Apply(sizes);

void BM_Build(benchmark::State& state) {
  const Eigen::MatrixXd x = points(state.range(0), state.range(1), 3);
  for (auto _ : state) benchmark::DoNotOptimize(NeighbourIndex(x).rows());
  state.SetLabel(kind_name(state.range(0)));
}
BENCHMARK(BM_Build)->ArgsProduct({{uniform, correlated}, {5'000, 100'000}})->Unit(benchmark::kMillisecond);

}  // namespace
