// A space whose configurations the compiler checks: names, value types, enumerations, conditional parameters, rules.
#include <algorithm>
#include <cstdio>

#include "bayestuner/space/space.hpp"
#include "bayestuner/study/study.hpp"

using namespace bayestuner;

namespace {

enum class Precision { fp32, int8 };

// A made-up server: items per second with so many cores at that precision.
double speed(int cores, int batch, Precision precision, int threads) {
  const double per_core = precision == Precision::int8 ? 30.0 : 12.0;
  return per_core * std::min(cores, threads) * batch / (batch + 3.0);
}

}  // namespace

int main() {
  const space::Space knobs{
      space::integer<"cores">(1, 28),
      space::ordinal<"batch">({1, 2, 4, 8, 16, 32}),
      space::categorical<"precision", Precision>({{Precision::fp32, "fp32"}, {Precision::int8, "int8"}}),
      space::categorical<"runtime">({"ort", "tvm"}),
      space::integer<"threads">(1, 28).when<"runtime">("ort"),  // tvm takes every core
      space::rule<"threads", "cores">([](int threads, int cores) { return threads <= cores; }, "threads <= cores"),
      "batch <= 4 * cores"};

  study::Study tuning(knobs, study::Problem().minimize("power_w").subject_to("throughput >= 100"));
  tuning.enqueue(knobs.configuration(space::set<"cores">(28), space::set<"batch">(1), space::set<"threads">(28),
                                     space::set<"precision">(Precision::fp32), space::set<"runtime">("ort")));
  tuning.optimize(
      [&](const study::Trial& trial) -> study::Metrics {
        const auto now = knobs.typed(trial);
        const int cores = now.get<"cores">(), threads = now.get<"threads">().value_or(cores);
        return {{"power_w", {.value = 20.0 + 3 * cores + 2 * threads}},
                {"throughput", {.value = speed(cores, now.get<"batch">(), now.get<"precision">(), threads)}}};
      },
      {.trials = 25});
  const auto best = tuning.best();
  if (!best) return 1;
  std::printf("%d cores: %s\n", knobs.typed(*best).get<"cores">(), best->params.to_text().c_str());
}
