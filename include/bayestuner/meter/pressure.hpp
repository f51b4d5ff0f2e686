#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "bayestuner/meter/concepts.hpp"
#include "bayestuner/meter/window.hpp"

namespace bayestuner::meter {

/// Pressure stall information: the share of the window in which some task waited for a CPU, for memory, for a disk.
/// From the workload's v2 group where it has one with these files, else of the whole machine. The kernel's running
/// total (microseconds) is read at both ends; its 10-second averages know nothing of our window. Metrics cpu_pressure,
/// memory_pressure, io_pressure (0 to 1).
class Pressure {
 public:
  /// `root`: prefix of /proc, for tests.
  explicit Pressure(std::filesystem::path root = "/");
  std::string name() const { return "pressure"; }
  Description describe() const;
  Availability availability() const { return availability_; }
  void begin(const Target& target);
  void sample();
  Metrics end();

 private:
  struct Source {
    const char* metric;
    std::filesystem::path file;
    CounterWindow window;
  };
  std::filesystem::path root_;
  std::vector<Source> sources_;
  Availability availability_ = Availability::available();
};
static_assert(Meter<Pressure>);

}  // namespace bayestuner::meter
