#include "bayestuner/meter/cpu_time.hpp"

#include <unistd.h>

#include <sstream>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "meter/proc.hpp"

namespace bayestuner::meter {

namespace {

// user + system + waited children's, fields 14 to 17 of /proc/<pid>/stat.
double process_s(pid_t pid) {
  const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return 0.0;
  const std::size_t end = stat->rfind(')');
  if (end == std::string::npos) return 0.0;
  std::istringstream fields(stat->substr(end + 2));
  std::string field;
  double ticks = 0.0;
  for (int i = 3; i <= 17 && fields >> field; ++i) {
    if (i >= 14) ticks += std::strtod(field.c_str(), nullptr);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

double CpuTime::read_s(const Target& target) {
  if (!target.cpu_group.empty()) {
    const std::filesystem::path group = target.cpu_group;
    const auto used =
        target.cpu_version == 1 ? read_number(group / "cpuacct.usage") : read_keyed(group / "cpu.stat", "usage_usec");
    if (!used) throw DeviceError(target.cpu_group + ": its CPU account cannot be read");
    return target.cpu_version == 1 ? *used * 1e-9 : *used * 1e-6;
  }
  double sum = 0.0;
  if (target.pid > 0) {
    for (const pid_t pid : process_tree(target.pid)) sum += process_s(pid);
  }
  return sum;
}

Description CpuTime::describe() const {
  return {.kind = Kind::counter,
          .unit = "s",
          .domain = "workload",
          .update_period_s = 0.0,
          .source = "cgroup cpuacct.usage or cpu.stat; else /proc/<pid>/stat"};
}

void CpuTime::begin(const Target& target) {
  target_ = target;
  window_.clear();
  sample();
}

void CpuTime::sample() {
  window_.add(monotonic_s(), read_s(target_));
}

Metrics CpuTime::end() {
  sample();
  if (window_.empty()) return {};
  Metrics metrics;
  metrics["cpu_time_s"] = {.value = window_.total()};
  metrics["cpu_share"] = window_.rate(Provenance::measured);
  return metrics;
}

}  // namespace bayestuner::meter
