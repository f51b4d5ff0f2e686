#include "bayestuner/study/study.hpp"

#include <fstream>
#include <set>

#include "bayestuner/study/export.hpp"
#include "bayestuner/study/named_strategy.hpp"
#include "study/fixtures.hpp"

namespace bayestuner::study {
namespace {

Metrics power(double w, double throughput) {
  return {{"power_w", {.value = w}}, {"throughput", {.value = throughput}}};
}

TEST(Study, BestIsNeverInfeasible) {
  Study s(small_space(), least_power(), {.strategy = search::RandomSearch()});
  EXPECT_FALSE(s.best());
  const auto a = *s.ask(), b = *s.ask(), c = *s.ask();
  s.tell(a.number, power(1.0, 99.0));
  EXPECT_FALSE(s.best());
  s.tell(b.number, power(30.0, 100.0));
  s.tell(c.number, power(40.0, 400.0));
  EXPECT_EQ(s.best()->number, b.number);
}

TEST(Study, ChangedConstraintUsesEverythingMeasured) {
  Study s(small_space(), least_power());
  s.optimize(serve, {.trials = 12});
  ASSERT_TRUE(s.best());
  const double loose = s.best()->metrics.at("power_w").value;
  s.set_problem(Problem().minimize("power_w").subject_to("throughput >= 150"));
  EXPECT_EQ(s.trials().size(), 12u);
  s.optimize(serve, {.trials = 16});
  ASSERT_TRUE(s.best());
  EXPECT_GE(s.best()->metrics.at("throughput").value, 150.0);
  EXPECT_GT(s.best()->metrics.at("power_w").value, loose);
}

TEST(Study, RelativeConstraintsReferToTheFirstEnqueuedConfiguration) {
  Study s(small_space(), Problem().minimize("power_w").subject_to("throughput >= 0.5 * baseline"));
  EXPECT_TRUE(s.enqueue({{"cores", std::int64_t{16}}, {"batch", std::int64_t{8}}}));
  EXPECT_FALSE(s.enqueue({{"cores", std::int64_t{16}}, {"batch", std::int64_t{8}}}));
  const auto first = *s.ask();
  EXPECT_TRUE(first.is_baseline);
  EXPECT_EQ(first.params.get<int>("cores"), 16);
  EXPECT_FALSE(s.thresholds()[0]);
  s.tell(first.number, serve(first));
  EXPECT_DOUBLE_EQ(*s.thresholds()[0], 0.5 * serve(first).at("throughput").value);
  s.optimize(serve, {.trials = 15});
  EXPECT_GE(s.best()->metrics.at("throughput").value, *s.thresholds()[0]);
  EXPECT_LT(s.best()->metrics.at("power_w").value, serve(first).at("power_w").value);
}

TEST(Study, AnEstimateNeverBeatsAMeasurement) {
  Study s(small_space(), Problem().minimize("power_w"), {.strategy = search::RandomSearch()});
  const auto a = *s.ask(), b = *s.ask();
  s.tell(a.number, {{"power_w", {.value = 5.0, .provenance = Provenance::estimated}}});
  EXPECT_EQ(s.best()->number, a.number);
  s.tell(b.number, {{"power_w", {.value = 50.0}}});
  EXPECT_EQ(s.best()->number, b.number);
}

TEST(Study, FailuresAreTrialsWithAReason) {
  Study s(small_space(), least_power());
  int calls = 0;
  s.optimize(
      [&](const Trial& t) {
        ++calls;
        if (t.params.get<int>("batch") > 16) {
          throw TrialFailed(FailureReason::out_of_memory, "killed", {{"throughput", {.value = 3.0}}});
        }
        return serve(t);
      },
      {.trials = 20});
  EXPECT_EQ(calls, 20);
  int failed = 0;
  for (const Trial& t : s.trials()) {
    if (t.state != TrialState::fail) continue;
    ++failed;
    EXPECT_EQ(t.reason, FailureReason::out_of_memory);
    EXPECT_EQ(t.metrics.at("throughput").value, 3.0);
  }
  EXPECT_GT(failed, 0);
  EXPECT_TRUE(s.best());
}

TEST(Study, OtherExceptionsAreRecordedAndPassedOn) {
  Study s(small_space(), least_power());
  EXPECT_THROW(s.optimize([](const Trial&) -> Metrics { throw std::runtime_error("broken"); }, {.trials = 3}),
               std::runtime_error);
  ASSERT_EQ(s.trials().size(), 1u);
  EXPECT_EQ(s.trials()[0].message, "broken");
  s.optimize([](const Trial&) -> Metrics { throw std::runtime_error("broken"); }, {.trials = 3, .catch_errors = true});
  EXPECT_EQ(s.trials().size(), 3u);
}

TEST(Study, RefusesWhatItCannotUse) {
  Study s(small_space(), least_power());
  const auto t = *s.ask();
  const auto message = [&](const Metrics& m) -> std::string {
    try {
      s.tell(t.number, m);
    } catch (const InvalidArgument& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message({{"power_w", {.value = 1.0}}}),
            "throughput: the problem needs this metric, but the trial reported only power_w");
  EXPECT_EQ(message(power(std::nan(""), 1.0)), "power_w: nan is not a finite number");
  EXPECT_EQ(message(power(1.0, 2.0)), "accepted");
  EXPECT_EQ(message(power(1.0, 2.0)), "trial: number 0 was told before");
  EXPECT_NO_THROW(s.tell(t.number, power(1.0, 2.0), true));
  EXPECT_THROW(s.tell(99, power(1.0, 2.0)), InvalidArgument);
  EXPECT_THROW(s.enqueue({{"cores", std::int64_t{99}}, {"batch", std::int64_t{1}}}), InvalidArgument);
  EXPECT_THROW(Study(small_space(), Problem()), InvalidArgument);
}

TEST(Study, ExhaustionIsANormalEnd) {
  Study s(space::DynamicSpace({space::boolean("a"), space::boolean("b")}), Problem().minimize("y"));
  const auto reason = s.optimize([](const Trial&) -> Metrics { return {{"y", {.value = 1.0}}}; }, {.trials = 50});
  EXPECT_EQ(reason, StopReason::exhausted);
  EXPECT_EQ(s.trials().size(), 4u);
  EXPECT_FALSE(s.ask());
}

TEST(Study, StopsForEveryReason) {
  Study s(small_space(), least_power());
  EXPECT_EQ(s.optimize(serve, {.timeout_s = 0.0}), StopReason::seconds);
  EXPECT_EQ(s.optimize(serve, {.trials = 2}), StopReason::trials);
  EXPECT_EQ(s.optimize(
                [](const Trial& t) {
                  Metrics m = serve(t);
                  m["energy_j"] = {.value = 10.0};
                  return m;
                },
                {.joules = 25.0}),
            StopReason::joules);
  EXPECT_EQ(s.optimize([&](const Trial& t) { return s.stop(), serve(t); }, {.trials = 100}), StopReason::stopped);
  EXPECT_EQ(s.optimize(serve, {.trials = 300, .target = 40.0}), StopReason::target);
  EXPECT_EQ(s.optimize(serve, {.trials = 400, .stop_without_gain = true}), StopReason::no_gain);
}

TEST(Study, ThreadsShareOneStudyWithoutRepeats) {
  Study s(small_space(), least_power(), {.strategy = search::RandomSearch()});
  s.optimize(serve, {.trials = 60, .jobs = 4});
  std::set<std::string> seen;
  for (const Trial& t : s.trials()) EXPECT_TRUE(seen.insert(t.params.to_text()).second);
  EXPECT_GE(seen.size(), 60u);
}

TEST(Study, RecommendsOnlyWhatItConfirmed) {
  Study s(small_space(), least_power());
  // One lucky reading: cores 1 seems to keep the throughput once.
  int lucky = 0;
  const auto noisy = [&](const Trial& t) {
    Metrics m = serve(t);
    if (t.params.get<int>("cores") == 1 && lucky++ == 0) m["throughput"].value = 500.0;
    m["throughput"].standard_error = 0.5;
    return m;
  };
  s.enqueue({{"cores", std::int64_t{16}}, {"batch", std::int64_t{8}}});
  s.enqueue({{"cores", std::int64_t{1}}, {"batch", std::int64_t{32}}});
  s.enqueue({{"cores", std::int64_t{6}}, {"batch", std::int64_t{16}}});
  s.optimize(noisy, {.trials = 30});
  EXPECT_EQ(s.best()->params.get<int>("cores"), 1);
  const auto r = s.recommend(noisy, {.top = 2, .repeats = 2});
  ASSERT_TRUE(r);
  EXPECT_TRUE(r->confirmed);
  EXPECT_GT(r->params.get<int>("cores"), 1);
  EXPECT_GE(r->probability.at("throughput >= 100"), 0.95);
  ASSERT_TRUE(r->gain);
  EXPECT_GT(r->gain->value, 0.0);
  EXPECT_FALSE(Study(small_space(), least_power()).recommend(noisy));
}

TEST(Study, AResumedStudyGoesOnAsIfItHadNeverStopped) {
  const Folder folder;
  for (const char* strategy : {"bo", "random", "sobol"}) {
    const StudyOptions options{.seed = 7, .strategy = named_strategy(strategy), .budget = 18};
    Study whole(small_space(), least_power(), options);
    whole.optimize(serve, {.trials = 18});
    StudyOptions stored = options;
    stored.name = strategy;
    stored.store = folder / "resume.db";
    for (std::size_t n = 3; n <= 18; n += 3) {
      Study part(small_space(), least_power(), stored);
      part.optimize(serve, {.trials = n});
    }
    Study part(small_space(), least_power(), stored);
    const auto a = whole.trials(), b = part.trials();
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].params, b[i].params) << strategy << " trial " << i;
      EXPECT_EQ(a[i].metrics, b[i].metrics) << "numbers must come back bit for bit";
    }
  }
}

