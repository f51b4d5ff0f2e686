#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bayestuner/control/control_spec.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::control {
namespace {

constexpr const char* whole = R"(
[control]
controller = "stairs"
options = { quiet = 2, fail_safe = false }
power_cap_w = 120
statistic = "quantile"
quantile = 0.9
board_limit_w = 300
latency = [{ quantile = 0.95, limit_s = 0.2 }, { limit_s = 1 }]
window_s = 1.5
window_readings = 4
tick_s = 0.1
journal = "logs/journal.jsonl"
http_port = 0
seconds = 60
[server]
url = "http://127.0.0.1:{port}/v2/control"
lease_s = 3
batches = [1, 4, 16]
[level]
name = "threads"
type = "integer"
low = 1
high = 3
[meter]
allow_estimates = true
period_s = 0.2
[fail_safe]
emergency_after_s = 10
failed_batches = 2
[workload]
command = ["server", "--port", "{port}"]
ready = { tcp = "{port}" }
[load]
type = "http"
url = "http://127.0.0.1:{port}/infer"
requests = "requests.jsonl"
mode = "open"
rate = [[0, 20], [60, 80.5]]
)";

TEST(ControlFile, ReadsEveryKey) {
  const ControlSpec spec = parse_control_text(whole, "/somewhere/control.toml");
  EXPECT_EQ(spec.controller, "stairs");
  EXPECT_EQ(spec.options, (ControllerOptions{{"quiet", 2.0}, {"fail_safe", 0.0}}));
  EXPECT_EQ(spec.limits.power_cap_w, 120.0);
  EXPECT_EQ(spec.limits.power_statistic, PowerStatistic::quantile);
  EXPECT_EQ(spec.limits.power_quantile, 0.9);
  EXPECT_EQ(spec.limits.board_limit_w, 300.0);
  ASSERT_EQ(spec.limits.latency_count, 2u);
  EXPECT_EQ(spec.limits.latency[0], (LatencyLimit{0.95, 0.2}));
  EXPECT_EQ(spec.limits.latency[1], (LatencyLimit{0.99, 1.0}));
  EXPECT_EQ(spec.loop.window_s, 1.5);
  EXPECT_EQ(spec.loop.window_readings, 4u);
  EXPECT_EQ(spec.loop.tick_s, 0.1);
  EXPECT_EQ(spec.loop.journal, "/somewhere/logs/journal.jsonl");
  EXPECT_EQ(spec.loop.http_port, 0);
  EXPECT_EQ(spec.loop.fail_safe.emergency_after_s, 10.0);
  EXPECT_EQ(spec.loop.fail_safe.failed_batches, 2u);
  EXPECT_EQ(spec.seconds, 60.0);
  EXPECT_EQ(spec.server.lease_s, 3.0);
  EXPECT_EQ(spec.server.level_name, "threads");
  EXPECT_EQ(spec.batches, (std::vector<std::uint32_t>{1, 4, 16}));
  EXPECT_EQ(spec.level->values, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(spec.grid().count(), 9u);
  EXPECT_TRUE(spec.meter.allow_estimates);
  EXPECT_EQ(spec.meter.period_s, 0.2);
  EXPECT_FALSE(spec.workload->may_end);
  EXPECT_EQ(spec.load.http.rate, 20.0);
  ASSERT_EQ(spec.load.http.later_rates.size(), 1u);
  EXPECT_EQ(spec.load.http.later_rates[0].at_s, 60.0);
  EXPECT_EQ(spec.load.http.later_rates[0].rate, 80.5);
}

// The command's refusals are tested with a server beside them: tests/python/test_control_command.py.
TEST(ControlFile, RefusesWhatOnlyAWorkloadWouldUse) {
  const auto refusal = [](const std::string& what, const std::string& instead) {
    std::string text = whole;
    const auto at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    text.replace(at, what.size(), instead);
    try {
      parse_control_text(text, "control.toml");
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  using testing::HasSubstr;
  EXPECT_THAT(refusal("batches = [1, 4, 16]", "batches = [1, 4, 16]\npid = 5"),
              HasSubstr("does not go with server.pid"));
  EXPECT_THAT(refusal("{port}/v2", "{cores}/v2"), HasSubstr("{cores}"));
  EXPECT_THAT(refusal("[[0, 20], [60, 80.5]]", "[[5, 20]]"), HasSubstr("must begin with 0 and rise"));
  EXPECT_THAT(refusal("[[0, 20], [60, 80.5]]", "[[0, 20], [0, 30]]"), HasSubstr("must begin with 0 and rise"));
  EXPECT_THAT(refusal("[[0, 20], [60, 80.5]]", "[[0, 20], 30]"), HasSubstr("pairs [second, rate]"));
  EXPECT_THAT(refusal("[[0, 20], [60, 80.5]]", "[[0, -1]]"), HasSubstr("-1 must be above 0"));
  EXPECT_THAT(refusal("[[0, 20], [60, 80.5]]", "[]"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("type = \"http\"\n", "type = \"command\"\ncommand = [\"x\"]\n"),
              HasSubstr("does not go with type"));
}

}  // namespace
}  // namespace bayestuner::control
