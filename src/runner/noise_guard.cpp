#include "bayestuner/runner/noise_guard.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/meter/cpu_time.hpp"

namespace bayestuner::runner {
namespace {

double own_cpu_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

NoiseGuard::NoiseGuard(const meter::Target& target) : target_(target), begin_(read()) {}

NoiseGuard::Times NoiseGuard::read() const {
  Times times;
  std::ifstream file("/proc/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream fields(line.size() > 4 ? line.substr(4) : "");
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  fields >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  const double tick_s = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  times.busy_s = (user + nice + system + irq + softirq) * tick_s;
  times.stolen_s = steal * tick_s;
  times.total_s = times.busy_s + times.stolen_s + (idle + iowait) * tick_s;
  if (target_.pid != ::getpid()) times.ours_s = own_cpu_s();
  try {
    times.ours_s += meter::CpuTime::read_s(target_);
  } catch (const DeviceError&) {
    // The group has gone: the workload is over.
  }
  return times;
}

NoiseGuard::Share NoiseGuard::since_begin() const {
  const Times now = read();
  const double total = now.total_s - begin_.total_s;
  if (!(total > 0.0)) return {};
  const double outside = (now.busy_s - begin_.busy_s) - std::max(0.0, now.ours_s - begin_.ours_s);
  return {.outside = std::clamp(outside / total, 0.0, 1.0),
          .stolen = std::clamp((now.stolen_s - begin_.stolen_s) / total, 0.0, 1.0)};
}

}  // namespace bayestuner::runner
