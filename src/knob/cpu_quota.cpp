#include "bayestuner/knob/cpu_quota.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cpu_list.hpp"
#include "bayestuner/knob/detail/confinement.hpp"

namespace bayestuner::knob {

static_assert(Knob<CpuQuota>);

namespace {

constexpr double kLeastQuotaUs = 1000.0;  // the kernel's

std::int64_t period_of(const CpuQuotaOptions& options) {
  if (!(options.period_s >= 0.001 && options.period_s <= 1.0)) {
    throw InvalidArgument("period_s: " + to_text(options.period_s) + " is outside [0.001, 1]");
  }
  return std::llround(options.period_s * 1e6);
}

/// CPUs that the group above is limited to; v1 refuses children that ask for more.
double limit_above(const Filesystem& files, const GroupSite& site) {
  const auto number = [](const std::string& text) {
    double value = -1.0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  double quota = -1.0, period = 1.0;
  if (site.version == 1) {
    quota = number(files.try_read(site.parent + "/cpu.cfs_quota_us").value_or("-1"));
    period = number(files.try_read(site.parent + "/cpu.cfs_period_us").value_or("1"));
  } else if (const auto text = files.try_read(site.parent + "/cpu.max")) {
    quota = number(*text);  // "max" is no number
    period = number(text->substr(std::min(text->size(), text->find(' ') + 1)));
  }
  return quota > 0.0 && period > 0.0 ? quota / period : std::numeric_limits<double>::infinity();
}

double most_cpus(const CgroupLayout& layout) {
  const double usable = static_cast<double>(std::max<std::size_t>(usable_cpus(*layout.filesystem()).size(), 1));
  return std::min(usable, limit_above(*layout.filesystem(), layout.site("cpu")));
}

space::Parameter shares(const CpuQuotaOptions& options, std::int64_t period_us, double most) {
  const double least = kLeastQuotaUs / static_cast<double>(period_us);
  const double low = std::min(std::max(least, 0.1), most);
  return detail::narrowed(options.parameter, space::real(options.name, low, most, {.step = most > 0.2 ? 0.1 : 0.0}),
                          least, most);
}

}  // namespace

CpuQuota::CpuQuota(const CgroupLayout& layout, CpuQuotaOptions options)
    : site_(layout.site("cpu")),
      name_(options.parameter ? options.parameter->name() : options.name),
      period_us_(period_of(options)),
      most_(most_cpus(layout)),
      parameter_(shares(options, period_us_, most_)) {}

Description CpuQuota::describe() const {
  return {.kind = "cpu_quota",
          .mechanism = "cgroup v" + std::to_string(site_.version) + " CFS bandwidth",
          .unit = "CPUs",
          .scope = Scope::group,
          .allowed = to_text(parameter_.low()) + ".." + to_text(parameter_.high()),
          .side_effects = {"throttling adds up to a period to latencies", "thread pools do not see the limit"},
          .privilege = "root or a delegated cgroup"};
}

Plan CpuQuota::plan(const space::Value& cpus) const {
  detail::require_available(name_, site_.availability);
  const double share = parameter_.number(parameter_.require_code(cpus));
  const std::string quota = std::to_string(std::llround(share * static_cast<double>(period_us_)));
  const std::string period = std::to_string(period_us_);
  Plan plan{.knob = name_, .value = cpus, .resource = "host-cpu", .writes = site_.make_and_join()};
  const std::string group = site_.group();
  if (site_.version == 2) {
    plan.writes.push_back({.action = Action::write_file, .target = group + "/cpu.max", .value = quota + " " + period});
  } else {
    plan.writes.push_back(
        {.action = Action::write_file, .target = group + "/cpu.cfs_period_us", .value = period, .pair = 1});
    plan.writes.push_back(
        {.action = Action::write_file, .target = group + "/cpu.cfs_quota_us", .value = quota, .pair = 1});
  }
  plan.writes.push_back({.action = Action::set_argument, .target = name_, .value = space::to_text(cpus)});
  return plan;
}

}  // namespace bayestuner::knob
