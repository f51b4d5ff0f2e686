#include "bayestuner/runner/tune.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"
#include "bayestuner/runner/explore.hpp"
#include "bayestuner/runner/tune_file.hpp"
#include "runner/fixtures.hpp"
#include "runner/process_tree.hpp"

namespace bayestuner::runner::tests {

/// A folder with a tune file for the test server, and a journal directory of its own.
class TuneTest : public testing::Test {
 protected:
  TuneTest() {
    ::setenv("BAYESTUNER_STATE_DIR", (folder_.path() / "state").c_str(), 1);
    std::ofstream out(folder_.path() / "requests.jsonl");
    for (const HttpRequest& r : requests()) out << "{\"body\":" << r.body << ",\"expect\":" << r.expect << "}\n";
  }
  ~TuneTest() override { ::unsetenv("BAYESTUNER_STATE_DIR"); }

  TuneSpec spec(const std::string& mode = "normal", int trials = 5, const std::string& more = "") const {
    return parse_tune_text(R"([study]
name = "fake"
seed = 1
trials = )" + std::to_string(trials) +
                               R"(
verify = { top = 1, repeats = 1, max_repeats = 2 }
[problem]
minimize = "power_w"
subject_to = ["throughput >= 0.3 * baseline", "correct >= 1"]
[[parameter]]
name = "cores"
type = "integer"
low = 1
high = "cpus"
default = "cpus"
knob = { type = "cores" }
[[parameter]]
name = "delay"
type = "ordinal"
levels = [1, 4, 16, 64]
default = 4
[workload]
command = [")" + python() + "\", \"" +
                               server_script() + R"(", "--port", "{port}", "--mode", ")" + mode +
                               R"(", "--delay-ms", "{delay}", "--pids", ")" + pids().string() + R"("]
ready = { http = "http://127.0.0.1:{port}/ready", timeout_s = 120 }
stop_timeout_s = 1
[load]
type = "http"
url = "http://127.0.0.1:{port}/infer"
requests = "requests.jsonl"
concurrency = 4
timeout_s = 10
[measure]
allow_estimates = true
warm_up_s = 0.1
settle_s = 0.2
require_steady = false
min_s = 0.2
max_s = 0.3
timeout_s = 120
)" + more,
                           folder_.path() / "tune.toml");
  }
  fs::path pids() const { return folder_.path() / "pids"; }
  Folder folder_;
};

TEST_F(TuneTest, TunesAServerAndVerifiesTheAnswer) {
  std::vector<TuneProgress> progress;
  const TuneResult result = run_tune(spec(), {.trial = [&](const TuneProgress& p) { progress.push_back(p); }});
  EXPECT_EQ(result.reason, study::StopReason::trials);
  EXPECT_FALSE(result.stopped);
  EXPECT_EQ(result.finished, 5U);
  EXPECT_EQ(result.failed, 0U);
  ASSERT_EQ(progress.size(), 5U);
  EXPECT_TRUE(progress[0].trial.is_baseline);
  EXPECT_TRUE(progress[0].is_feasible);
  EXPECT_EQ(progress[4].finished, 5U);
  EXPECT_TRUE(progress[1].left_s);
  ASSERT_TRUE(result.baseline && result.best && result.recommendation);
  EXPECT_EQ(result.baseline->params.get<int>("delay"), 4);
  EXPECT_EQ(result.provenance, Provenance::estimated);
  ASSERT_FALSE(result.comparison.empty());
  EXPECT_EQ(result.comparison[0].metric, "power_w");
  EXPECT_TRUE(result.comparison[0].change);
  EXPECT_TRUE(progress[0].trial.user_attrs.contains("window_s") ||
              make_study(spec())->trial(0).user_attrs.contains("window_s"));
  bool says_estimate = false;
  for (const std::string& note : result.notes) says_estimate |= note.find("estimated") != std::string::npos;
  EXPECT_TRUE(says_estimate);
  EXPECT_TRUE(fs::exists(folder_.path() / "fake.db"));
}

TEST_F(TuneTest, StopsOnRequestAndGoesOnWhereItWas) {
  int told = 0;
  const TuneResult first = run_tune(spec(), {.trial = [&](const TuneProgress&) { ++told; }}, [&] { return told == 2; });
  EXPECT_TRUE(first.stopped);
  EXPECT_EQ(first.finished, 2U);
  EXPECT_FALSE(first.recommendation);
  // The trial that the request met is not held against its configuration.
  const auto between = make_study(spec());
  for (const auto& trial : between->trials()) EXPECT_NE(trial.state, study::TrialState::fail);
  const TuneResult second = run_tune(spec());
  EXPECT_EQ(second.finished, 5U);
  EXPECT_TRUE(second.recommendation);
}

