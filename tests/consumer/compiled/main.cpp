// A stranger with a study in a file.
#include <bayestuner/study/study.hpp>
#include <cstdio>
#include <filesystem>

using namespace bayestuner;

int main() {
  const auto store = std::filesystem::temp_directory_path() / "bayestuner-consumer.db";
  std::filesystem::remove(store);
  study::Study tuning(space::DynamicSpace({space::integer("cores", 1, 28), space::integer("batch", 1, 32)}),
                      study::Problem().minimize("power_w").subject_to("throughput >= 50"), {.store = store});
  tuning.optimize(
      [](const study::Trial& trial) -> study::Metrics {
        const auto cores = trial.params.get<double>("cores"), batch = trial.params.get<double>("batch");
        return {{"power_w", {.value = 20.0 + 5.0 * cores}},
                {"throughput", {.value = 10.0 * cores * batch / (batch + 4)}}};
      },
      {.trials = 15});
  const auto best = tuning.best();
  if (best) std::printf("%s\n", best->params.to_text().c_str());
  std::filesystem::remove(store);
  return best ? 0 : 1;
}
