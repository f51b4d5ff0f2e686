#pragma once
/// Energy counters of Intel and AMD processors: by the powercap tree, and by perf events.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/meter/concepts.hpp"
#include "bayestuner/meter/window.hpp"

namespace bayestuner::meter {

/// Reads a whole small file; nullopt with `reason` set where that fails. Tests put their own in.
using FileReader = std::function<std::optional<std::string>(const std::filesystem::path&, std::string& reason)>;
FileReader real_reader();

/// One energy counter of the powercap tree, unwrapped.
class RaplZone {
 public:
  RaplZone(std::filesystem::path folder, std::string name, double range_j)
      : folder_(std::move(folder)), name_(std::move(name)), range_j_(range_j) {}
  const std::string& name() const { return name_; }

  /// Takes a reading. A decrease is one wrap of `max_energy_range_uj`; a rise faster than 2 kW is a reset of the
  /// counter, after which the account goes on from the new value (`was_reset`). Throws DeviceError.
  void read(const FileReader& reader, double time_s);
  double joules() const { return total_j_; }
  bool was_reset() const { return reset_; }

 private:
  std::filesystem::path folder_;
  std::string name_;
  double range_j_;
  std::optional<double> last_j_;
  double last_time_s_ = 0.0, total_j_ = 0.0;
  bool reset_ = false;
};

/// Sum of the processor packages and, where there are any, the DRAM zones, which packages do not include. psys includes
/// the packages, core and uncore are parts of them, and intel-rapl-mmio is the same silicon again: those are left out.
/// Also reads the tree a hypervisor writes for its guests (`root`), provenance `derived` then.
class RaplPowercap {
 public:
  explicit RaplPowercap(std::filesystem::path root = "/", FileReader reader = real_reader());
  std::string name() const { return "rapl.powercap"; }
  Description describe() const;
  Availability availability() const { return availability_; }
  void begin(const Target& target);
  void sample();
  Metrics end();

 private:
  std::filesystem::path root_;
  FileReader reader_;
  std::vector<RaplZone> zones_;
  Availability availability_ = Availability::available();
  CounterWindow window_;
};
static_assert(Meter<RaplPowercap>);

/// The same counters by perf_event_open on the `power` PMU: the kernel unwraps them, and reading costs less.
class RaplPerf {
 public:
  explicit RaplPerf(std::filesystem::path root = "/");
  ~RaplPerf();
  RaplPerf(RaplPerf&&) noexcept;
  RaplPerf& operator=(RaplPerf&&) noexcept;
  std::string name() const { return "rapl.perf"; }
  Description describe() const;
  Availability availability() const { return availability_; }
  void begin(const Target& target);
  void sample();
  Metrics end();

 private:
  struct Event {
    int fd = -1;
    double scale_j = 0.0;
  };
  void close_all();
  std::vector<Event> events_;
  Availability availability_ = Availability::available();
  CounterWindow window_;
};
static_assert(Meter<RaplPerf>);

}  // namespace bayestuner::meter
