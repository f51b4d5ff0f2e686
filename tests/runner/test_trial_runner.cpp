#include "bayestuner/runner/trial_runner.hpp"

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/argument.hpp"
#include "bayestuner/knob/callable.hpp"
#include "bayestuner/knob/cores.hpp"
#include "bayestuner/knob/cpu_list.hpp"
#include "bayestuner/knob/cpuset.hpp"
#include "bayestuner/knob/memory_limit.hpp"
#include "bayestuner/meter/cpu_time.hpp"
#include "bayestuner/meter/estimated_power.hpp"
#include "bayestuner/meter/memory_use.hpp"
#include "bayestuner/runner/callable_workload.hpp"
#include "bayestuner/study/study.hpp"
#include "runner/fixtures.hpp"

namespace bayestuner::runner::tests {

using space::Configuration;
using study::FailureReason;

static MeasureOptions brief() {
  return {.warm_up_s = 0.1, .settle_s = 0.2, .min_s = 0.2, .max_s = 0.4, .precision = 0.1, .require_steady = false};
}

/// A runner for the test server, with state of its own so that other tests do not matter.
class RunnerTest : public testing::Test {
 protected:
  TrialRunner runner(const std::string& mode, TrialRunnerOptions options = {}, std::vector<std::string> more = {},
                     std::vector<std::string> parameters = {"cores", "memory", "delay"}) {
    options.measure = brief();
    options.session.state_dir = folder_.path() / "state";
    options.log_directory = folder_.path() / "logs";
    return TrialRunner(ProcessWorkload(server(mode, std::move(more)),
                                       HttpLoad(closed_load(4, mode == "hangs" ? 0.7 : 30.0)), std::move(parameters)),
                       std::move(options));
  }
  std::vector<std::string> journals() const {
    std::vector<std::string> found;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder_.path() / "state", none)) {
      if (entry.path().extension() == ".jsonl") found.push_back(entry.path().filename().string());
    }
    return found;
  }
  Folder folder_;
};

static std::vector<std::string> our_groups() {
  const knob::CgroupLayout layout = knob::CgroupLayout::discover();
  const std::string prefix = "bayestuner-" + std::to_string(::getpid()) + "-";
  std::vector<std::string> found;
  for (const char* controller : {"cpuset", "memory", "cpu", "cpuacct"}) {
    const knob::GroupSite& site = layout.site(controller);
    if (!site.availability) continue;
    for (const std::string& name : layout.filesystem()->list(site.parent)) {
      if (name.rfind(prefix, 0) == 0) found.push_back(site.parent + "/" + name);
    }
  }
  return found;
}

TEST_F(RunnerTest, MeasuresUnderKnobsAndGivesEverythingBack) {
  const knob::CgroupLayout layout = knob::CgroupLayout::discover();
  TrialRunnerOptions options;
  options.knobs.push_back(knob::Cores(layout));
  options.knobs.push_back(knob::Argument(space::ordinal("delay", {1, 5})));
  options.meters.emplace_back(meter::CpuTime());
  options.meters.emplace_back(meter::MemoryUse());
  options.meters.emplace_back(meter::EstimatedPower());
  std::vector<Phase> phases;
  options.phase = [&](Phase phase) { phases.push_back(phase); };
  TrialRunner run = runner("normal", std::move(options), {"--delay-ms", "{delay}"});
  const Configuration params{{"cores", std::int64_t{1}}, {"delay", std::int64_t{5}}};
  const study::Metrics metrics = run.run(params);
  EXPECT_EQ(metrics.at("correct").value, 1.0);
  EXPECT_GT(metrics.at("throughput").value, 50.0);
  EXPECT_LT(metrics.at("throughput").value, 4 / 0.005);
  EXPECT_GT(metrics.at("cpu_share").value, 0.0);
  EXPECT_LT(metrics.at("cpu_share").value, 1.1) << "one core was allowed";
  EXPECT_GT(metrics.at("memory_peak_bytes").value, 1e6);
  EXPECT_EQ(metrics.at("energy_per_item_j").provenance, Provenance::estimated);
  EXPECT_EQ(phases, (std::vector<Phase>{Phase::applying, Phase::starting, Phase::measuring, Phase::stopping}));
  EXPECT_TRUE(run.notes().contains("outside_cpu_share"));
  EXPECT_EQ(our_groups(), std::vector<std::string>{});
  EXPECT_EQ(journals(), std::vector<std::string>{});
  run.run(params);  // and again, from a clean start
}

TEST_F(RunnerTest, MapsFailuresToReasonsAndTidiesUpAfterEach) {
  struct Case {
    const char* mode;
    FailureReason reason;
    const char* part;
  };
  for (const Case& c : {Case{"dies_at_start", FailureReason::crashed, "cannot find the model"},
                        Case{"dies_later", FailureReason::crashed, "exited with code 7"},
                        Case{"wrong", FailureReason::invalid, "wrong answer: expected"},
                        Case{"hangs", FailureReason::timed_out, "hangs"}}) {
    TrialRunner run = runner(c.mode);
    const auto failure = failure_of([&] { run.run({}); });
    EXPECT_EQ(failure.reason, c.reason) << c.mode << ": " << failure.what();
    EXPECT_NE(std::string(failure.what()).find(c.part), std::string::npos) << failure.what();
    EXPECT_EQ(our_groups(), std::vector<std::string>{}) << c.mode;
    EXPECT_EQ(journals(), std::vector<std::string>{}) << c.mode;
  }
}

