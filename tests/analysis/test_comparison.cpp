#include "bayestuner/analysis/comparison.hpp"

#include <fstream>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "golden.hpp"

namespace bayestuner::analysis {

namespace {

using Gaps = std::vector<std::optional<double>>;

ReplayResult result(const std::string& task, const std::string& strategy, const Gaps& gap) {
  ReplayResult r{.task = task, .type = "constrained", .strategy = strategy, .budget = 40};
  for (std::size_t s = 0; s < gap.size(); ++s) r.seeds.push_back(s);
  r.gap = gap;
  r.gap_at[20] = gap;
  r.repeats.assign(gap.size(), 0);
  return r;
}

// `good` beats `bad` on 11 of 12 tasks.
std::vector<ReplayResult> two_strategies() {
  std::vector<ReplayResult> out;
  Random random(7);
  for (int t = 0; t < 12; ++t) {
    Gaps good, bad;
    for (int s = 0; s < 5; ++s) {
      good.push_back(0.05 * random.uniform());
      bad.push_back(0.2 + 0.1 * random.uniform());
    }
    if (t == 11) std::swap(good, bad);
    const std::string task = "task" + std::to_string(t);
    out.push_back(result(task, "bad", bad));
    out.push_back(result(task, "good", good));
  }
  return out;
}

std::string refusal(const std::vector<ReplayResult>& results, const CompareOptions& options = {}) {
  try {
    (void)compare(results, options);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST(Comparison, RanksPairsAndTestsFollowFromTheMeans) {
  const auto all = compare(two_strategies());
  ASSERT_EQ(all.size(), 1u);
  const Comparison& c = all[0];
  EXPECT_EQ(c.measure, "gap");
  EXPECT_EQ(c.runs, 60u);
  ASSERT_EQ(c.strategies.size(), 2u);
  EXPECT_EQ(c.strategies[0].strategy, "good");
  EXPECT_DOUBLE_EQ(c.strategies[0].rank.value, 13.0 / 12.0);
  EXPECT_NEAR(c.friedman.statistic, 100.0 / 12.0, 1e-12);  // (11 - 1)^2 / 12: with two treatments, the sign test's
  const StrategyDifference& d = c.differences.at(0);
  EXPECT_EQ(d.first, "good");
  EXPECT_EQ(std::vector({d.wins, d.ties, d.losses}), std::vector({11, 0, 1}));
  double sum = 0.0;
  for (std::size_t t = 0; t < 12; ++t) sum += c.strategies[0].task_mean[t] - c.strategies[1].task_mean[t];
  EXPECT_NEAR(d.mean.value, sum / 12, 1e-15);
  EXPECT_LT(d.mean.low, d.mean.value);
  EXPECT_LT(d.mean.high, 0.0);
  EXPECT_LT(d.p_holm, 0.05);
  EXPECT_EQ(c.strategies[0].at.at(20).tasks, 12u);
  EXPECT_NE(c.to_text().find("good - bad"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(c.to_json())["strategies"][0]["strategy"], "good");
}

TEST(Comparison, NothingFeasibleCountsAsOneAndLargeGapsNoMore) {
  const auto c = compare({result("t", "a", {std::nullopt, 3.0, 0.0}), result("t", "b", {0.5, 0.5, 0.5})})[0];
  EXPECT_EQ(c.blocks, "seeds");
  EXPECT_NEAR(c.strategies[1].mean.value, 2.0 / 3.0, 1e-15);
  EXPECT_NEAR(c.strategies[1].nothing, 1.0 / 3.0, 1e-15);
  EXPECT_NEAR(c.strategies[1].within.value, 1.0 / 3.0, 1e-15);
}

TEST(Comparison, IntervalsAreAsWideAsTheStandardErrorSays) {
  Random random(3);
  Gaps one, other;
  for (int s = 0; s < 400; ++s) {
    one.push_back(0.5 + 0.1 * random.normal());
    other.push_back(0.5);
  }
  const auto c = compare({result("t", "noisy", one), result("t", "constant", other)})[0];
  const auto& noisy = c.strategies[0].strategy == "noisy" ? c.strategies[0] : c.strategies[1];
  EXPECT_NEAR(noisy.mean.high - noisy.mean.low, 2 * 1.96 * 0.1 / 20, 0.002);
  const auto& certain = c.strategies[0].strategy == "noisy" ? c.strategies[1] : c.strategies[0];
  EXPECT_EQ(certain.mean.low, certain.mean.high);
}

TEST(Comparison, ShareWithoutAFailureKeepsItsDoubt) {
  const auto c = compare({result("t", "a", Gaps(20, 0.0)), result("t", "b", Gaps(20, 1.0))})[0];
  EXPECT_NEAR(c.strategies[0].within.low, 0.8316, 1e-4);  // 0.025^(1/20): Clopper & Pearson
  EXPECT_EQ(c.strategies[0].within.high, 1.0);
  EXPECT_NEAR(c.strategies[1].within.high, 0.1684, 1e-4);
}

TEST(Comparison, IsDeterministicAndDependsOnItsSeedAlone) {
  const auto results = two_strategies();
  EXPECT_EQ(compare(results)[0].to_json(), compare(results)[0].to_json());
  EXPECT_NE(compare(results, {.seed = 1})[0].to_json(), compare(results)[0].to_json());
  const auto fixed = compare(results, {.fixed_tasks = true})[0].differences[0].mean;
  const auto drawn = compare(results)[0].differences[0].mean;
  EXPECT_LT(fixed.high - fixed.low, 0.5 * (drawn.high - drawn.low));  // task 11 is not drawn again and again
}

TEST(Comparison, ComparesCommonRunsAndNotesTheRest) {
  auto results = two_strategies();
  results[0].seeds.pop_back();
  results[0].gap.pop_back();
  results[0].gap_at[20].pop_back();
  results.erase(results.begin() + 2);
  const auto c = compare(results)[0];
  EXPECT_EQ(c.tasks.size(), 11u);
  EXPECT_EQ(c.runs, 54u);
  ASSERT_EQ(c.notes.size(), 2u);
  EXPECT_EQ(c.notes[0], "task0: 1 of 5 seeds left out, which not every strategy has");
  EXPECT_EQ(c.notes[1], "task1: left out, without bad");
}

TEST(Comparison, OneStrategyIsDescribedWithoutATest) {
  const auto c = compare({result("t", "a", {0.1, 0.3})})[0];
  EXPECT_TRUE(c.differences.empty());
  EXPECT_EQ(c.critical_difference, 0.0);
  EXPECT_NE(c.to_text().find("nothing to compare"), std::string::npos);
}

TEST(Comparison, ParetoTasksHaveTheirOwn) {
  ReplayResult a{.task = "p", .type = "pareto", .strategy = "a", .budget = 10, .seeds = {0, 1}};
  a.hypervolume = {0.9, std::nullopt};
  const auto all = compare({result("t", "a", {0.1, 0.3}), a});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].measure, "lost_hypervolume");
  EXPECT_NEAR(all[1].strategies[0].mean.value, 0.55, 1e-12);
}

TEST(Comparison, DifferencesFromABaselineAlone) {
  auto results = two_strategies();
  for (auto r : two_strategies()) {
    if (r.strategy == "bad") r.strategy = "worse", results.push_back(r);
  }
  EXPECT_EQ(compare(results)[0].differences.size(), 3u);
  const auto c = compare(results, {.baseline = "bad"})[0];
  ASSERT_EQ(c.differences.size(), 2u);
  EXPECT_EQ(c.differences[0].first, "bad");
  EXPECT_EQ(c.differences[1].ties, 12);
  EXPECT_EQ(c.differences[1].p_value, 1.0);
}

TEST(Comparison, RefusesInOneLine) {
  EXPECT_EQ(refusal({}), "compare: there is no result");
  EXPECT_NE(refusal({result("t", "a", {0.1}), result("t", "a", {0.2})}).find("seed 0 of a is there twice"),
            std::string::npos);
  EXPECT_NE(refusal({result("t", "a", {0.1}), result("u", "b", {0.2})}).find("no task and seed is common to a, b"),
            std::string::npos);
  auto other = result("t", "b", {0.1});
  other.budget = 20;
  EXPECT_NE(refusal({result("t", "a", {0.1}), other}).find("budget: 20 of b and 40 of a"), std::string::npos);
  EXPECT_NE(refusal(two_strategies(), {.baseline = "best"}).find("'best' is none"), std::string::npos);
  EXPECT_NE(refusal(two_strategies(), {.confidence = 1.0}).find("confidence: 1 is not in (0, 1)"), std::string::npos);
}

TEST(ReplayResults, ReadWhatReplayWritesAndWhatOthersWrite) {
  auto r = result("t", "a", {0.25, std::nullopt});
  r.best = {1.0, std::nullopt};
  const auto back = parse_results(r.to_json() + "\n\n" + R"({"task": "t", "type": "single", "error": "no file"})");
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].to_json(), r.to_json());
  const auto peer = parse_results(
      R"([{"task": "t", "type": "single", "strategy": "tpe", "budget": 9, "seeds": [3], "gap": [null]}])");
  EXPECT_EQ(peer.at(0).seeds, std::vector<std::uint64_t>{3});
  EXPECT_FALSE(peer[0].gap[0]);
}

TEST(ReplayResults, NameTheLineThatIsWrong) {
  const auto refusal_of = [](const std::string& text) -> std::string {
    try {
      (void)parse_results(text, "file");
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal_of("\n{"), "file:2: is not JSON");
  EXPECT_EQ(refusal_of("3"), "file:1: is not a JSON object");
  EXPECT_EQ(refusal_of(R"({"task": "t"})"), "file:1: type: is missing");
  EXPECT_EQ(refusal_of(R"({"task": 1})"), "file:1: task: 1 is of the wrong type");
  const std::string head = R"({"task": "t", "type": "single", "strategy": "a", "budget": 9, "seeds": [1, 2], )";
  EXPECT_EQ(refusal_of(head + R"("gap": [0.1]})"), "file:1: gap: is not a list of 2 numbers, one a seed");
  EXPECT_EQ(refusal_of(head + R"("gap": [0.1, "x"]})"), "file:1: gap: \"x\" is not a number");
  EXPECT_THROW((void)read_results("/nowhere/results.jsonl"), DeviceError);
}

}  // namespace bayestuner::analysis
