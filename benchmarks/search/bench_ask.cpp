/// What a user waits for: consecutive suggestions along a growing history, those that refit hyperparameters included.

#include <benchmark/benchmark.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/bayesian.hpp"
#include "bayestuner/space/dynamic_space.hpp"

namespace {

using bayestuner::Random;
namespace search = bayestuner::search;
namespace space = bayestuner::space;

/// 28 cores x 8 GB x 32 batch sizes = 7168 configurations.
space::DynamicSpace server_knobs() {
  return space::DynamicSpace(
      {space::integer("cores", 1, 28), space::integer("memory_gb", 1, 8), space::integer("batch", 1, 32)});
}

/// Power and throughput of a made-up server: throughput saturates in cores and batch, too little memory for a batch
/// costs dearly, readings scatter by 1 %.
search::Observation measure(const space::DynamicSpace& s, const space::Point& point, Random& random) {
  const Eigen::VectorXd c = s.coordinates(point);
  const double cores = 1.0 + 27.0 * c[0], memory = 1.0 + 7.0 * c[1], batch = std::exp2(5.0 * c[2]);
  const double spill = std::max(0.0, 0.15 * batch - memory);
  const double throughput = 40.0 * cores / (1.0 + 0.08 * cores) * batch / (4.0 + batch) / (1.0 + spill * spill);
  const double power = 20.0 + 3.2 * cores * (0.4 + 0.6 * batch / (6.0 + batch)) + 0.7 * memory;
  search::Observation out{.point = point};
  out.values = Eigen::Vector2d(power * (1.0 + 0.01 * random.normal()), throughput * (1.0 + 0.01 * random.normal()));
  return out;
}

search::History empty_history(const space::DynamicSpace& s, std::uint64_t seed) {
  return {.space = &s,
          .task = {.metrics = {"power_w", "throughput"},
                   .objectives = {{.metric = 0}},
                   .constraints = {{.metric = 1, .bound = bayestuner::Bound::at_least, .threshold = 150.0}}},
          .seed = seed};
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Of this thread: what a suggestion costs where others use the machine too.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double quantile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

/// Argument: trials in the history. Every iteration is one suggestion, from 10 % before to 10 % after that number; then
/// the next seed. Histories of up to 1000 trials are the search's own; longer ones begin with random rows.
void BM_Ask(benchmark::State& state) {
  const space::DynamicSpace s = server_knobs();
  const auto trials = static_cast<std::size_t>(state.range(0));
  const std::size_t from = trials - trials / 10, until = trials + trials / 10;
  search::BayesianOptimisation<> strategy;
  search::History history;
  Random noise(0);
  std::uint64_t seed = 0;
  double first = 0.0;
  std::vector<double> asks, cpu;
  for (auto _ : state) {
    if (history.observations.empty() || history.observations.size() >= until) {
      history = empty_history(s, ++seed);
      noise = Random(seed);
      strategy = search::BayesianOptimisation<>();
      if (trials > 1000) {
        std::vector<std::uint64_t> rows(*s.count());
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = i;
        noise.shuffle(rows);
        for (std::size_t i = 0; i < from; ++i) history.observations.push_back(measure(s, s.at(rows[i]), noise));
        const double start = seconds();
        history.observations.push_back(measure(s, *strategy.suggest(history), noise));
        first = std::max(first, seconds() - start);
      }
      while (history.observations.size() < from) {
        history.observations.push_back(measure(s, *strategy.suggest(history), noise));
      }
      // What a process pays that opens a study with that log.
      const double start = seconds();
      search::BayesianOptimisation<> fresh;
      benchmark::DoNotOptimize(fresh.suggest(history));
      first = std::max(first, seconds() - start);
    }
    const double start = seconds(), cpu_start = cpu_seconds();
    const auto point = strategy.suggest(history);
    asks.push_back(seconds() - start);
    cpu.push_back(cpu_seconds() - cpu_start);
    state.SetIterationTime(asks.back());
    history.observations.push_back(measure(s, *point, noise));
  }
  state.counters["median_ms"] = 1e3 * quantile(asks, 0.5);
  state.counters["p99_ms"] = 1e3 * quantile(asks, 0.99);
  state.counters["max_ms"] = 1e3 * quantile(asks, 1.0);
  state.counters["cpu_median_ms"] = 1e3 * quantile(cpu, 0.5);
  state.counters["cpu_p99_ms"] = 1e3 * quantile(cpu, 0.99);
  state.counters["cpu_max_ms"] = 1e3 * quantile(cpu, 1.0);
  state.counters["first_ms"] = 1e3 * first;
}
BENCHMARK(BM_Ask)->Arg(20)->Arg(100)->Arg(500)->Iterations(400)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Ask)->Arg(2000)->Iterations(100)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace
