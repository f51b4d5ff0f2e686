// The smallest tuner: a space, a problem, a function.
#include <cstdio>

#include "bayestuner/space/space.hpp"
#include "bayestuner/study/study.hpp"

int main() {
  using namespace bayestuner;
  const space::Space knobs{space::integer<"cores">(1, 28), space::integer<"batch">(1, 32), "batch <= 4 * cores"};
  study::Study tuning(knobs, study::Problem().minimize("power_w").subject_to("throughput >= 50"));
  tuning.optimize(
      [&](const study::Trial& trial) -> study::Metrics {
        const int cores = knobs.typed(trial).get<"cores">(), batch = knobs.typed(trial).get<"batch">();
        return {{"power_w", {.value = 20.0 + 5 * cores + batch}},
                {"throughput", {.value = 12.0 * cores * batch / (batch + 3)}}};
      },
      {.trials = 20});
  if (const auto best = tuning.best()) std::puts(best->params.to_text().c_str());
}
