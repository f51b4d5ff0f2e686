#include "bayestuner/control/control_loop.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "bayestuner/control/engine_port.hpp"
#include "bayestuner/control/fixed.hpp"
#include "bayestuner/core/clock.hpp"
#include "bayestuner/knob/file_value.hpp"
#include "control/loop_bench.hpp"
#include "runner/scratch_directory.hpp"
#include "runner/socket.hpp"

namespace bayestuner::control {
namespace {

// Watts of the batch in force, a little restless.
class MeterOfBatches {
 public:
  MeterOfBatches(EnginePort port, std::shared_ptr<std::atomic<bool>> broken) : port_(port), broken_(broken) {}
  std::string name() const { return "batches"; }
  meter::Description describe() const {
    meter::Description d;
    d.unit = "W";
    d.provenance = Provenance::simulated;
    return d;
  }
  Availability availability() const { return Availability::available(); }
  void begin(const meter::Target&) {}
  void sample() {}
  meter::Metrics end() {
    if (*broken_) throw DeviceError("the sensor is gone");
    return {{"power_w", {.value = 50.0 + 10.0 * port_.setting().batch + 1e-6 * ++n_}}};
  }

 private:
  EnginePort port_;
  std::shared_ptr<std::atomic<bool>> broken_;
  int n_ = 0;
};

// A server in a thread that does nothing but end batches.
class Engine {
 public:
  explicit Engine(EnginePort port) : thread_([this, port]() mutable { serve(port); }) {}
  ~Engine() {
    ends_ = true;
    thread_.join();
  }

