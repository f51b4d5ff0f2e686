#include "bayestuner/runner/process_workload.hpp"

#include "bayestuner/conformance/workload.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/runner/line_load.hpp"
#include "runner/fixtures.hpp"

namespace bayestuner::runner::tests {

using study::FailureReason;

static ProcessWorkload script(const std::string& text, Readiness ready = {}, bool may_end = false) {
  return {{.command = {"sh", "-c", text}, .ready = std::move(ready), .stop_timeout_s = 1.0, .may_end = may_end},
          PrintedMetrics(),
          {}};
}

TEST(ProcessWorkload, MeetsTheContract) {
  const Folder folder;
  ProcessWorkload workload(server("normal"), HttpLoad(closed_load()), {});
  conformance::expect_contract(workload, {.directory = folder.path()}, 20.0);
}

TEST(ProcessWorkload, FillsTemplatesIn) {
  const Folder folder;
  ProcessWorkload workload({.command = {"sh", "-c", "echo \"$@ $SIZE\"; sleep 100", "sh", "{batch}x{gone}|{port}"},
                            .environment = {{"SIZE", "{batch}"}},
                            .ready = {.line = "8x|", .timeout_s = 60.0},
                            .stop_timeout_s = 1.0},
                           PrintedMetrics(), {"batch", "gone"});
  workload.start({.params = {{"batch", std::int64_t{8}}}, .directory = folder.path()});
  workload.wait_ready(monotonic_s() + 5.0);
  const std::string line = last_lines(folder.path() / "workload.log");
  EXPECT_EQ(line.substr(0, 3), "8x|");
  EXPECT_EQ(line.substr(line.size() - 2), " 8");
  EXPECT_GT(std::stoi(line.substr(3)), 1023);
}

TEST(ProcessWorkload, RefusesAnUnknownPlaceholderWhenItIsMade) {
  const auto message = [](ProcessOptions options) {
    try {
      ProcessWorkload workload(std::move(options), PrintedMetrics(), {"batch"});
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(message({.command = {"x", "--n={bacth}"}}),
            "workload.command: {bacth} in \"--n={bacth}\" is neither port, python nor a parameter (batch)");
  EXPECT_EQ(message({.command = {"x"}, .environment = {{"A", "{b}"}}}).substr(0, 24), "workload.environment.A: ");
  EXPECT_EQ(message({.command = {}}), "workload: command is empty");
  EXPECT_EQ(message({.command = {"x", "{\"json\": {batch}}"}}), "accepted") << "other braces are the program's";
}

TEST(ProcessWorkload, ReportsHowAProcessDiedBeforeItWasReady) {
  const Folder folder;
  ProcessWorkload workload(server("dies_at_start"), HttpLoad(closed_load()), {});
  workload.start({.directory = folder.path()});
  // Not the time limit ends it: the test would be stopped long before.
  const auto failure = failure_of([&] { workload.wait_ready(monotonic_s() + 3600.0); });
  EXPECT_EQ(failure.reason, FailureReason::crashed);
  EXPECT_NE(std::string(failure.what()).find("exited with code 3"), std::string::npos);
  EXPECT_NE(std::string(failure.what()).find("its last lines: cannot find the model"), std::string::npos);
}

TEST(ProcessWorkload, GivesUpOnAServerThatIsNeverReady) {
  const Folder folder;
  ProcessOptions options = server("never_ready");
  options.ready.timeout_s = 3.0;  // time for a busy machine to start it
  ProcessWorkload workload(options, HttpLoad(closed_load()), {});
  workload.start({.directory = folder.path()});
  const auto failure = failure_of([&] { workload.wait_ready(monotonic_s() + 120.0); });
  EXPECT_EQ(failure.reason, FailureReason::timed_out);
  EXPECT_NE(std::string(failure.what()).find("got status 503"), std::string::npos) << failure.what();
}

TEST(ProcessWorkload, ReportsADeathInTheMiddle) {
  const Folder folder;
  ProcessWorkload workload(server("dies_later"), HttpLoad(closed_load()), {});
  workload.start({.directory = folder.path()});
  workload.wait_ready(monotonic_s() + 120.0);
  const auto failure = failure_of([&] { workload.run(monotonic_s() + 10.0); });
  EXPECT_EQ(failure.reason, FailureReason::crashed);
  EXPECT_NE(std::string(failure.what()).find("exited with code 7"), std::string::npos);
  EXPECT_NE(std::string(failure.what()).find("out of luck"), std::string::npos);
}

TEST(ProcessWorkload, TakesItsWholeFamilyAlong) {
  const Folder folder;
  const fs::path pids = folder.path() / "pids";
  ProcessWorkload workload(server("forks", {"--pids", pids.string()}), HttpLoad(closed_load()), {});
  workload.start({.directory = folder.path()});
  workload.wait_ready(monotonic_s() + 120.0);
  pid_t inside = 0, outside = 0;
  std::ifstream(pids) >> inside >> outside;
  EXPECT_TRUE(lives(inside) && lives(outside));
  workload.stop();
  EXPECT_FALSE(lives(inside));
  EXPECT_FALSE(lives(outside)) << "it had left the process group";
}

TEST(ProcessWorkload, WaitsForEachKindOfReadiness) {
  const Folder folder;
  const Start start{.directory = folder.path()};
  const fs::path mark = folder.path() / "ready";
  ProcessWorkload file = script("sleep 0.1; touch " + mark.string() + "; sleep 100", {.file = mark.string()});
  file.start(start);
  file.wait_ready(monotonic_s() + 5.0);
  EXPECT_TRUE(fs::exists(mark));
  ProcessWorkload line = script("sleep 0.1; echo warming; echo now serving; sleep 100", {.line = "serving"});
  line.start(start);
  line.wait_ready(monotonic_s() + 5.0);
  ProcessOptions tcp_server = server("normal");
  tcp_server.ready = {.tcp = "{port}", .timeout_s = 120.0};
  ProcessWorkload tcp(tcp_server, HttpLoad(closed_load()), {});
  tcp.start(start);
  tcp.wait_ready(monotonic_s() + 120.0);
  EXPECT_GT(tcp.run(monotonic_s() + 0.2).items, 0.0);
  ProcessWorkload never = script("sleep 100", {.line = "x", .timeout_s = 0.1});
  never.start(start);
  EXPECT_EQ(failure_of([&] { never.wait_ready(monotonic_s() + 5.0); }).reason, FailureReason::timed_out);
}

TEST(ProcessWorkload, MayPrintItsMetricsAndEndByItself) {
  const Folder folder;
  const Start start{.directory = folder.path()};
  ProcessWorkload job = script(R"(echo '{"accuracy": 0.5, "ok": true, "name": "x"}'; echo noise; sleep 0.2;
                                  echo '{"accuracy": 0.7}')",
                               {}, true);
  job.start(start);
  job.wait_ready(monotonic_s() + 5.0);
  const Slice slice = job.run(monotonic_s() + 5.0);
  EXPECT_TRUE(slice.ended);
  ASSERT_EQ(slice.readings.size(), 2U);
  EXPECT_EQ(slice.readings[0], (std::map<std::string, double>{{"accuracy", 0.5}, {"ok", 1.0}}));
  EXPECT_EQ(slice.readings[1].at("accuracy"), 0.7);
  ProcessWorkload fails = script("sleep 0.05; exit 4", {}, true);
  fails.start(start);
  EXPECT_EQ(failure_of([&] { fails.run(monotonic_s() + 5.0); }).reason, FailureReason::crashed);
  ProcessWorkload server_that_ends = script("sleep 0.05");
  server_that_ends.start(start);
  EXPECT_EQ(failure_of([&] { server_that_ends.run(monotonic_s() + 5.0); }).reason, FailureReason::crashed);
}

TEST(CommandLoad, ReportsWhatItsProgramPrints) {
  const Folder folder;
  CommandLoad load(
      {"sh", "-c", R"(for i in 1 2 3; do echo "{\"throughput\": $i}"; sleep 0.05; done; echo port {port})"});
  load.begin({.values = {{"port", "1234"}}, .directory = folder.path()});
  Slice slice = load.run(monotonic_s() + 5.0);
  EXPECT_TRUE(slice.ended);
  ASSERT_EQ(slice.readings.size(), 3U);
  EXPECT_EQ(slice.readings[2].at("throughput"), 3.0);
  EXPECT_EQ(last_lines(folder.path() / "load.log", 1), "port 1234");
  load.end();

  CommandLoad fails({"sh", "-c", "echo no server; exit 2"});
  fails.begin({.directory = folder.path()});
  const auto failure = failure_of([&] { fails.run(monotonic_s() + 5.0); });
  EXPECT_EQ(failure.reason, FailureReason::crashed);
  EXPECT_NE(std::string(failure.what()).find("exited with code 2"), std::string::npos);
  EXPECT_THROW(CommandLoad({}), InvalidArgument);
}

}  // namespace bayestuner::runner::tests
