#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <mutex>
#include <utility>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/detail/read_file.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/meter/rapl.hpp"
#include "meter/keep_alive.hpp"

namespace bayestuner::meter {

namespace {

constexpr double implausible_w = 2000.0;  // where the zone does not say what it may draw
constexpr double edge_s = 2e-3;           // two update periods
constexpr double least_window_s = 0.05;   // beyond it a counter that updates every millisecond must have moved

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
    auto text = detail::read_file(path);
    if (!text) reason = path.string() + ": " + std::error_code(errno, std::generic_category()).message();
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
    const double seconds = std::max(time_s - last_time_s_, 1e-3);
    bool reset = range_j_ > 0.0 && seconds * plausible_w_ > range_j_;  // it may have wrapped twice
    if (rise < 0.0) {
      reset = reset || range_j_ <= 0.0;  // without a range a decrease has no meaning
      rise += range_j_;
    }
    if (reset || rise < 0.0 || rise > plausible_w_ * seconds) {
      reset_ = true;
      rise = 0.0;
    }
    total_j_ += rise;
  }
  last_j_ = *now;
  last_time_s_ = time_s;
}

double RaplZone::keep_alive_s() const {
  return range_j_ > 0.0 ? std::min(60.0, range_j_ / (4.0 * plausible_w_)) : 60.0;
}

struct RaplPowercap::Counters {
  std::mutex mutex;
  FileReader reader;
  std::vector<RaplZone> zones;
  double time_s = 0.0;
  std::string failure;
  std::optional<KeepAlive> keep_alive;  // last: its thread ends before what it reads

  void read() {
    time_s = monotonic_s();
    for (RaplZone& zone : zones) {
      zone.read(reader, time_s);
      if (zone.was_reset()) {
        throw DeviceError("rapl.powercap: the counter of " + zone.name() +
                          " was reset, or nobody read it for too long");
      }
    }
  }
  double total_j() const {
    double total = 0.0;
    for (const RaplZone& zone : zones) total += zone.joules();
    return total;
  }
};

RaplPowercap::~RaplPowercap() = default;
RaplPowercap::RaplPowercap(RaplPowercap&&) noexcept = default;
RaplPowercap& RaplPowercap::operator=(RaplPowercap&&) noexcept = default;

RaplPowercap::RaplPowercap(std::filesystem::path root, FileReader reader)
    : root_(std::move(root)), counters_(std::make_unique<Counters>()) {
  counters_->reader = std::move(reader);
  const FileReader& read_file = counters_->reader;
  std::vector<RaplZone>& zones = counters_->zones;
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
    const auto name = read_file(folder / "name", reason);
    if (!name) continue;
    const std::string zone = trimmed(*name);
    if (!zone.starts_with("package") && zone != "dram") continue;
    const auto energy = read_file(folder / "energy_uj", reason);
    if (!energy) {
      availability_ = Availability::unavailable(reason, "run as root, or grant CAP_DAC_READ_SEARCH");
      zones.clear();
      return;
    }
    std::string ignored;
    const auto range = read_file(folder / "max_energy_range_uj", ignored);
    const auto limit = read_file(folder / "constraint_0_max_power_uw", ignored);  // microwatts, the same grammar
    const double most_w = limit ? microjoules(*limit).value_or(0.0) : 0.0;
    zones.emplace_back(folder, zone, range ? microjoules(*range).value_or(0.0) : 0.0,
                       most_w > 0.0 ? 4.0 * most_w : implausible_w);
  }
  if (zones.empty()) availability_ = Availability::unavailable(tree.string() + ": no package zone", "");
}

Description RaplPowercap::describe() const {
  std::vector<std::string> names;
  for (const RaplZone& zone : counters_->zones) names.push_back(zone.name());
  return {.kind = Kind::counter,
          .unit = "J",
          .domain = join(names, " + "),
          .update_period_s = 1e-3,
          .provenance = root_ == "/" ? Provenance::measured : Provenance::derived,
          .source = (root_ / "sys/class/powercap").string()};
}

void RaplPowercap::begin(const Target&) {
  if (!availability_) throw DeviceError(name() + ": " + availability_.reason());
  counters_->keep_alive.reset();
  window_.clear();
  // Nobody read since the last window: what happened in between, a reset included, is not ours.
  for (RaplZone& zone : counters_->zones) zone.restart();
  counters_->failure.clear();
  sample_at_edge();
  double period_s = 60.0;
  for (const RaplZone& zone : counters_->zones) period_s = std::min(period_s, zone.keep_alive_s());
  counters_->keep_alive.emplace(period_s, [counters = counters_.get()] {
    const std::lock_guard lock(counters->mutex);
    try {
      counters->read();
    } catch (const DeviceError& error) {
      counters->failure = error.what();  // the next reading of the owner throws it
    }
  });
}

void RaplPowercap::sample() {
  const std::lock_guard lock(counters_->mutex);
  if (!counters_->failure.empty()) throw DeviceError(std::exchange(counters_->failure, {}));
  counters_->read();
  window_.add(counters_->time_s, counters_->total_j());
}

void RaplPowercap::sample_at_edge() {
  const std::lock_guard lock(counters_->mutex);
  if (!counters_->failure.empty()) throw DeviceError(std::exchange(counters_->failure, {}));
  counters_->read();
  const double before = counters_->zones.front().raw_j(), until = counters_->time_s + edge_s;
  while (counters_->zones.front().raw_j() == before && counters_->time_s < until) counters_->read();
  window_.add(counters_->time_s, counters_->total_j());
}

Metrics RaplPowercap::end() {
  sample_at_edge();
  counters_->keep_alive.reset();
  if (window_.empty()) return {};
  if (window_.total() <= 0.0 && window_.seconds() > least_window_s) {
    throw DeviceError(name() + ": the counters did not move for " + to_text(window_.seconds()) + " s: they are frozen");
  }
  const Provenance provenance = describe().provenance;
  return {{"power_w", window_.rate(provenance)}, {"energy_j", {.value = window_.total(), .provenance = provenance}}};
}

}  // namespace bayestuner::meter
