#include "bayestuner/meter/discover.hpp"

#include <algorithm>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/meter/cpu_time.hpp"
#include "bayestuner/meter/estimated_power.hpp"
#include "bayestuner/meter/hwmon_power.hpp"
#include "bayestuner/meter/memory_use.hpp"
#include "bayestuner/meter/pressure.hpp"
#include "bayestuner/meter/rapl.hpp"

namespace bayestuner::meter {

namespace {

std::vector<AnyMeter> power_sensors(const std::filesystem::path& root) {
  std::vector<AnyMeter> meters;
  meters.emplace_back(RaplPerf(root));
  meters.emplace_back(RaplPowercap(root));
  meters.emplace_back(HwmonPower(root));
  return meters;
}

}  // namespace

void refuse_blind(const std::string& meter, const Description& description, const std::string& metric,
                  const std::vector<std::string>& knob_kinds) {
  if (description.sees.empty()) return;
  for (const std::string& kind : knob_kinds) {
    if (std::find(description.sees.begin(), description.sees.end(), kind) == description.sees.end()) {
      throw InvalidArgument(metric + ": the meter " + meter + " (" + to_string(description.provenance) +
                            ") cannot see the knob '" + kind + "'; it sees " + join(description.sees));
    }
  }
}

std::vector<MeterReport> discover(const std::filesystem::path& root) {
  std::vector<AnyMeter> meters = power_sensors(root);
  meters.emplace_back(EstimatedPower());
  meters.emplace_back(CpuTime());
  meters.emplace_back(MemoryUse());
  meters.emplace_back(Pressure(root));
  std::vector<MeterReport> reports;
  for (const AnyMeter& m : meters) reports.push_back({m.name(), m.describe(), m.availability()});
  return reports;
}

AnyMeter best_power_meter(bool allow_estimates, const std::filesystem::path& root) {
  std::vector<std::string> reasons;
  for (AnyMeter& meter : power_sensors(root)) {
    if (meter.availability()) return std::move(meter);
    reasons.push_back(meter.name() + " (" + meter.availability().reason() + ")");
  }
  if (allow_estimates) return EstimatedPower();
  throw InvalidArgument("power: no sensor here: " + join(reasons, "; ") +
                        "; set allow_estimates to tune an estimate from CPU time");
}

AnyMeter make_meter(const std::string& name, bool allow_estimates) {
  if (name == "power") return best_power_meter(allow_estimates);
  if (name == "cpu_time") return CpuTime();
  if (name == "memory") return MemoryUse();
  if (name == "pressure") return Pressure();
  if (name == "rapl.perf") return RaplPerf();
  if (name == "rapl.powercap") return RaplPowercap();
  if (name == "hwmon") return HwmonPower();
  if (name == "estimate") {
    if (!allow_estimates) throw InvalidArgument("meter: 'estimate' needs allow_estimates = true");
    return EstimatedPower();
  }
  throw InvalidArgument("meter: '" + name +
                        "' is none of power, cpu_time, memory, pressure, rapl.perf, rapl.powercap, hwmon, estimate");
}

}  // namespace bayestuner::meter
