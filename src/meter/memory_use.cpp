#include "bayestuner/meter/memory_use.hpp"

#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "meter/proc.hpp"

namespace bayestuner::meter {

namespace {

double resident_bytes(pid_t root) {
  double pages = 0.0;
  for (const pid_t pid : process_tree(root)) {
    const auto text = read_text("/proc/" + std::to_string(pid) + "/statm");
    if (!text) continue;
    std::istringstream fields(*text);
    double size = 0.0, resident = 0.0;
    if (fields >> size >> resident) pages += resident;
  }
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

Description MemoryUse::describe() const {
  return {.kind = Kind::gauge,
          .unit = "B",
          .domain = "workload",
          .update_period_s = 0.0,
          .source = "cgroup memory.max_usage_in_bytes or memory.peak; else /proc/<pid>/statm"};
}

void MemoryUse::begin(const Target& target) {
  target_ = target;
  peak_ = 0.0;
  sample();
}

void MemoryUse::sample() {
  double now = 0.0;
  if (!target_.memory_group.empty()) {
    const std::filesystem::path group = target_.memory_group;
    // memory.peak came with Linux 5.19; before it, the largest of the samples.
    const auto peak = target_.memory_version == 1 ? read_number(group / "memory.max_usage_in_bytes")
                                                  : read_number(group / "memory.peak");
    now = peak ? *peak : read_number(group / "memory.current").value_or(0.0);
  } else if (target_.pid > 0) {
    now = resident_bytes(target_.pid);
  }
  peak_ = std::max(peak_, now);
}

Metrics MemoryUse::end() {
  sample();
  if (peak_ <= 0.0) return {};
  return {{"memory_peak_bytes", {.value = peak_}}};
}

}  // namespace bayestuner::meter