TEST(Study, OpensAStoredStudyByItsFileAlone) {
  const Folder folder;
  const space::DynamicSpace s(
      {space::integer("cores", 1, 8), space::categorical("rt", {"a", "b"}),
       space::integer("t", 1, 64, {.scale = space::Scale::power_of_two}).when("rt", {std::string("a")})},
      {"cores >= 2"});
  Study made(s, Problem().minimize("y"), {.name = "x", .store = folder / "s.db", .seed = 3});
  made.optimize(
      [](const Trial& t) -> Metrics {
        return {{"y", {.value = t.params.get<double>("cores")}}};
      },
      {.trials = 6});
  const auto opened = Study::open(folder / "s.db");
  EXPECT_EQ(opened->space().fingerprint(), s.fingerprint());
  EXPECT_EQ(opened->trials().size(), 6u);
  EXPECT_EQ(opened->best()->params, made.best()->params);
  EXPECT_NE(to_json(*opened).find("\"best\""), std::string::npos);
  EXPECT_NE(to_csv(*opened).find("params_cores"), std::string::npos);
}

TEST(Study, KeepsTenThousandTrialsInAHundredMegabytes) {
  Study s(space::DynamicSpace({space::integer("a", 0, 9999), space::integer("b", 0, 9999)}), Problem().minimize("y"),
          {.strategy = search::RandomSearch()});
  const auto resident = [] {
    std::ifstream in("/proc/self/statm");
    double size = 0, pages = 0;
    in >> size >> pages;
    return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) * 1e-6;
  };
  const double before = resident();
  for (int i = 0; i < 10'000; ++i) {
    s.add_trial({.params = {{"a", std::int64_t{i}}, {"b", std::int64_t{i}}},
                 .state = TrialState::complete,
                 .metrics = {{"y", {.value = 1.0 + i}}}});
  }
  EXPECT_EQ(s.best()->number, 0);
  EXPECT_LT(resident() - before, 100.0) << "megabytes for 10 000 trials";
}

}  // namespace
}  // namespace bayestuner::study
