#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/meter/rapl.hpp"
#include "meter/proc.hpp"

namespace bayestuner::meter {

namespace {

// `0,14` or `0-1`: the CPUs, one a socket, on which the PMU's events open.
std::vector<int> cpus_in(const std::string& text) {
  std::vector<int> cpus;
  const char* at = text.c_str();
  while (*at >= '0' && *at <= '9') {
    char* end = nullptr;
    const long first = std::strtol(at, &end, 10);
    long last = first;
    if (*end == '-') last = std::strtol(end + 1, &end, 10);
    for (long c = first; c <= last; ++c) cpus.push_back(static_cast<int>(c));
    at = *end == ',' ? end + 1 : end;
  }
  return cpus;
}

}  // namespace

RaplPerf::RaplPerf(std::filesystem::path root) {
  const auto pmu = root / "sys/bus/event_source/devices/power";
  const auto type = read_number(pmu / "type");
  const auto mask = read_text(pmu / "cpumask");
  if (!type || !mask) {
    availability_ =
        Availability::unavailable(pmu.string() + ": no such PMU (virtual machine, or module absent)", "modprobe rapl");
    return;
  }
  for (const char* event : {"energy-pkg", "energy-ram"}) {
    const auto config = read_text(pmu / "events" / event);
    const auto scale = read_text(pmu / "events" / (std::string(event) + ".scale"));
    if (!config || !scale) continue;
    const std::size_t at = config->find("event=");
    if (at == std::string::npos) continue;
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = static_cast<std::uint32_t>(*type);
    attributes.config = std::strtoull(config->c_str() + at + 6, nullptr, 16);
    for (const int cpu : cpus_in(*mask)) {
      const int fd = static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
      if (fd < 0) {
        const int error = errno;
        close_all();
        availability_ = Availability::unavailable(
            std::string("perf_event_open(") + event + "): " + std::error_code(error, std::generic_category()).message(),
            "run as root, or grant CAP_PERFMON");
        return;
      }
      events_.push_back({fd, std::strtod(scale->c_str(), nullptr)});
    }
  }
  if (events_.empty()) availability_ = Availability::unavailable(pmu.string() + ": has no energy-pkg event");
}

RaplPerf::~RaplPerf() {
  close_all();
}
RaplPerf::RaplPerf(RaplPerf&& other) noexcept
    : events_(std::exchange(other.events_, {})),
      availability_(std::move(other.availability_)),
      window_(std::move(other.window_)) {}
RaplPerf& RaplPerf::operator=(RaplPerf&& other) noexcept {
  close_all();
  events_ = std::exchange(other.events_, {});
  availability_ = std::move(other.availability_);
  window_ = std::move(other.window_);
  return *this;
}
void RaplPerf::close_all() {
  for (const Event& e : events_) ::close(e.fd);
  events_.clear();
}

Description RaplPerf::describe() const {
  return {.kind = Kind::counter,
          .unit = "J",
          .domain = "packages + dram",
          .update_period_s = 1e-3,
          .source = "perf_event_open(power)"};
}

void RaplPerf::begin(const Target&) {
  if (!availability_) throw DeviceError(name() + ": " + availability_.reason());
  window_.clear();
  sample();
}

void RaplPerf::sample() {
  double total = 0.0;
  for (const Event& e : events_) {
    std::uint64_t count = 0;
    if (::read(e.fd, &count, sizeof count) != sizeof count) throw DeviceError("rapl.perf: a counter cannot be read");
    total += static_cast<double>(count) * e.scale_j;
  }
  window_.add(monotonic_s(), total);
}

Metrics RaplPerf::end() {
  sample();
  if (window_.empty()) return {};
  return {{"power_w", window_.rate(Provenance::measured)}, {"energy_j", {.value = window_.total()}}};
}

}  // namespace bayestuner::meter
