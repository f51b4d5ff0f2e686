#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "bayestuner/control/replay.hpp"
#include "bayestuner/control/simulator.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::control {
namespace {

class ControlReplay : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() /
             ("control_replay_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder / name) << text; }

  void write_table() const {
    write("t.csv", "batch,power_w,rate\n1,60,10\n2,70,18\n4,65,30\n8,90,45\n16,120,60\n");
    write("tasks.json", R"({"dataset": "d", "tasks": [
      {"id": "small", "type": "constrained", "file": "t.csv", "knobs": ["batch"], "budget": 5,
       "objective": {"column": "rate", "sense": "max"}, "optimum": {"value": 45},
       "constraints": [{"column": "power_w", "op": "<=", "value": 100}]},
      {"id": "least", "type": "constrained", "file": "t.csv", "knobs": ["batch"], "budget": 5,
       "objective": {"column": "power_w", "sense": "min"}, "optimum": {"value": 65},
       "constraints": [{"column": "rate", "op": ">=", "value": 20}]}]})");
  }

  // Runs of three made-up jobs whose surfaces are of the model's own form, with a burst missed now and then.
  void write_traces() const {
    std::ostringstream out;
    out << "problem,approach,sample,t_s,k_batch_size,k_gpu_clock_mhz,m_throughput_ips,m_power_w,power_cap_w\n";
    const double clocks[] = {544, 734, 949, 1063, 1303, 1531};
    for (int job = 0; job < 3; ++job) {
      double t = 0.0;
      Random random(static_cast<std::uint64_t>(job));
      for (int i = 0; i < 400; ++i) {
        const double batch = std::exp2(static_cast<double>((i / 2) % 9)), clock = clocks[(i / 18) % 6];
        const double l = std::log2(batch) / 8.0, f = std::log(clock / 1063.0);
        double power = 40.0 + std::exp(3.8 + 0.2 * job + 1.1 * f + 0.5 * l + 0.05 * random.normal());
        if (random.below(6) == 0) power = 47.0;
        const double per_s = 1.0 / (0.006 + 0.008 * 1063.0 / clock + 0.02 / batch);
        t += 3.5;
        out << "job" << job << ",Made," << i << ',' << t << ',' << batch << ',' << clock << ',' << per_s << ',' << power
            << ",110\n";
      }
    }
    write("traces.csv.gz", out.str());  // a reader of gzip reads plain files too
  }

  std::filesystem::path folder;
};

