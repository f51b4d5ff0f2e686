// The smallest tuner: a space, a problem, a function.
#include <cstdio>

#include "bayestuner/study/study.hpp"

int main() {
  using namespace bayestuner;
  const space::DynamicSpace knobs({space::integer("cores", 1, 28), space::integer("batch", 1, 32)},
                                  {"batch <= 4 * cores"});
  study::Study tuning(knobs, study::Problem().minimize("power_w").subject_to("throughput >= 50"));
  tuning.optimize(
      [](const study::Trial& trial) -> study::Metrics {
        const double cores = trial.params.get<double>("cores"), batch = trial.params.get<double>("batch");
        return {{"power_w", {.value = 20 + 5 * cores + batch}},
                {"throughput", {.value = 12 * cores * batch / (batch + 3)}}};
      },
      {.trials = 20});
  if (const auto best = tuning.best()) std::puts(best->params.to_text().c_str());
}
