#pragma once
/// Energy counters of Intel and AMD processors: by the powercap tree, and by perf events.

#include <filesystem>
#include <functional>
#include <memory>
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
  /// `range_j`: max_energy_range_uj, 0 where there is none. `plausible_w`: more is no power but a reset of the counter.
  RaplZone(std::filesystem::path folder, std::string name, double range_j, double plausible_w = 2000.0)
      : folder_(std::move(folder)), name_(std::move(name)), range_j_(range_j), plausible_w_(plausible_w) {}
  const std::string& name() const { return name_; }

  /// Takes a reading. A decrease is one wrap of the range. A rise faster than `plausible_w`, a decrease without a range
  /// and a gap long enough for a second wrap are no readings: the account goes on from the new value and `was_reset()`.
  /// Throws DeviceError.
  void read(const FileReader& reader, double time_s);
  /// Forgets what came before: the next reading is the first.
  void restart() { last_j_.reset(), total_j_ = 0.0, reset_ = false; }
  /// Energy since the first reading.
  double joules() const { return total_j_; }
  /// The counter as it stands in the file, J.
  double raw_j() const { return last_j_.value_or(0.0); }
  bool was_reset() const { return reset_; }
  /// Longest time between two readings that leaves no doubt about wraps: range / (4 plausible_w), at most 60 s.
  double keep_alive_s() const;

 private:
  std::filesystem::path folder_;
  std::string name_;
  double range_j_, plausible_w_;
  std::optional<double> last_j_;
  double last_time_s_ = 0.0, total_j_ = 0.0;
  bool reset_ = false;
};

/// Sum of the processor packages and, where there are any, the DRAM zones, which packages do not include. psys includes
/// the packages, core and uncore are parts of them, and intel-rapl-mmio is the same silicon again: those are left out.
/// Between begin() and end() a thread reads as often as wraps demand, under the lock of the other readings. The window
/// begins and ends with a change of the counter (waited for up to 2 ms), so its edges are as fine as a poll.
/// Also reads the tree a hypervisor writes for its guests (`root`), provenance `derived` then.
class RaplPowercap {
 public:
  explicit RaplPowercap(std::filesystem::path root = "/", FileReader reader = real_reader());
  ~RaplPowercap();
  RaplPowercap(RaplPowercap&&) noexcept;
  RaplPowercap& operator=(RaplPowercap&&) noexcept;
  std::string name() const { return "rapl.powercap"; }
  Description describe() const;
  Availability availability() const { return availability_; }
  void begin(const Target& target);
  void sample();
  /// Throws DeviceError where the counter never moved: a frozen sensor is no measurement of 0 W.
  Metrics end();

 private:
  struct Counters;
  void sample_at_edge();
  std::filesystem::path root_;
  std::unique_ptr<Counters> counters_;  // what the keep-alive thread shares
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
