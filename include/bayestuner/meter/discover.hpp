#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/meter/any_meter.hpp"

namespace bayestuner::meter {

struct MeterReport {
  std::string name;
  Description description;
  Availability availability;
};

/// Every meter this library knows, available or with the reason why not. `root`: prefix of /sys and /proc.
std::vector<MeterReport> discover(const std::filesystem::path& root = "/");

/// Best source of power here: rapl.perf, rapl.powercap, hwmon, and, if `allow_estimates`, the estimate. Throws
/// InvalidArgument that lists the reasons where there is none.
AnyMeter best_power_meter(bool allow_estimates, const std::filesystem::path& root = "/");

/// A meter by name: power, cpu_time, memory, pressure, rapl.perf, rapl.powercap, hwmon, estimate. Throws
/// InvalidArgument.
AnyMeter make_meter(const std::string& name, bool allow_estimates);

}  // namespace bayestuner::meter
