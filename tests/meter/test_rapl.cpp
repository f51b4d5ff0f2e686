// The arithmetic of energy counters, on scripted files: wraps, resets, gaps, frozen and cut-off values, permissions.
#include "bayestuner/meter/rapl.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::meter {
namespace {

/// Answers with the next of some texts, the last one for ever.
FileReader script(std::vector<std::string> texts) {
  return [texts = std::move(texts), at = std::size_t{0}](const std::filesystem::path& path,
                                                         std::string& reason) mutable -> std::optional<std::string> {
    const std::string& text = texts[std::min(at++, texts.size() - 1)];
    if (text != "EACCES") return text;
    reason = path.string() + ": Permission denied";
    return std::nullopt;
  };
}

RaplZone zone(double range_j, double plausible_w = 500.0) {
  return {"/fake/intel-rapl:0", "package-0", range_j, plausible_w};
}

TEST(RaplZone, AddsUpAndUnwrapsExactly) {
  RaplZone z = zone(262.143);
  const FileReader reader = script({"100000000\n", "262000000\n", "1000000\n", "1000000\n"});
  z.read(reader, 0.0);
  EXPECT_EQ(z.joules(), 0.0);
  z.read(reader, 0.4);
  EXPECT_NEAR(z.joules(), 162.0, 1e-9);
  z.read(reader, 0.5);
  EXPECT_NEAR(z.joules(), 162.0 + (262.143 - 262.0) + 1.0, 1e-9);
  z.read(reader, 0.51);
  EXPECT_NEAR(z.joules(), 163.143, 1e-9);
  EXPECT_FALSE(z.was_reset());
}

TEST(RaplZone, ARiseThatNobodyCouldDrawIsAReset) {
  RaplZone z = zone(262143.0);
  const FileReader reader = script({"1000000\n", "51000000\n", "52000000\n", "3000000000\n"});
  z.read(reader, 0.0);
  z.read(reader, 0.1);  // 50 J in 0.1 s are 500 W: the limit
  EXPECT_FALSE(z.was_reset());
  z.read(reader, 0.2);
  EXPECT_NEAR(z.joules(), 51.0, 1e-9);
  z.read(reader, 0.3);
  EXPECT_TRUE(z.was_reset());
  EXPECT_NEAR(z.joules(), 51.0, 1e-9) << "it goes on from the new value";
}

TEST(RaplZone, ADriverThatStartsAgainAtZeroIsAReset) {
  RaplZone z = zone(262143.0);
  const FileReader reader = script({"200000000000\n", "10\n"});
  z.read(reader, 0.0);
  z.read(reader, 1.0);  // as a wrap it would be 62 kJ in a second
  EXPECT_TRUE(z.was_reset());
}

TEST(RaplZone, WithoutARangeADecreaseMeansNothing) {
  RaplZone z = zone(0.0);
  const FileReader reader = script({"5000000\n", "6000000\n", "1000000\n"});
  z.read(reader, 0.0);
  z.read(reader, 1.0);
  EXPECT_NEAR(z.joules(), 1.0, 1e-9);
  z.read(reader, 2.0);
  EXPECT_TRUE(z.was_reset());
}

TEST(RaplZone, AGapInWhichItMayHaveWrappedTwiceIsNoReading) {
  RaplZone z = zone(100.0, 50.0);  // 2 s at the most power
  const FileReader reader = script({"0\n", "50000000\n", "60000000\n"});
  z.read(reader, 0.0);
  z.read(reader, 1.9);
  EXPECT_FALSE(z.was_reset());
  z.read(reader, 4.0);
  EXPECT_TRUE(z.was_reset());
}

TEST(RaplZone, AValueThatIsCutOffIsNoEnergy) {
  RaplZone z = zone(262143.0);
  const FileReader reader = script({"123456789000\n", "1234567", ""});
  z.read(reader, 0.0);
  z.read(reader, 0.1);
  EXPECT_TRUE(z.was_reset()) << "digits went missing: not a wrap";
  EXPECT_THROW(z.read(reader, 0.2), DeviceError);
  for (const char* text : {"-5\n", "1e9\n", "nan\n", "18446744073709551615\n", "energy\n", "EACCES"}) {
    EXPECT_THROW(zone(1.0).read(script({text}), 0.0), DeviceError) << text;
  }
}

TEST(RaplZone, IsKeptAliveAsOftenAsWrapsDemand) {
  EXPECT_NEAR(zone(262143.0, 2000.0).keep_alive_s(), 262143.0 / 8000.0, 1e-9);
  EXPECT_EQ(zone(262143.0, 500.0).keep_alive_s(), 60.0);
  EXPECT_EQ(zone(0.0).keep_alive_s(), 60.0);
}

/// A tree with one package whose counter runs with the clock, at `power_w`, and wraps at `range_j`.
class Running {
 public:
  Running(double power_w, double range_j, double limit_w)
      : power_w_(power_w),
        range_j_(range_j),
        root_(std::filesystem::temp_directory_path() / ("bayestuner-running-" + std::to_string(::getpid()))) {
    const auto folder = root_ / "sys/class/powercap/intel-rapl:0";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "name") << "package-0\n";
    std::ofstream(folder / "max_energy_range_uj") << static_cast<long>(range_j * 1e6) << "\n";
    std::ofstream(folder / "constraint_0_max_power_uw") << static_cast<long>(limit_w * 1e6) << "\n";
    std::ofstream(folder / "energy_uj") << "0\n";
  }
  ~Running() { std::filesystem::remove_all(root_); }
  RaplPowercap meter() {
    const FileReader real = real_reader();
    return RaplPowercap(root_, [this, real](const std::filesystem::path& path, std::string& reason) {
      if (path.filename() != "energy_uj") return real(path, reason);
      ++readings;
      if (frozen) return std::optional<std::string>("77\n");
      // The register is rewritten every millisecond, as the hardware does.
      const double joules = power_w_ * std::floor((monotonic_s() - begin_s_) * 1e3) * 1e-3;
      return std::optional(std::to_string(static_cast<long>(std::fmod(joules, range_j_) * 1e6)) + "\n");
    });
  }
  std::atomic<int> readings{0};
  std::atomic<bool> frozen{false};

