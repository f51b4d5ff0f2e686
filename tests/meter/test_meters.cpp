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
  meter.begin(busy.target());
  usleep(400'000);
  const Metrics m = meter.end();
  EXPECT_GT(m.at("cpu_share").value, 0.02);  // its share of a machine that others use too
  EXPECT_LT(m.at("cpu_share").value, 1.3);
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
  CpuTime cpu;
  meter.begin(busy.target());
  cpu.begin(busy.target());
  usleep(400'000);
  const double share = cpu.end().at("cpu_share").value;
  const Metric power = meter.end().at("power_w");
  EXPECT_EQ(power.provenance, Provenance::estimated);
  EXPECT_NEAR(power.value, 4.0 + 4.0 * share, 0.5);
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