TEST_F(ControlReplay, ATableAnswersExactly) {
  write_table();
  const auto results =
      replay(folder, {.tasks = {"small"}, .controllers = {"bracket", "survey", "fixed:batch_index=4"}, .seeds = 2});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].best_per_s, 45.0);
  for (const auto& r : {results[0], results[1]}) {
    EXPECT_EQ(r.final.at(0).first, 8.0);
    EXPECT_EQ(r.rest_goodput_share.at(0), 1.0);
    EXPECT_FALSE(r.alternates.at(1));
    EXPECT_TRUE(r.decisions_to_converge.at(0).has_value());
  }
  EXPECT_EQ(results[2].violation_share.at(0), 1.0);
  EXPECT_EQ(results[2].violation_w.at(0), 20.0);
  EXPECT_EQ(results[2].goodput_share.at(0), 0.0);
  EXPECT_NEAR(results[2].throughput_share.at(0), 60.0 / 45.0, 1e-12);
  EXPECT_FALSE(results[2].decisions_to_converge.at(0).has_value());
  const auto json = nlohmann::json::parse(results[2].to_json());
  for (const char* key : {"task", "controller", "mode", "cap_w", "throughput_share", "goodput_share", "violation_share",
                          "violation_w", "longest_violation_s", "decisions_to_converge", "seconds_to_converge",
                          "changes_after_convergence", "recovery_s", "final"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_TRUE(json["decisions_to_converge"][0].is_null());
}

TEST_F(ControlReplay, TakesCapsInPlaceOfTheTasks) {
  write_table();
  const auto results =
      replay(folder / "tasks.json", {.tasks = {"small"}, .controllers = {"survey"}, .caps_w = {68, 300}});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_LE(results[0].final.at(0).first, 4.0);
  EXPECT_EQ(results[1].final.at(0).first, 16.0);
}

TEST_F(ControlReplay, RefusesInWords) {
  write_table();
  EXPECT_THROW(replay(folder, {.tasks = {"none"}}), InvalidArgument);
  EXPECT_THROW(replay(folder, {.tasks = {"least"}}), InvalidArgument);  // nothing to steer: a least power is sought
  EXPECT_THROW(replay(folder, {.controllers = {"guard:z"}}), InvalidArgument);
  EXPECT_THROW(replay(folder, {.controllers = {"guard:z=x"}}), InvalidArgument);
  EXPECT_THROW(replay(folder, {.controllers = {"watchman"}}), InvalidArgument);
  EXPECT_THROW(replay(folder, {.seeds = 0}), InvalidArgument);
  EXPECT_THROW(replay(folder, {.mode = ReplayMode::traces}), DeviceError);
  write("traces.csv.gz", "problem,approach\n");
  EXPECT_THROW(replay(folder, {.mode = ReplayMode::traces}), InvalidArgument);
}

TEST(TraceWindows, CloseWhenThreeSecondsHavePassed) {
  std::vector<TraceRow> rows;
  for (int i = 0; i < 10; ++i) rows.push_back({.time_s = i * 1.0});
  using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;
  EXPECT_EQ(trace_windows(rows), (Pairs{{0, 1}, {1, 5}, {5, 9}}));
  EXPECT_TRUE(trace_windows({}).empty());
}

TEST_F(ControlReplay, AJobsModelFindsTheSurfacesItWasRecordedFrom) {
  write_traces();
  const Traces traces = read_traces(folder / "traces.csv.gz");
  ASSERT_EQ(traces.size(), 3u);
  const JobModel job("job1", traces.at("job1"));
  EXPECT_EQ(job.cap_w(), 110.0);
  EXPECT_NEAR(job.power_w(16, 1063), 40.0 + std::exp(4.0 + 0.25), 2.0);
  EXPECT_NEAR(job.per_s(16, 1063), 1.0 / (0.014 + 0.02 / 16), 0.5);
  EXPECT_NEAR(job.spread(), 0.05, 0.02);
  EXPECT_GT(job.risk(256, 1531, 110.0), 0.7);
  EXPECT_LT(job.risk(1, 544, 110.0), 0.01);
  EXPECT_THROW(JobModel("empty", {}), InvalidArgument);
}

TEST_F(ControlReplay, TracesRepeatForASeedAndGuardKeepsTheCap) {
  write_traces();
  const ReplayOptions options{.mode = ReplayMode::traces, .controllers = {"guard", "stairs", "dvfs_step"}, .seeds = 2};
  const auto results = replay(folder, options), again = replay(folder, options);
  ASSERT_EQ(results.size(), 9u);
  double guard_good = 0.0, guard_over = 0.0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].to_json(), again[i].to_json());
    if (results[i].controller != "guard") continue;
    for (int s = 0; s < 2; ++s) {
      guard_good += results[i].goodput_share[static_cast<std::size_t>(s)] / 6.0;
      guard_over += results[i].violation_share[static_cast<std::size_t>(s)] / 6.0;
    }
  }
  EXPECT_GE(guard_good, 0.85);
  EXPECT_LE(guard_over, 0.03);
  const auto other =
      replay(folder, {.mode = ReplayMode::traces, .controllers = {"guard"}, .seeds = 1, .first_seed = 9});
  EXPECT_NE(other[0].to_json(), results[0].to_json());
}

TEST_F(ControlReplay, ACapThatFallsIsRecoveredFrom) {
  write_traces();
  const auto results = replay(folder, {.mode = ReplayMode::traces,
                                       .controllers = {"guard"},
                                       .horizon_s = 300.0,
                                       .cap_steps = {{100.0, 0.75}, {200.0, 1.25}}});
  for (const auto& r : results) {
    ASSERT_EQ(r.phase_goodput_share.at(0).size(), 3u);
    ASSERT_TRUE(r.recovery_s.at(0).has_value()) << r.task;
    EXPECT_LE(*r.recovery_s[0], 20.0) << r.task;
  }
}

}  // namespace
}  // namespace bayestuner::control
