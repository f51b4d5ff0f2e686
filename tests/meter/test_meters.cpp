#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "bayestuner/conformance/meter.hpp"
#include "bayestuner/core/clock.hpp"
#include "bayestuner/meter/cpu_time.hpp"
#include "bayestuner/meter/discover.hpp"
#include "bayestuner/meter/estimated_power.hpp"
#include "bayestuner/meter/hwmon_power.hpp"
#include "bayestuner/meter/memory_use.hpp"
#include "bayestuner/meter/rapl.hpp"

namespace bayestuner::meter {
namespace {

// A busy child process for meters to look at.
class Busy {
 public:
  Busy() : pid_(fork()) {
    if (pid_ == 0) {
      for (volatile double x = 1.0;;) {
        const double next = x * 1.0000001;
        x = next;
      }
    }
  }
  ~Busy() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Target target() const { return {.pid = pid_, .cpu_group = {}, .memory_group = {}}; }
  double cpu_s() const {
    clockid_t clock{};
    timespec now{};
    EXPECT_EQ(clock_getcpuclockid(pid_, &clock), 0);
    EXPECT_EQ(clock_gettime(clock, &now), 0);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  }

 private:
  pid_t pid_;
};

// A powercap tree as a two-socket server shows it, in a folder of its own.
class Powercap {
 public:
  Powercap() : root_(std::filesystem::temp_directory_path() / ("bayestuner-rapl-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(root_);
    zone("intel-rapl:0", "package-1", 1'000'000, 262'143'328'850);
    zone("intel-rapl:0:0", "dram", 500'000, 65'712'999'613);
    zone("intel-rapl:0:1", "core", 77'000'000, 262'143'328'850);
    zone("intel-rapl:1", "package-0", 2'000'000, 262'143'328'850);
    zone("intel-rapl:2", "psys", 99'000'000, 262'143'328'850);
    zone("intel-rapl-mmio:0", "package-0", 2'000'000, 262'143'328'850);
  }
  ~Powercap() { std::filesystem::remove_all(root_); }
  const std::filesystem::path& root() const { return root_; }
  void set(const std::string& zone, std::uint64_t energy_uj) const {
    std::ofstream(root_ / "sys/class/powercap" / zone / "energy_uj") << energy_uj << "\n";
  }

 private:
  void zone(const std::string& folder, const std::string& name, std::uint64_t energy, std::uint64_t range) const {
    const auto path = root_ / "sys/class/powercap" / folder;
    std::filesystem::create_directories(path);
    std::ofstream(path / "name") << name << "\n";
    std::ofstream(path / "max_energy_range_uj") << range << "\n";
    set(folder, energy);
  }
  std::filesystem::path root_;
};

TEST(Meters, KeepTheContract) {
  const Busy busy;
  conformance::expect_meter(CpuTime(), busy.target());
  conformance::expect_meter(MemoryUse(), busy.target());
  conformance::expect_meter(EstimatedPower(), busy.target());
  conformance::expect_meter(RaplPowercap(), busy.target());
  conformance::expect_meter(RaplPerf(), busy.target());
  conformance::expect_meter(HwmonPower(), busy.target());
}

TEST(Meters, CpuTimeSeesABusyProcess) {
  const Busy busy;
  CpuTime meter;
  // The kernel's clock of that process, read outside and inside the window: what it got of a busy machine is between.
  const double outer = busy.cpu_s();
  meter.begin(busy.target());
  const double inner = busy.cpu_s();
  while (busy.cpu_s() < inner + 0.3) usleep(10'000);
  const double inner_end = busy.cpu_s();
  const Metrics m = meter.end();
  const double outer_end = busy.cpu_s();
  constexpr double ticks_s = 0.02;  // two of /proc's
  EXPECT_GE(m.at("cpu_time_s").value, inner_end - inner - ticks_s);
  EXPECT_LE(m.at("cpu_time_s").value, outer_end - outer + ticks_s);
  EXPECT_LT(m.at("cpu_share").value, 1.1) << "one thread on one CPU";
}

TEST(Meters, AFileThatOpensAndCannotBeReadIsAReasonAndNoException) {
  // As /proc/<pid>/stat of a process that has just gone; a folder behaves so at any time.
  std::string reason;
  EXPECT_FALSE(real_reader()(std::filesystem::temp_directory_path(), reason));
  EXPECT_NE(reason.find(": Is a directory"), std::string::npos) << reason;
}

TEST(RaplPowercap, AddsPackagesAndDramAndNothingTwice) {
  const Powercap tree;
  RaplPowercap meter(tree.root());
  ASSERT_TRUE(meter.availability()) << meter.availability().reason();
  EXPECT_EQ(meter.describe().provenance, Provenance::derived);  // another root: a tree somebody wrote for us
  meter.begin({});
  usleep(50'000);
  tree.set("intel-rapl:0", 3'000'000);     // +2 J
  tree.set("intel-rapl:0:0", 1'500'000);   // +1 J
  tree.set("intel-rapl:1", 6'000'000);     // +4 J
  tree.set("intel-rapl:2", 199'000'000);   // psys holds the packages
  tree.set("intel-rapl:0:1", 99'000'000);  // core is part of the package
  EXPECT_NEAR(meter.end().at("energy_j").value, 7.0, 1e-9);
}

TEST(RaplPowercap, UnwrapsPerZone) {
  const Powercap tree;
  tree.set("intel-rapl:0:0", 65'712'999'000);
  RaplPowercap meter(tree.root());
  meter.begin({});
  usleep(20'000);
  tree.set("intel-rapl:0:0", 1'000'000);
  EXPECT_NEAR(meter.end().at("energy_j").value, 1.0 + 613e-6, 1e-9);
}

TEST(RaplPowercap, AResetIsNoEnergy) {
  const Powercap tree;
  RaplPowercap meter(tree.root());
  meter.begin({});
  tree.set("intel-rapl:1", 200'000'000'000);  // 200 kJ in no time
  EXPECT_THROW(meter.end(), DeviceError);
  meter.begin({});  // the next window begins anew
  usleep(10'000);
  tree.set("intel-rapl:1", 200'001'000'000);
  EXPECT_NEAR(meter.end().at("energy_j").value, 1.0, 1e-9);
}

TEST(RaplPowercap, SaysWhyItCannotRead) {
  const Powercap tree;
  const FileReader real = real_reader();
  const RaplPowercap denied(tree.root(), [&](const std::filesystem::path& path, std::string& reason) {
    if (path.filename() != "energy_uj") return real(path, reason);
    reason = path.string() + ": Permission denied";
    return std::optional<std::string>();
  });
  EXPECT_FALSE(denied.availability());
  EXPECT_NE(denied.availability().reason().find("Permission denied"), std::string::npos);
  EXPECT_FALSE(denied.availability().remedy().empty());
  RaplPowercap absent("/nowhere");
  EXPECT_FALSE(absent.availability());
  EXPECT_THROW(absent.begin({}), DeviceError);
}

TEST(HwmonPower, PrefersTheWholeBoxAndRefusesSentinels) {
  const auto root = std::filesystem::temp_directory_path() / ("bayestuner-hwmon-" + std::to_string(getpid()));
  const auto chip = [&](const char* folder, const char* name, const char* file, const char* value) {
    std::filesystem::create_directories(root / "sys/class/hwmon" / folder);
    std::ofstream(root / "sys/class/hwmon" / folder / "name") << name << "\n";
    std::ofstream(root / "sys/class/hwmon" / folder / file) << value << "\n";
  };
  chip("hwmon0", "ina226", "power1_input", "7000000");
  chip("hwmon3", "power_meter", "power1_average", "4294967295000000");  // no reading, says an old kernel
  EXPECT_EQ(HwmonPower(root).describe().domain, "ina226");
  chip("hwmon3", "power_meter", "power1_average", "120000000");
  HwmonPower meter(root);
  EXPECT_EQ(meter.describe().domain, "whole box");
  meter.begin({});
  usleep(20'000);
  EXPECT_NEAR(meter.end().at("power_w").value, 120.0, 1e-9);
  std::filesystem::remove_all(root);
}

TEST(HwmonPower, SaysWhyItCannotReadAndNoticesALoss) {
  const auto root = std::filesystem::temp_directory_path() / ("bayestuner-hwmon2-" + std::to_string(getpid()));
  const auto file = root / "sys/class/hwmon/hwmon0/power1_input";
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file.parent_path() / "name") << "ina226\n";
  std::ofstream(file) << "7000000\n";
  const FileReader real = real_reader();
  bool denied = true;
  const FileReader reader = [&](const std::filesystem::path& path, std::string& reason) {
    if (path.filename() != "power1_input" || !denied) return real(path, reason);
    reason = path.string() + ": Permission denied";
    return std::optional<std::string>();
  };
  EXPECT_NE(HwmonPower(root, reader).availability().reason().find("Permission denied"), std::string::npos);
  denied = false;
  HwmonPower meter(root, reader);
  ASSERT_TRUE(meter.availability());
  meter.begin({});
  for (const char* text : {"-1\n", "\n", "N/A\n", "4294967295000000\n"}) {
    std::ofstream(file) << text;
    EXPECT_THROW(meter.sample(), DeviceError) << text;
  }
  std::filesystem::remove_all(root);
}

TEST(EstimatedPower, IsItsFormula) {
  const Busy busy;
  EstimatedPower meter({.idle_w_per_cpu = 1.0, .busy_w_per_cpu = 5.0, .memory_w_per_gb = 0.0, .cpus = 4});
  const auto model_j = [&] { return 4.0 * monotonic_s() + 4.0 * busy.cpu_s(); };
  const double outer = model_j();
  meter.begin(busy.target());
  const double inner = model_j();
  while (busy.cpu_s() < 0.3) usleep(10'000);
  const double inner_end = model_j();
  const Metrics m = meter.end();
  const double outer_end = model_j();
  constexpr double ticks_j = 4.0 * 0.02;  // two of /proc's
  EXPECT_EQ(m.at("power_w").provenance, Provenance::estimated);
  EXPECT_GE(m.at("energy_j").value, inner_end - inner - ticks_j);
  EXPECT_LE(m.at("energy_j").value, outer_end - outer + ticks_j);
  EXPECT_GT(m.at("power_w").value, 4.0);
  EXPECT_LE(m.at("power_w").value, 8.0 + 0.5);
  EXPECT_THROW(EstimatedPower({.idle_w_per_cpu = 5.0, .busy_w_per_cpu = 1.0}), InvalidArgument);
}

TEST(Meters, RefuseToTuneWhatTheyCannotSee) {
  const Description estimate = EstimatedPower().describe();
  EXPECT_NO_THROW(refuse_blind("estimate", estimate, "power_w", {"cpuset", "threads", "memory", "software"}));
  try {
    refuse_blind("estimate", estimate, "power_w", {"frequency"});
    FAIL();
  } catch (const InvalidArgument& e) {
    EXPECT_NE(std::string(e.what()).find("cannot see the knob 'frequency'"), std::string::npos);
  }
  EXPECT_NO_THROW(refuse_blind("hwmon", Description{}, "power_w", {"frequency"}));
  EXPECT_THROW((void)best_power_meter(false, "/nowhere"), InvalidArgument);
  EXPECT_EQ(best_power_meter(true, "/nowhere").name(), "estimate");
  EXPECT_THROW((void)make_meter("wattage", true), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::meter