 private:
  void serve(EnginePort& port) {
    while (!ends_) {
      const EnginePort::Batch batch = port.begin_batch();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      port.on_batch_done(batch, batch.setting.batch, 100.0);
      for (std::uint32_t i = 0; i < batch.setting.batch; ++i) port.on_latency(0.002);
    }
  }
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

const std::vector<std::uint32_t> sizes{1, 2, 4, 8};

Limits cap(double watts) {
  Limits limits;
  limits.power_cap_w = watts;
  return limits;
}

template <class F>
void wait_until(F&& holds) {
  while (!holds()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

struct Live {
  explicit Live(ControlLoopOptions options = {}, double watts = 100.0)
      : loop(Ladder(KnobGrid(sizes), cap(watts)), cap(watts), port, PowerFeed(MeterOfBatches(port, broken), {}, 0.005),
             with_short_windows(std::move(options))) {}
  static ControlLoopOptions with_short_windows(ControlLoopOptions o) {
    o.window_s = 0.02;
    o.tick_s = 0.005;
    return o;
  }
  EnginePort port{ServerSetting{.batch = 3}};
  std::shared_ptr<std::atomic<bool>> broken = std::make_shared<std::atomic<bool>>(false);
  Engine engine{port};
  ControlLoop loop;
};

TEST(ControlLoop, ControlsAServerOfThisProcessAndGivesItBack) {
  Live live;
  live.loop.start();
  wait_until([&] { return live.port.setting().batch == 4; });  // 90 W of 100 W
  live.loop.set_cap(140.0);
  wait_until([&] { return live.port.setting().batch == 8; });
  live.loop.set_cap(65.0);
  wait_until([&] { return live.port.setting().batch == 1; });
  EXPECT_THROW(live.loop.set_cap(-1.0), InvalidArgument);
  EXPECT_EQ(live.loop.stop(), "");
  EXPECT_EQ(live.port.setting().batch, 3u);
  EXPECT_FALSE(live.loop.take_windows().empty());
  const auto events = live.loop.take_events();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.front().name, "started");
  EXPECT_EQ(events.back().name, "stopped");
}

TEST(ControlLoop, AMeterThatThrowsIsSilenceAndNeverAnException) {
  ControlLoopOptions options;
  std::atomic<int> emergencies{0};
  options.fail_safe.silence_s = 0.05;
  options.fail_safe.emergency_after_s = 0.3;
  options.emergency = [&] { ++emergencies; };
  Live live(options);
  live.loop.start();
  wait_until([&] { return live.port.setting().batch == 4; });
  *live.broken = true;
  wait_until([&] { return live.port.setting().batch == 1 && emergencies > 0; });
  *live.broken = false;
  wait_until([&] { return live.port.setting().batch == 4; });
  bool told = false;
  for (const LoopEvent& e : live.loop.take_events()) {
    told = told || (e.name == "meter_silent" && e.text == "the sensor is gone");
  }
  EXPECT_TRUE(told);
}

TEST(ControlLoop, ACallbackThatThrowsStopsNothing) {
  ControlLoopOptions options;
  options.on_window = [](const LoopWindow&) { throw std::runtime_error("mine"); };
  Live live(options);
  live.loop.start();
  wait_until([&] { return live.loop.status().windows > 5; });
}

TEST(ControlLoop, TakesACapFromAFileAndKeepsItWhereTheFileIsBad) {
  runner::ScratchDirectory scratch{{}};
  const std::filesystem::path folder = scratch.next(0);
  ControlLoopOptions options;
  options.cap_file = folder / "cap";
  options.journal = folder / "journal.jsonl";
  std::ofstream(options.cap_file) << "140\n";
  {
    Live live(options);
    live.loop.start();
    wait_until([&] { return live.port.setting().batch == 8; });
    std::ofstream(options.cap_file) << "much\n";
    wait_until([&] { return live.loop.status().faults > 0; });
    EXPECT_EQ(live.loop.limits().power_cap_w, 140.0);
    std::ofstream(options.cap_file) << "65\n";
    wait_until([&] { return live.port.setting().batch == 1; });
  }
  std::ifstream journal(options.journal);
  std::string line;
  std::map<std::string, int> kinds;
  while (std::getline(journal, line)) {
    const auto record = nlohmann::json::parse(line);
    ++kinds[record.at("kind").get<std::string>()];
    if (record.at("kind") == "begin") {
      EXPECT_EQ(record.at("provenance"), "simulated");
    }
  }
  EXPECT_EQ(kinds["begin"], 1);
  EXPECT_GT(kinds["window"], 3);
  EXPECT_GT(kinds["event"], 3);
}

TEST(ControlLoop, AnswersOverHttp) {
  ControlLoopOptions options;
  options.http_port = 0;
  Live live(options);
  live.loop.start();
  const std::string root = "http://127.0.0.1:" + std::to_string(live.loop.http_port());
  const auto ask = [&](const std::string& method, const std::string& path, const std::string& body = {}) {
    return runner::http_exchange(runner::Url::parse(root + path), method, body, 5.0);
  };
  wait_until([&] { return live.port.setting().batch == 4; });
  const auto metrics = ask("GET", "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_NE(metrics.body.find("bayestuner_control_batch 4\n"), std::string::npos) << metrics.body;
  EXPECT_NE(metrics.body.find("{provenance=\"simulated\"}"), std::string::npos);
  EXPECT_EQ(ask("POST", "/cap", R"({"power_cap_w": 140})").status, 200);
  wait_until([&] { return live.port.setting().batch == 8; });
  EXPECT_EQ(ask("POST", "/cap", R"({"power_cap_w": -1})").status, 400);
  EXPECT_EQ(ask("POST", "/cap", "nonsense").status, 400);
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
  EXPECT_EQ(nlohmann::json::parse(ask("GET", "/status").body).at("cap_w"), 140.0);
}

// A controller that stays on the last level.
AnyController highest(const KnobGrid& grid, const Limits& limits) {
  return Fixed(grid, limits, Setting{.clock_index = static_cast<std::uint16_t>(grid.clock_count() - 1)});
}

constexpr const char* clock_file = "/sys/devices/scaling_max_freq";

knob::AnyKnob file_knob(const std::shared_ptr<const knob::Filesystem>& files) {
  return knob::FileValue(clock_file, space::ordinal("level", {1000, 2000, 3000}), {.filesystem = files});
}

TEST(ControlLoop, RestoresAKnobOfTheMachineAtItsEndAndAfterAKill) {
  runner::ScratchDirectory scratch{{}};
  const std::filesystem::path folder = scratch.next(0);
  const auto files = std::make_shared<const knob::Filesystem>(folder);
  const std::filesystem::path file = folder.string() + clock_file;
  std::filesystem::create_directories(file.parent_path());
  const auto content = [&] {
    std::ifstream in(file);
    std::string text;
    in >> text;
    return text;
  };
  for (const bool killed : {false, true}) {
    std::ofstream(file) << "2000\n";
    const pid_t child = ::fork();
    if (child == 0) {
      const double levels[] = {1000, 2000, 3000};
      const KnobGrid grid(sizes, levels);
      ControlLoopOptions options;
      options.session.state_dir = folder / "state";
      options.session.filesystem = files;
      options.level_knob = LevelKnob{file_knob(files), {1000, 2000, 3000}};
      EnginePort port({.batch = 1});
      ControlLoop loop(highest(grid, cap(100.0)), cap(100.0), port,
                       PowerFeed(MeterOfBatches(port, std::make_shared<std::atomic<bool>>(false)), {}, 0.01), options);
      loop.start();
      wait_until([&] { return content() == "3000"; });
      if (killed) ::kill(::getpid(), SIGKILL);
      loop.stop();
      ::_exit(content() == "2000" ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, killed ? SIGKILL : 0);
    wait_until([&] { return content() == "2000"; });  // killed: the guardian
  }
}

}  // namespace
}  // namespace bayestuner::control
