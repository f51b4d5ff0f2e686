#include "bayestuner/meter/pressure.hpp"

#include <array>
#include <charconv>
#include <sstream>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "meter/proc.hpp"

namespace bayestuner::meter {

namespace {

constexpr std::array<const char*, 3> resources{"cpu", "memory", "io"};
constexpr std::array<const char*, 3> metrics{"cpu_pressure", "memory_pressure", "io_pressure"};

// `total=` of the line `some …`, seconds; nullopt for a text that is cut off or no such file.
std::optional<double> stalled_s(const std::filesystem::path& file) {
  const auto text = read_text(file);
  if (!text || text->empty() || text->back() != '\n') return std::nullopt;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.rfind("total=");
    if (!line.starts_with("some ") || at == std::string::npos) continue;
    std::uint64_t micros = 0;
    const char* const end = line.data() + line.size();
    const auto [stop, error] = std::from_chars(line.data() + at + 6, end, micros);
    if (error != std::errc() || stop != end) return std::nullopt;
    return 1e-6 * static_cast<double>(micros);
  }
  return std::nullopt;
}

}  // namespace

Pressure::Pressure(std::filesystem::path root) : root_(std::move(root)) {
  const auto file = root_ / "proc/pressure/cpu";
  if (!stalled_s(file)) {
    availability_ = Availability::unavailable(file.string() + ": no pressure stall information",
                                              "boot with psi=1, on a kernel that has CONFIG_PSI");
  }
}

Description Pressure::describe() const {
  return {.kind = Kind::counter,
          .unit = "s/s",
          .domain = "workload's v2 group, else whole machine",
          .source = "total of <group>/*.pressure or /proc/pressure/*"};
}

void Pressure::begin(const Target& target) {
  if (!availability_) throw DeviceError(name() + ": " + availability_.reason());
  sources_.clear();
  for (std::size_t i = 0; i < resources.size(); ++i) {
    std::filesystem::path file;
    if (target.cpu_version == 2 && !target.cpu_group.empty()) {
      file = std::filesystem::path(target.cpu_group) / (std::string(resources[i]) + ".pressure");
    }
    if (file.empty() || !stalled_s(file)) file = root_ / "proc/pressure" / resources[i];
    if (stalled_s(file)) sources_.push_back({.metric = metrics[i], .file = file, .window = {}});
  }
  sample();
}

void Pressure::sample() {
  for (Source& source : sources_) {
    const auto total = stalled_s(source.file);
    if (!total) throw DeviceError(source.file.string() + ": cannot be read any more");
    source.window.add(monotonic_s(), *total);
  }
}

Metrics Pressure::end() {
  sample();
  Metrics result;
  for (const Source& source : sources_) {
    if (!source.window.empty()) result[source.metric] = source.window.rate(Provenance::measured);
  }
  return result;
}

}  // namespace bayestuner::meter
