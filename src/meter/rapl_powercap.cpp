#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/meter/rapl.hpp"

namespace bayestuner::meter {

namespace {

constexpr double implausible_w = 2000.0;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// Microjoules as joules; nullopt for anything that is not a whole number >= 0.
std::optional<double> microjoules(const std::string& text) {
  const std::string t = trimmed(text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), value);
  if (error != std::errc() || end != t.data() + t.size() || value > (std::uint64_t{1} << 63)) return std::nullopt;
  return static_cast<double>(value) * 1e-6;
}

}  // namespace

FileReader real_reader() {
  return [](const std::filesystem::path& path, std::string& reason) -> std::optional<std::string> {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string text;
    if (in) text.assign((std::istreambuf_iterator<char>(in)), {});
    if (!in || in.bad()) {
      reason = path.string() + ": " + std::error_code(errno, std::generic_category()).message();
      return std::nullopt;
    }
    return text;
  };
}

void RaplZone::read(const FileReader& reader, double time_s) {
  std::string reason;
  const auto text = reader(folder_ / "energy_uj", reason);
  if (!text) throw DeviceError(reason);
  const auto now = microjoules(*text);
  if (!now) throw DeviceError((folder_ / "energy_uj").string() + ": '" + trimmed(*text) + "' is no energy");
  if (last_j_) {
    double rise = *now - *last_j_;
    bool reset = false;
    if (rise < 0.0) {
      if (range_j_ <= 0.0)
        reset = true;  // without a range a decrease has no meaning
      else
        rise += range_j_;
    }
    if (reset || rise < 0.0 || rise > implausible_w * std::max(time_s - last_time_s_, 1e-3)) {
      reset_ = true;
      rise = 0.0;
    }
    total_j_ += rise;
  }
  last_j_ = *now;
  last_time_s_ = time_s;
}

RaplPowercap::RaplPowercap(std::filesystem::path root, FileReader reader)
    : root_(std::move(root)), reader_(std::move(reader)) {
  const auto tree = root_ / "sys/class/powercap";
  std::vector<std::filesystem::path> folders;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(tree, missing)) {
    // Directory names, not indices: they are hexadecimal here and decimal there, and no socket numbers.
    if (entry.path().filename().string().starts_with("intel-rapl:")) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  if (folders.empty()) {
    availability_ = Availability::unavailable(
        tree.string() + ": no intel-rapl zone (virtual machine, or module absent)", "modprobe intel_rapl_msr");
    return;
  }
  std::string reason;
  for (const auto& folder : folders) {
    const auto name = reader_(folder / "name", reason);
    if (!name) continue;
    const std::string zone = trimmed(*name);
    if (!zone.starts_with("package") && zone != "dram") continue;
    const auto energy = reader_(folder / "energy_uj", reason);
    if (!energy) {
      availability_ = Availability::unavailable(reason, "run as root, or grant CAP_DAC_READ_SEARCH");
      zones_.clear();
      return;
    }
    std::string ignored;
    const auto range = reader_(folder / "max_energy_range_uj", ignored);
    zones_.emplace_back(folder, zone, range ? microjoules(*range).value_or(0.0) : 0.0);
  }
  if (zones_.empty()) availability_ = Availability::unavailable(tree.string() + ": no package zone", "");
}

Description RaplPowercap::describe() const {
  std::vector<std::string> names;
  for (const RaplZone& zone : zones_) names.push_back(zone.name());
  return {.kind = Kind::counter,
          .unit = "J",
          .domain = join(names, " + "),
          .update_period_s = 1e-3,
          .provenance = root_ == "/" ? Provenance::measured : Provenance::derived,
          .source = (root_ / "sys/class/powercap").string()};
}

void RaplPowercap::begin(const Target&) {
  if (!availability_) throw DeviceError(name() + ": " + availability_.reason());
  window_.clear();
  sample();
}

void RaplPowercap::sample() {
  const double now = monotonic_s();
  double total = 0.0;
  for (RaplZone& zone : zones_) {
    zone.read(reader_, now);
    if (zone.was_reset()) throw DeviceError(name() + ": the counter of " + zone.name() + " was reset");
    total += zone.joules();
  }
  window_.add(now, total);
}

Metrics RaplPowercap::end() {
  sample();
  if (window_.empty()) return {};
  const Provenance provenance = describe().provenance;
  return {{"power_w", window_.rate(provenance)}, {"energy_j", {.value = window_.total(), .provenance = provenance}}};
}

}  // namespace bayestuner::meter
