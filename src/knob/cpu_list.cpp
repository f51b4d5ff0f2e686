#include "bayestuner/knob/cpu_list.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "bayestuner/core/error.hpp"

namespace bayestuner::knob {
namespace {

constexpr int kLargestCpu = 65535;

int parse_cpu(const char*& at, const char* end, const std::string& text) {
  int cpu = -1;
  const auto [rest, error] = std::from_chars(at, end, cpu);
  if (error != std::errc{} || cpu < 0 || cpu > kLargestCpu) {
    throw InvalidArgument("CPU list: \"" + text + "\" is not a list such as 0-3,8");
  }
  at = rest;
  return cpu;
}

int read_number(const Filesystem& filesystem, const std::string& path, int otherwise) {
  const std::optional<std::string> text = filesystem.try_read(path);
  int number = otherwise;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

}  // namespace

std::set<int> parse_cpu_list(const std::string& text) {
  constexpr const char* kBlank = " \t\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string::npos) return {};
  const std::string list = text.substr(first, text.find_last_not_of(kBlank) - first + 1);
  std::set<int> cpus;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (true) {
    const int low = parse_cpu(at, end, list);
    int high = low;
    if (at != end && *at == '-') high = parse_cpu(++at, end, list);
    if (high < low) throw InvalidArgument("CPU list: \"" + list + "\" has a range the wrong way round");
    for (int cpu = low; cpu <= high; ++cpu) cpus.insert(cpu);
    if (at == end) return cpus;
    if (*at != ',') throw InvalidArgument("CPU list: \"" + list + "\" is not a list such as 0-3,8");
    ++at;
  }
}

std::string format_cpu_list(const std::set<int>& cpus) {
  std::string text;
  for (auto it = cpus.begin(); it != cpus.end();) {
    const int low = *it;
    int high = low;
    while (++it != cpus.end() && *it == high + 1) high = *it;
    if (!text.empty()) text += ',';
    text += std::to_string(low);
    if (high > low) text += '-' + std::to_string(high);
  }
  return text;
}

std::set<int> usable_cpus(const Filesystem& filesystem) {
  std::set<int> online;
  if (const auto text = filesystem.try_read("/sys/devices/system/cpu/online")) online = parse_cpu_list(*text);
  if (!filesystem.is_real()) return online;
  // The static cpu_set_t ends at 1024 CPUs; grow until the kernel is content.
  for (int size = 1024; size <= kLargestCpu + 1; size *= 2) {
    cpu_set_t* const mask = CPU_ALLOC(size);
    if (mask == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(size);
    const bool read = ::sched_getaffinity(0, bytes, mask) == 0;
    std::set<int> allowed;
    for (int cpu = 0; read && cpu < size; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, mask) && (online.empty() || online.contains(cpu))) allowed.insert(cpu);
    }
    CPU_FREE(mask);
    if (read) return allowed;
  }
  return online;
}

std::vector<int> core_order(const Filesystem& filesystem, const std::set<int>& cpus) {
  std::map<std::pair<int, int>, int> threads_seen;   // (package, core) -> threads already ranked
  std::vector<std::tuple<int, int, int, int>> keys;  // thread rank, package, core, cpu
  for (const int cpu : cpus) {
    const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    const int package = std::max(0, read_number(filesystem, topology + "physical_package_id", 0));
    // Without a core id no sibling is known; a number of its own keeps the CPU apart.
    const int core = read_number(filesystem, topology + "core_id", kLargestCpu + 1 + cpu);
    const int rank = threads_seen[{package, core}]++;
    keys.emplace_back(rank, package, core, cpu);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<int> order;
  order.reserve(keys.size());
  for (const auto& key : keys) order.push_back(std::get<3>(key));
  return order;
}

std::set<int> first_cores(const std::vector<int>& order, std::size_t count) {
  if (count > order.size()) {
    throw InvalidArgument("cores: " + std::to_string(count) + " is outside [1, " + std::to_string(order.size()) + "]");
  }
  return {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)};
}

}  // namespace bayestuner::knob
