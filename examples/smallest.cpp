// The smallest tuner: a space, a problem, a function.
#include <bayestuner/bayestuner.hpp>
#include <cstdio>

using namespace bayestuner;

// Stands in for your test run.
static study::Metrics measure(int cores, int batch) {
  return {{"power_w", {.value = 20.0 + 5 * cores + batch}},
          {"throughput", {.value = 12.0 * cores * batch / (batch + 3)}}};
}

int main() {
  const space::Space knobs{space::integer<"cores">(1, 28), space::integer<"batch">(1, 32), "batch <= 4 * cores"};
  study::Study tuning(knobs, study::Problem().minimize("power_w").subject_to("throughput >= 50"));
  const auto run = [&](const study::Trial& trial) {
    const auto now = knobs.typed(trial);  // misspell a name below and it does not compile
    return measure(now.get<"cores">(), now.get<"batch">());
  };
  tuning.optimize(run, {.trials = 20});
  if (const auto best = tuning.best()) std::puts(best->params.to_text().c_str());
}