 private:
  double power_w_, range_j_;
  double begin_s_ = monotonic_s();
  std::filesystem::path root_;
};

TEST(RaplPowercap, CountsWrapsWhileNobodyElseReads) {
  Running tree(50.0, 100.0, 25.0);  // wraps every two seconds; may draw 4 × 25 W: a second without a look is too long
  RaplPowercap meter = tree.meter();
  ASSERT_TRUE(meter.availability()) << meter.availability().reason();
  meter.begin({});
  const double from = monotonic_s();
  ::usleep(4'200'000);
  const Metrics m = meter.end();
  const double joules = 50.0 * (monotonic_s() - from);
  EXPECT_NEAR(m.at("energy_j").value, joules, 0.05 * joules) << "two wraps";
  EXPECT_NEAR(m.at("power_w").value, 50.0, 2.0);
}

TEST(RaplPowercap, AWindowDoesNotCareWhatHappenedBeforeIt) {
  Running tree(50.0, 50.0, 25.0);  // half a second is enough for a wrap that nobody saw
  RaplPowercap meter = tree.meter();
  for (int window = 0; window < 2; ++window) {
    meter.begin({});
    ::usleep(100'000);
    EXPECT_NEAR(meter.end().at("power_w").value, 50.0, 10.0);
    ::usleep(window == 0 ? 700'000 : 0);
  }
}

TEST(RaplPowercap, MovesWithItsThreadAndStopsIt) {
  Running tree(50.0, 50.0, 25.0);
  std::optional<RaplPowercap> meter(tree.meter());
  meter->begin({});
  RaplPowercap other = std::move(*meter);
  meter.reset();
  ::usleep(200'000);
  EXPECT_GT(other.end().at("energy_j").value, 0.0);
  const int then = tree.readings;
  ::usleep(200'000);
  EXPECT_EQ(tree.readings, then) << "nobody reads after the end";
}

TEST(RaplPowercap, AFrozenCounterIsNoZero) {
  Running tree(50.0, 262143.0, 100.0);
  RaplPowercap meter = tree.meter();
  tree.frozen = true;
  meter.begin({});
  ::usleep(80'000);
  EXPECT_THROW(meter.end(), DeviceError);
}

}  // namespace
}  // namespace bayestuner::meter
