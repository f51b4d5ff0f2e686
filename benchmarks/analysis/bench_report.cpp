#include <benchmark/benchmark.h>

#include <map>
#include <memory>

#include "bayestuner/analysis/report.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/study/export.hpp"

namespace {

using bayestuner::Random;
namespace space = bayestuner::space;
namespace study = bayestuner::study;

// A study of that many trials and objectives, with standard errors and a constraint relative to the baseline.
study::Study& told(std::int64_t trials, std::int64_t objectives) {
  static std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<study::Study>> made;
  auto& kept = made[{trials, objectives}];
  if (kept) return *kept;
  study::Problem problem;
  problem.minimize("power_w").subject_to("throughput >= 0.2 * baseline");
  if (objectives > 1) problem.maximize("throughput");
  if (objectives > 2) problem.minimize("memory_gb");
  const space::DynamicSpace knobs({space::integer("cores", 1, 64), space::integer("batch", 1, 1024),
                                   space::categorical("runtime", {"ort", "tvm"})});
  kept = std::make_unique<study::Study>(knobs, problem);
  Random random(1);
  for (std::int64_t i = 0; i < trials; ++i) {
    study::Trial trial{.params = knobs.configuration(knobs.sample(random)), .state = study::TrialState::complete};
    const double cores = trial.params.get<double>("cores"), batch = trial.params.get<double>("batch");
    trial.metrics = {{"power_w", {.value = 10.0 + cores + 2.0 * random.uniform(), .standard_error = 0.2}},
                     {"throughput", {.value = cores * batch / (batch + 8.0) + random.uniform(), .standard_error = 0.1}},
                     {"memory_gb", {.value = 1.0 + 0.01 * batch + random.uniform(), .standard_error = 0.01}}};
    kept->add_trial(std::move(trial));
  }
  return *kept;
}

// trials, objectives
void sizes(benchmark::internal::Benchmark* b) {
  for (const int objectives : {1, 2, 3}) b->Args({1000, objectives})->Args({10000, objectives});
  b->Unit(benchmark::kMillisecond);
}
void fronts(benchmark::internal::Benchmark* b) {
  for (const int objectives : {2, 3}) b->Args({1000, objectives})->Args({10000, objectives});
  b->Unit(benchmark::kMillisecond);
}

void BM_HtmlReport(benchmark::State& state) {
  study::Study& s = told(state.range(0), state.range(1));
  for (auto _ : state) state.counters["bytes"] = static_cast<double>(bayestuner::analysis::html_report(s).size());
}
BENCHMARK(BM_HtmlReport)->Apply(sizes);

void BM_TextReport(benchmark::State& state) {
  study::Study& s = told(state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(bayestuner::analysis::text_report(s).size());
}
BENCHMARK(BM_TextReport)->Apply(sizes);

void BM_Csv(benchmark::State& state) {
  study::Study& s = told(state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(study::to_csv(s).size());
}
BENCHMARK(BM_Csv)->Apply(sizes);

void BM_ParetoFront(benchmark::State& state) {
  study::Study& s = told(state.range(0), state.range(1));
  for (auto _ : state) state.counters["front"] = static_cast<double>(s.pareto_front().size());
}
BENCHMARK(BM_ParetoFront)->Apply(fronts);

void BM_Explorations(benchmark::State& state) {
  study::Study& s = told(state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(study::explorations({&s}).size());
}
BENCHMARK(BM_Explorations)->Apply(fronts);

}  // namespace
