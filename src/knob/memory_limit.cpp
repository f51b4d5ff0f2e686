#include "bayestuner/knob/memory_limit.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/detail/confinement.hpp"

namespace bayestuner::knob {

static_assert(Knob<MemoryLimit>);

namespace {

constexpr std::int64_t kMiB = 1 << 20;

std::int64_t page_bytes() {
  static const std::int64_t page = std::max<long>(::sysconf(_SC_PAGESIZE), 1);
  return page;
}

std::int64_t number(const std::string& text, std::int64_t otherwise) {
  std::int64_t value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Memory of the machine, or of the group above us where that is less.
std::int64_t most_bytes(const CgroupLayout& layout) {
  const Filesystem& files = *layout.filesystem();
  std::int64_t most = 0;
  const std::string info = files.try_read("/proc/meminfo").value_or("");
  const std::string key = "MemTotal:";
  if (const std::size_t at = info.find(key); at != std::string::npos) {
    const std::size_t digits = info.find_first_not_of(' ', at + key.size());
    most = number(info.substr(std::min(info.size(), digits)), 0) * 1024;
  }
  const GroupSite& site = layout.site("memory");
  const std::string file = site.version == 1 ? "/memory.limit_in_bytes" : "/memory.max";
  if (const auto above = files.try_read(site.parent + file)) most = std::min(most, number(*above, most));
  return std::max(most, page_bytes());
}

space::Parameter limits(const CgroupLayout& layout, const MemoryLimitOptions& options) {
  if (options.unit_bytes < 1) {
    throw InvalidArgument("unit_bytes: " + std::to_string(options.unit_bytes) + " must be at least 1");
  }
  const std::int64_t most = most_bytes(layout);
  const std::int64_t step = std::max<std::int64_t>(64 * kMiB / options.unit_bytes, 1);
  const std::int64_t high = std::max<std::int64_t>(most / options.unit_bytes, 1);
  const std::int64_t low = std::min(step, high);
  // A machine of less than two steps has two levels: the step and all of it.
  const space::Parameter found =
      space::integer(options.name, low, high, {.step = std::clamp<std::int64_t>(high - low, 1, step)});
  const double unit = static_cast<double>(options.unit_bytes);
  return detail::narrowed(options.parameter, found, static_cast<double>(page_bytes()) / unit,
                          static_cast<double>(most) / unit);
}

}  // namespace

MemoryLimit::MemoryLimit(const CgroupLayout& layout, MemoryLimitOptions options)
    : site_(layout.site("memory")),
      name_(options.parameter ? options.parameter->name() : options.name),
      unit_bytes_(options.unit_bytes),
      shrink_live_(options.shrink_live),
      counts_swap_(layout.filesystem()->exists(site_.parent + "/memory.memsw.limit_in_bytes")),
      parameter_(limits(layout, options)) {}

Description MemoryLimit::describe() const {
  return {.kind = "memory",
          .mechanism = "cgroup v" + std::to_string(site_.version) + " memory",
          .unit = unit_bytes_ == 1 ? "B" : to_text(unit_bytes_) + " B",
          .scope = Scope::group,
          .allowed = to_text(parameter_.low()) + ".." + to_text(parameter_.high()),
          .side_effects = {"beyond the limit the kernel kills the workload", "the workload does not swap"},
          .privilege = "root or a delegated cgroup"};
}

Plan MemoryLimit::plan(const space::Value& limit) const {
  detail::require_available(name_, site_.availability);
  const double units = parameter_.number(parameter_.require_code(limit));
  std::int64_t bytes = static_cast<std::int64_t>(units * static_cast<double>(unit_bytes_));
  bytes -= bytes % page_bytes();  // as the kernel would, so that it reads back as written
  const std::string text = std::to_string(bytes);
  Plan plan{.knob = name_, .value = limit, .resource = {}, .writes = site_.make_and_join()};
  const std::string group = site_.group();
  const auto write = [&](const std::string& file, const std::string& value) -> PrimitiveWrite& {
    return plan.writes.emplace_back(
        PrimitiveWrite{.action = Action::write_file, .target = group + file, .value = value, .version = site_.version});
  };
  if (site_.version == 2) {
    PrimitiveWrite& max = write("/memory.max", text);
    max.shrinks = true;
    max.shrink_live = shrink_live_;
    write("/memory.swap.max", "0").optional = true;
    write("/memory.oom.group", "1").optional = true;
  } else {
    PrimitiveWrite& max = write("/memory.limit_in_bytes", text);
    max.shrinks = true;
    if (counts_swap_) {
      max.pair = 1;
      write("/memory.memsw.limit_in_bytes", text).pair = 1;
    } else {
      write("/memory.swappiness", "0").optional = true;
    }
  }
  plan.writes.push_back({.action = Action::set_argument, .target = name_, .value = space::to_text(limit)});
  return plan;
}

}  // namespace bayestuner::knob