TEST_F(TuneTest, SaysWhatIsWrongWhereTheConfigurationInForceFails) {
  for (const auto& [mode, part] : {std::pair{"dies_at_start", "cannot find the model"}, {"wrong", "wrong answer"}}) {
    try {
      run_tune(spec(mode));
      FAIL();
    } catch (const WorkloadError& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.rfind("the configuration in force today (cores=", 0), 0U) << text;
      EXPECT_NE(text.find(part), std::string::npos) << text;
      EXPECT_EQ(text.find('\n'), std::string::npos);
    }
  }
  // Nothing was learnt against it: once the server is mended the same study runs.
  EXPECT_EQ(run_tune(spec("normal", 2)).failed, 0U);
}

TEST_F(TuneTest, AFastServerThatAnswersWronglyCannotWin) {
  TuneSpec cheating = spec("normal", 3);
  cheating.study.strategy = "exhaustive";
  cheating.parameters.erase(cheating.parameters.begin());  // the mode alone decides
  cheating.parameters[0] = {.parameter = space::ordinal("delay", {8}), .current = std::int64_t{8}};
  cheating.parameters.push_back({.parameter = space::categorical("mode", {"normal", "wrong", "sometimes_wrong"}),
                                 .current = std::string("normal")});
  std::replace(cheating.workload.command.begin(), cheating.workload.command.end(), std::string("normal"),
               std::string("{mode}"));
  cheating.problem = study::Problem().maximize("throughput").subject_to("correct >= 1");
  const TuneResult result = run_tune(cheating);
  EXPECT_EQ(result.finished, 3U);
  ASSERT_TRUE(result.best && result.recommendation);
  EXPECT_EQ(result.best->params.get<std::string>("mode"), "normal");
  EXPECT_EQ(result.recommendation->params.get<std::string>("mode"), "normal");
  for (const study::Trial& t : make_study(cheating)->trials()) {
    if (t.params.get<std::string>("mode") == "normal") continue;
    EXPECT_FALSE(make_study(cheating)->is_feasible(t)) << t.params.to_text();
  }
}

TEST_F(TuneTest, WarnsWhereOthersUsedTheMachine) {
  TuneSpec noisy = spec("normal", 1);
  noisy.study.verify.reset();
  noisy.measure.options.noise_limit = 1e-9;
  const pid_t other = ::fork();
  ASSERT_GE(other, 0);
  if (other == 0) {
    for (volatile bool busy = true; busy;) {
    }
    ::_exit(0);
  }
  bool warned = false;
  for (const std::string& warning : run_tune(noisy).warnings) {
    warned |= warning.find("other programs") != std::string::npos;
  }
  ::kill(other, SIGKILL);
  ::waitpid(other, nullptr, 0);
  EXPECT_TRUE(warned);
}

TEST_F(TuneTest, AStoreThatLearntNothingGoesAgainAndOneThatDidStays) {
  TuneSpec failing = spec("dies_at_start");
  failing.study.store = folder_.path() / "a/b/fake.db";
  EXPECT_THROW(run_tune(failing), WorkloadError);
  EXPECT_FALSE(fs::exists(folder_.path() / "a"));
  TuneSpec working = spec("normal", 1);
  working.study.store = failing.study.store;
  working.study.verify.reset();
  EXPECT_EQ(run_tune(working).finished, 1U);
  failing.study.trials = 2;
  failing.study.verify.reset();
  EXPECT_NO_THROW(run_tune(failing)) << "a failure after a success is a result";
  EXPECT_TRUE(fs::exists(failing.study.store));
}

TEST_F(TuneTest, TellsWhatEarlierSittingsHave) {
  TuneSpec two = spec("normal", 2);
  two.study.verify.reset();
  int resumed = 0;
  const TuneCallbacks count{.resume = [&](const TuneProgress& p) { resumed += static_cast<int>(p.finished); }};
  run_tune(two, count);
  EXPECT_EQ(resumed, 0);
  two.study.trials = 3;
  run_tune(two, count);
  EXPECT_EQ(resumed, 2);
}

TEST_F(TuneTest, RepeatsTheBaselineToSeeDrift) {
  TuneSpec drifting = spec("normal", 4);
  drifting.measure.drift_every = 2;
  drifting.study.verify.reset();
  const TuneResult result = run_tune(drifting);
  EXPECT_EQ(result.finished, 4U) << "repeats are not part of the budget";
  EXPECT_TRUE(result.drift);
  EXPECT_GT(make_study(drifting)->trials().size(), 4U);
}