TEST_F(RunnerTest, EndsATrialThatTakesTooLong) {
  TrialRunnerOptions options;
  options.timeout_s = 0.5;
  TrialRunner run = runner("deaf", std::move(options));
  EXPECT_EQ(failure_of([&] { run.run({}); }).reason, FailureReason::timed_out);
}

TEST_F(RunnerTest, RecognisesThatMemoryRanOut) {
  const knob::CgroupLayout layout = knob::CgroupLayout::discover();
  if (!layout.site("memory").availability) GTEST_SKIP() << layout.site("memory").availability.reason();
  TrialRunnerOptions options;
  options.knobs.push_back(
      knob::MemoryLimit(layout, {.parameter = space::ordinal("memory", {64, 512}), .unit_bytes = 1 << 20}));
  TrialRunner run = runner("eats_memory", std::move(options));
  const auto failure = failure_of([&] { run.run({{"memory", std::int64_t{64}}}); });
  EXPECT_EQ(failure.reason, FailureReason::out_of_memory) << failure.what();
  EXPECT_EQ(our_groups(), std::vector<std::string>{});
}

TEST_F(RunnerTest, StopsSoonOnRequestWithEverythingTidy) {
  bool stop = false;
  TrialRunnerOptions options;
  options.stop = [&] { return stop; };
  options.phase = [&](Phase phase) { stop = stop || phase == Phase::measuring; };
  TrialRunner run = runner("normal", std::move(options));
  EXPECT_EQ(failure_of([&] { run.run({}); }).reason, FailureReason::cancelled);
  EXPECT_EQ(our_groups(), std::vector<std::string>{});
  EXPECT_EQ(journals(), std::vector<std::string>{});
}

TEST_F(RunnerTest, CallsATrialInvalidWhoseKnobRefuses) {
  TrialRunnerOptions options;
  options.knobs.push_back(
      knob::Callable(space::boolean("turbo"), [](const space::Value&) { throw DeviceError("the firmware says no"); }));
  TrialRunner run = runner("normal", std::move(options));
  const auto failure = failure_of([&] { run.run({{"turbo", true}}); });
  EXPECT_EQ(failure.reason, FailureReason::knob_refused);
  EXPECT_NE(std::string(failure.what()).find("the firmware says no"), std::string::npos);
}

TEST(TrialRunner, IsTheObjectiveOfAStudy) {
  TrialRunnerOptions options;
  options.measure = brief();
  options.measure.min_s = 0.05;
  options.measure.warm_up_s = 0.0;
  TrialRunner run(CallableWorkload([](const Configuration& c) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
                    return c.get<double>("batch");
                  }),
                  std::move(options));
  study::Study study(space::DynamicSpace({space::ordinal("batch", {1, 2, 4, 8})}),
                     study::Problem().maximize("throughput"));
  EXPECT_EQ(study.optimize(run.objective(), {.trials = 10}), study::StopReason::exhausted);
  EXPECT_EQ(study.best()->params.get<int>("batch"), 8);
}

TEST(TrialRunner, CoolsDownBetweenTrialsAndNotBeforeTheFirst) {
  TrialRunnerOptions options;
  options.measure = brief();
  options.measure.min_s = 0.02;
  options.measure.max_s = 0.03;
  options.measure.warm_up_s = 0.0;
  options.cool_down_s = 0.4;
  std::vector<Phase> phases;
  options.phase = [&](Phase phase) { phases.push_back(phase); };
  TrialRunner run(
      CallableWorkload([](const Configuration&) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }),
      std::move(options));
  run.run({});
  EXPECT_EQ(std::count(phases.begin(), phases.end(), Phase::cooling_down), 0);
  const double ended = monotonic_s();
  run.run({});
  EXPECT_EQ(std::count(phases.begin(), phases.end(), Phase::cooling_down), 1);
  EXPECT_GE(monotonic_s() - ended, 0.35);
}

TEST(TrialRunner, RefusesAMeterThatCannotSeeAKnob) {
  std::vector<meter::AnyMeter> meters;
  meters.emplace_back(meter::EstimatedPower());
  const std::vector<knob::AnyKnob> clock = {knob::Argument(space::ordinal("clock", {1, 2}), "frequency")};
  EXPECT_THROW(refuse_blind_meters(meters, clock, {"power_w"}), InvalidArgument);
  EXPECT_THROW(refuse_blind_meters(meters, clock, {"energy_per_item_j"}), InvalidArgument);
  EXPECT_NO_THROW(refuse_blind_meters(meters, clock, {"throughput"}));
  const std::vector<knob::AnyKnob> fixed = {knob::Argument(space::ordinal("clock", {1}), "frequency")};
  EXPECT_NO_THROW(refuse_blind_meters(meters, fixed, {"power_w"}));
  const std::vector<knob::AnyKnob> batch = {knob::Argument(space::ordinal("batch", {1, 2}), "argument")};
  EXPECT_NO_THROW(refuse_blind_meters(meters, batch, {"power_w"}));
}

}  // namespace bayestuner::runner::tests
