#include "bayestuner/meter/hwmon_power.hpp"

#include <algorithm>
#include <cmath>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::meter {

namespace {
// Old kernels report 0xFFFFFFFF milliwatts for "no reading"; nothing that we tune draws a megawatt.
constexpr double implausible_uw = 1e12;

std::optional<double> microwatts(const FileReader& reader, const std::filesystem::path& file, std::string& reason) {
  const auto text = reader(file, reason);
  if (!text) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text->c_str(), &end);
  if (end == text->c_str() || !std::isfinite(value) || value < 0.0 || value >= implausible_uw) {
    reason = file.string() + ": '" + text->substr(0, text->find('\n')) + "' is no power";
    return std::nullopt;
  }
  return value;
}
}  // namespace

HwmonPower::HwmonPower(std::filesystem::path root, FileReader reader) : reader_(std::move(reader)) {
  const auto tree = root / "sys/class/hwmon";
  std::vector<std::filesystem::path> chips;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(tree, missing)) chips.push_back(entry.path());
  std::sort(chips.begin(), chips.end());
  std::string reason = tree.string() + ": no chip with a power reading", ignored;
  for (const auto& chip : chips) {
    std::string name = reader_(chip / "name", ignored).value_or("");
    while (!name.empty() && name.back() == '\n') name.pop_back();
    for (const char* file : {"power1_average", "power1_input"}) {
      if (!std::filesystem::exists(chip / file) || !microwatts(reader_, chip / file, reason)) continue;
      if (!file_.empty() && name != "power_meter") continue;
      file_ = chip / file;
      chip_ = name;
      const auto interval = reader_(chip / "power1_average_interval", ignored);
      interval_s_ = interval ? std::strtod(interval->c_str(), nullptr) * 1e-3 : 0.0;
      break;
    }
  }
  if (file_.empty()) availability_ = Availability::unavailable(reason);
}

Description HwmonPower::describe() const {
  return {.kind = Kind::gauge,
          .unit = "W",
          .domain = chip_ == "power_meter" ? "whole box" : chip_,
          .update_period_s = interval_s_,
          .averaging_window_s = interval_s_,
          .source = file_.string()};
}

double HwmonPower::read_w() const {
  std::string reason;
  const auto value = microwatts(reader_, file_, reason);
  if (!value) throw DeviceError(reason);
  return *value * 1e-6;
}

void HwmonPower::begin(const Target&) {
  if (!availability_) throw DeviceError(name() + ": " + availability_.reason());
  window_.clear();
  sample();
}

void HwmonPower::sample() {
  window_.add(monotonic_s(), read_w());
}

Metrics HwmonPower::end() {
  sample();
  if (window_.empty()) return {};
  return {{"power_w", window_.mean(Provenance::measured)}, {"energy_j", {.value = window_.integral()}}};
}

}  // namespace bayestuner::meter