TEST_F(TuneTest, ExploresAServerStopsGoesOnAndComparesWithRandom) {
  TuneSpec both = spec();
  both.problem = study::Problem().minimize("power_w").maximize("throughput").subject_to("correct >= 1");
  both.explore = {.how = {.initial = 3, .guided = 2}, .against = "random"};
  std::size_t told = 0, widest = 0;
  const TuneCallbacks count{.trial = [&](const TuneProgress& p) {
    ++told;
    widest = std::max(widest, p.front.size());
    EXPECT_EQ(p.planned, 5U);
  }};
  const ExploreResult first = run_explore(both, count, [&] { return told == 2; });
  EXPECT_TRUE(first.stopped() && !first.against);
  ASSERT_EQ(first.explorations.size(), 1U);
  EXPECT_EQ(first.explorations[0].finished, 2U);
  const ExploreResult whole = run_explore(both, count);
  EXPECT_EQ(told, 10U) << "five of ours, five at random, and none twice";
  EXPECT_GE(widest, 1U);
  ASSERT_EQ(whole.explorations.size(), 2U);
  EXPECT_EQ(whole.explorations[1].study, "fake-random");
  EXPECT_EQ(whole.explorations[0].reference, whole.explorations[1].reference);
  for (const study::Exploration& e : whole.explorations) {
    EXPECT_EQ(e.finished, 5U);
    EXPECT_FALSE(e.front.empty());
    EXPECT_EQ(e.points[0].trial.params.get<int>("delay"), 4) << "today's configuration comes first";
    EXPECT_GT(e.hypervolume(), 0.0);
  }
  EXPECT_EQ(whole.run.provenance, Provenance::estimated);
  EXPECT_THROW(run_explore(spec()), InvalidArgument) << "one objective";
}

TEST_F(TuneTest, RefusesWhatCannotWorkHereBeforeItTouchesAnything) {
  TuneSpec no_estimates = spec();
  no_estimates.measure.meters = {"estimate"};
  no_estimates.measure.allow_estimates = false;
  EXPECT_THROW(run_tune(no_estimates), InvalidArgument);
  TuneSpec blind = spec();
  blind.measure.meters = {"estimate"};
  blind.parameters[1].knob = knob::KnobSpec{.type = "argument", .kind = "frequency"};
  EXPECT_THROW(run_tune(blind), InvalidArgument);
  TuneSpec wide = spec();
  wide.parameters[0].parameter = space::integer("cores", 1, 100000);
  EXPECT_THROW(run_tune(wide), InvalidArgument);
  fs::remove(folder_.path() / "requests.jsonl");
  EXPECT_THROW(run_tune(spec()), InvalidArgument);
  EXPECT_FALSE(fs::exists(folder_.path() / "fake.db"));
  EXPECT_FALSE(fs::exists(folder_.path() / "state"));
}

TEST_F(TuneTest, LeavesNothingBehindWhenItIsKilledAndResumes) {
  const pid_t tuner = ::fork();
  if (tuner == 0) {
    try {
      run_tune(spec("forks", 200), {.trial = [this](const TuneProgress& p) {
                 std::ofstream(folder_.path() / "told") << p.finished << std::flush;
               }});
    } catch (...) {
    }
    ::_exit(0);
  }
  ASSERT_GT(tuner, 0);
  const auto told = [&] {
    std::ifstream in(folder_.path() / "told");
    int n = 0;
    in >> n;
    return n;
  };
  ASSERT_TRUE(eventually(30.0, [&] { return told() >= 1; }));
  fs::remove(pids());
  pid_t inside = 0, outside = 0;
  ASSERT_TRUE(eventually(10.0, [&] {
    std::ifstream(pids()) >> inside >> outside;
    return inside > 0 && outside > 0;
  }));
  ::kill(tuner, SIGKILL);
  ::waitpid(tuner, nullptr, 0);
  EXPECT_TRUE(eventually(5.0, [&] { return !lives(inside); }));
  const knob::CgroupLayout layout = knob::CgroupLayout::discover();
  const std::string prefix = "bayestuner-" + std::to_string(tuner) + "-";
  if (layout.site("cpuset").availability) {
    EXPECT_TRUE(eventually(5.0, [&] { return !lives(outside); })) << "it left the process group, not the control group";
    for (const char* controller : {"cpuset", "memory", "cpuacct"}) {
      if (!layout.site(controller).availability) continue;
      EXPECT_TRUE(eventually(5.0, [&] {
        for (const std::string& name : layout.filesystem()->list(layout.site(controller).parent)) {
          if (name.rfind(prefix, 0) == 0) return false;
        }
        return true;
      })) << controller;
    }
  } else {
    ::kill(outside, SIGKILL);
  }
  const int before = told();
  EXPECT_GE(before, 1);
  const TuneResult resumed = run_tune(spec("normal", before + 2));
  EXPECT_GE(resumed.finished, static_cast<std::size_t>(before));
  EXPECT_EQ(resumed.failed, 0U) << "the trial that was under way is run again";
}

}  // namespace bayestuner::runner::tests
