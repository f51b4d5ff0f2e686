/// Memory of a study with 10 000 trials. Each case runs in a process of its own, whose peak is reported.

#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <string>

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/make_strategy.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/study/study.hpp"

namespace {

namespace search = bayestuner::search;
namespace space = bayestuner::space;
namespace study = bayestuner::study;

constexpr std::int64_t trials = 10'000;

/// 28 cores x 16 GB x 32 batch sizes = 14 336 configurations: enough for as many trials.
space::DynamicSpace server_knobs() {
  return space::DynamicSpace(
      {space::integer("cores", 1, 28), space::integer("memory_gb", 1, 16), space::integer("batch", 1, 32)});
}

std::unique_ptr<study::Study> open(const std::filesystem::path& store, const std::string& strategy) {
  study::StudyOptions options;
  options.store = store;
  options.strategy = search::make_strategy(strategy);
  return std::make_unique<study::Study>(server_knobs(),
                                        study::Problem().minimize("power_w").subject_to("throughput >= 150"), options);
}

void fill(study::Study& s) {
  const space::DynamicSpace knobs = server_knobs();
  bayestuner::Random random(1);
  for (std::int64_t i = 0; i < trials; ++i) {
    const auto at = static_cast<std::uint64_t>(i) * 5 % *knobs.count();
    study::Trial trial{.params = knobs.configuration(knobs.at(at)), .state = study::TrialState::complete};
    const double x = static_cast<double>(at) / static_cast<double>(*knobs.count());
    trial.metrics["power_w"] = {.value = 50.0 + 40.0 * x + random.normal(), .standard_error = 0.5};
    trial.metrics["throughput"] = {.value = 100.0 + 120.0 * std::sqrt(x) + random.normal(), .standard_error = 1.0};
    trial.metrics["latency_p99_s"] = {.value = 0.1 / (0.1 + x), .standard_error = 0.001};
    s.add_trial(std::move(trial));
  }
}

/// Peak resident memory, in MB, of a process that runs `work`; -1 if it fails.
double peak_mb(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      work();
      _exit(0);
    } catch (...) {
      _exit(1);
    }
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) return -1.0;
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

void BM_StudyMemory(benchmark::State& state, const char* strategy, bool in_file) {
  const std::filesystem::path file = std::filesystem::temp_directory_path() / "bayestuner_bench_memory.db";
  const auto clean = [&] {
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + suffix);
  };
  double peak = 0.0;
  for (auto _ : state) {
    clean();
    if (in_file) {
      if (peak_mb([&] { fill(*open(file, "random")); }) < 0.0) state.SkipWithError("the store could not be filled");
      peak = peak_mb([&] { benchmark::DoNotOptimize(open(file, strategy)->ask()); });
    } else {
      peak = peak_mb([&] {
        const auto s = open({}, strategy);
        fill(*s);
        benchmark::DoNotOptimize(s->ask());
      });
    }
    if (peak < 0.0) state.SkipWithError("the study failed");
  }
  clean();
  state.counters["peak_MB"] = peak;
  state.counters["bare_MB"] = peak_mb([] {});
}
BENCHMARK_CAPTURE(BM_StudyMemory, memory_random, "random", false)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(BM_StudyMemory, memory_exhaustive, "exhaustive", false)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(BM_StudyMemory, memory_lhs, "lhs", false)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(BM_StudyMemory, memory_sobol, "sobol", false)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(BM_StudyMemory, memory_bo, "bo", false)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(BM_StudyMemory, file_random, "random", true)->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK_CAPTURE(BM_StudyMemory, file_bo, "bo", true)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
