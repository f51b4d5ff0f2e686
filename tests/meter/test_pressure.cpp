#include "bayestuner/meter/pressure.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "bayestuner/conformance/meter.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::meter {
namespace {

class PressureTest : public testing::Test {
 protected:
  PressureTest() {
    std::filesystem::create_directories(root_ / "proc/pressure");
    for (const char* resource : {"cpu", "memory", "io"}) set(resource, 1'000'000);
  }
  ~PressureTest() override { std::filesystem::remove_all(root_); }
  void write(const std::string& file, const std::string& text) const {
    const auto path = root_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void set(const std::string& resource, long total_us) const { write("proc/pressure/" + resource, line(total_us)); }
  static std::string line(long total_us) {
    return "some avg10=99.00 avg60=0.00 avg300=0.00 total=" + std::to_string(total_us) +
           "\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=77\n";
  }
  std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("bayestuner-pressure-" + std::to_string(::getpid()));
};

TEST_F(PressureTest, KeepsTheContract) {
  conformance::expect_meter(Pressure(), Target{});
  conformance::expect_meter(Pressure(root_), Target{});
}

TEST_F(PressureTest, IsTheDifferenceOfTheTotalsAndNotTheAverageOfTheKernel) {
  Pressure meter(root_);
  meter.begin({});
  ::usleep(100'000);
  set("cpu", 1'050'000);  // 50 ms
  const Metrics m = meter.end();
  EXPECT_GT(m.at("cpu_pressure").value, 0.2);
  EXPECT_LE(m.at("cpu_pressure").value, 0.5);
  EXPECT_EQ(m.at("memory_pressure").value, 0.0);
  EXPECT_EQ(m.at("io_pressure").value, 0.0);
}

TEST_F(PressureTest, PrefersTheWorkloadsGroup) {
  for (const char* resource : {"cpu", "memory", "io"}) write(std::string("group/") + resource + ".pressure", line(5));
  Pressure meter(root_);
  Target target;
  target.cpu_group = (root_ / "group").string();
  target.cpu_version = 2;
  meter.begin(target);
  ::usleep(50'000);
  set("cpu", 9'000'000);  // the rest of the machine
  EXPECT_EQ(meter.end().at("cpu_pressure").value, 0.0);
}

TEST_F(PressureTest, SaysWhyItIsNotThereAndRefusesCutOffText) {
  EXPECT_FALSE(Pressure("/nowhere").availability());
  write("proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=12");
  EXPECT_FALSE(Pressure(root_).availability()) << "the end is missing: who knows how many digits";
  set("cpu", 10);
  Pressure meter(root_);
  meter.begin({});
  std::filesystem::remove(root_ / "proc/pressure/cpu");
  EXPECT_THROW(meter.sample(), DeviceError);
}

}  // namespace
}  // namespace bayestuner::meter
