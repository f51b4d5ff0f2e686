// What one step costs: recording a batch, and deciding. Bounds: docs/control.md.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "bayestuner/control/make_controller.hpp"
#include "bayestuner/core/random.hpp"

namespace {

using namespace bayestuner;
using namespace bayestuner::control;

KnobGrid grid() {
  std::vector<std::uint32_t> batches;
  for (std::uint32_t b = 1; b <= 256; b *= 2) batches.push_back(b);
  std::vector<double> clocks;
  for (int i = 0; i < 10; ++i) clocks.push_back(0.5e9 + 0.1e9 * i);
  return KnobGrid(batches, clocks);
}

Measurement batch(const AnyController& controller, double now_s, double power_w, double seconds) {
  Measurement m;
  m.time_s = now_s;
  m.setting = controller.setting();
  m.batch_size = m.items = controller.grid().batch(m.setting);
  m.service_s = seconds;
  m.power = {.count = 3, .max_w = power_w, .mean_w = 0.8 * power_w, .quantile_w = power_w};
  return m;
}

// Median and 99th percentile over a million steps, each timed; the clock's own cost is measured and taken off.
void steps(benchmark::State& state, const std::string& name, bool deciding) {
  using Clock = std::chrono::steady_clock;
  // A survey decides in tens of microseconds: fewer do.
  const int n = deciding && name == "survey" ? 20'000 : 1'000'000;
  std::vector<float> ns(static_cast<std::size_t>(n));
  for (auto _ : state) {
    std::vector<float> empty(10001);
    for (float& e : empty) {
      const auto t0 = Clock::now();
      e = std::chrono::duration<float, std::nano>(Clock::now() - t0).count();
    }
    std::nth_element(empty.begin(), empty.begin() + 5000, empty.end());
    AnyController controller = make_controller(
        name, grid(), {.power_cap_w = 150.0},
        deciding ? ControllerOptions{{"window_batches", 1}, {"window_s", 0}} : ControllerOptions{{"window_s", 1e300}});
    Random random(1);
    double now_s = 0.0;
    for (int i = 0; i < n; ++i) {
      now_s += 0.05;
      // Within the cap where nothing is to be decided; around it where everything is.
      const Measurement m =
          batch(controller, now_s, deciding ? random.uniform(90.0, 160.0) : random.uniform(90.0, 140.0), 0.05);
      const auto t0 = Clock::now();
      benchmark::DoNotOptimize(controller.step(m));
      ns[static_cast<std::size_t>(i)] =
          std::chrono::duration<float, std::nano>(Clock::now() - t0).count() - empty[5000];
    }
  }
  std::sort(ns.begin(), ns.end());
  state.counters["median_ns"] = ns[static_cast<std::size_t>(n / 2)];
  state.counters["p99_ns"] = ns[static_cast<std::size_t>(n / 100 * 99)];
}

const bool registered = [] {
  for (const std::string& name : controller_names()) {
    if (name == "fixed") continue;
    for (const bool deciding : {false, true}) {
      benchmark::RegisterBenchmark(((deciding ? "decide/" : "record/") + name).c_str(),
                                   [name, deciding](benchmark::State& s) { steps(s, name, deciding); })
          ->Iterations(1)
          ->Unit(benchmark::kMillisecond);
    }
  }
  return true;
}();

}  // namespace
