#include "bayestuner/meter/estimated_power.hpp"

#include <sched.h>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/meter/cpu_time.hpp"
#include "bayestuner/meter/memory_use.hpp"

namespace bayestuner::meter {

EstimatedPower::EstimatedPower(EstimateOptions options) : options_(options) {
  if (!(options_.idle_w_per_cpu >= 0.0) || !(options_.busy_w_per_cpu >= options_.idle_w_per_cpu) ||
      !(options_.memory_w_per_gb >= 0.0) || options_.cpus < 0) {
    throw InvalidArgument("estimate: watts must be >= 0 and busy at least idle");
  }
  if (options_.cpus == 0) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    options_.cpus = sched_getaffinity(0, sizeof mask, &mask) == 0 ? CPU_COUNT(&mask) : 1;
  }
}

Description EstimatedPower::describe() const {
  return {.kind = Kind::counter,
          .unit = "W",
          .domain = "idle CPUs + workload",
          .update_period_s = 0.0,
          .expected_error = 1.0,
          .provenance = Provenance::estimated,
          .sees = {"cpuset", "cpu_quota", "affinity", "cores", "threads", "memory", "software", "environment",
                   "argument", "config_file", "callable", "none"},
          .source = to_text(options_.cpus) + " CPUs x " + to_text(options_.idle_w_per_cpu) + " W + busy CPUs x " +
                    to_text(options_.busy_w_per_cpu - options_.idle_w_per_cpu) + " W + memory x " +
                    to_text(options_.memory_w_per_gb) + " W/GB"};
}

void EstimatedPower::begin(const Target& target) {
  target_ = target;
  window_.clear();
  memory_bytes_.clear();
  sample();
}

void EstimatedPower::sample() {
  const double now = monotonic_s();
  window_.add(now, CpuTime::read_s(target_));
  MemoryUse memory;
  memory.begin(target_);
  const Metrics use = memory.end();
  const auto it = use.find("memory_peak_bytes");
  memory_bytes_.add(now, it == use.end() ? 0.0 : it->second.value);
}

Metrics EstimatedPower::end() {
  sample();
  if (window_.empty()) return {};
  Metric power = window_.rate(Provenance::estimated);
  const double dynamic = options_.busy_w_per_cpu - options_.idle_w_per_cpu;
  power.value = options_.cpus * options_.idle_w_per_cpu + dynamic * power.value +
                options_.memory_w_per_gb * memory_bytes_.mean(Provenance::estimated).value * 1e-9;
  power.standard_error *= dynamic;
  return {{"power_w", power},
          {"energy_j", {.value = power.value * window_.seconds(), .provenance = Provenance::estimated}}};
}

}  // namespace bayestuner::meter
