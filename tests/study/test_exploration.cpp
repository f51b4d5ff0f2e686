#include "bayestuner/study/exploration.hpp"

#include <cmath>
#include <set>

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "bayestuner/search/random.hpp"
#include "study/fixtures.hpp"

namespace bayestuner::study {
namespace {

Problem power_and_throughput() {
  return Problem().minimize("power_w", 120.0).maximize("throughput", 0.0);
}

Exploration only(Study& study, search::ReferenceRule rule = search::ReferenceRule::worst) {
  return explorations({&study}, rule).front();
}

// Tells `rows` of (power, throughput, standard error of the power) for the first configurations of the space.
std::unique_ptr<Study> told(const Problem& problem, const std::vector<std::array<double, 3>>& rows) {
  auto study = std::make_unique<Study>(small_space(), problem, StudyOptions{.strategy = search::RandomSearch()});
  for (const auto& [power, throughput, error] : rows) {
    const Trial trial = *study->ask();
    study->tell(trial.number,
                {{"power_w", {.value = power, .standard_error = error}}, {"throughput", {.value = throughput}}});
  }
  return study;
}

TEST(Exploration, FrontKneeVolumesAndDominatedTrials) {
  // By hand, against (120, 0): boxes of 10 x 20, 40 x 70 and 30 x 90.
  const auto study =
      told(power_and_throughput(), {{110, 20, 0}, {90, 15, 0}, {80, 70, 0}, {90, 90, 0}, {115, 80, 0}, {130, 95, 0}});
  const Exploration e = only(*study);
  ASSERT_EQ(e.points.size(), 6u);
  EXPECT_EQ(e.front, (std::vector<std::size_t>{2, 3, 5}));
  EXPECT_EQ(e.dominated(), (std::vector<std::int64_t>{0, 1, 4}));
  std::vector<double> volumes;
  for (const ExploredPoint& p : e.points) volumes.push_back(p.hypervolume);
  EXPECT_EQ(volumes, (std::vector<double>{200, 500, 2800, 3400, 3400, 3400}));
  EXPECT_EQ(e.hypervolume(), 3400.0);
  ASSERT_TRUE(e.knee);
  EXPECT_EQ(*e.knee, 3u) << "the middle of the front lies below the line between its ends";
  EXPECT_EQ(e.points[3].probability, 1.0);
  EXPECT_EQ(e.points[0].probability, 0.0);
  EXPECT_EQ(e.reference, (std::vector<double>{120, 0}));
  EXPECT_EQ(e.reference_from, (std::vector<ReferenceSource>{ReferenceSource::stated, ReferenceSource::stated}));
}

TEST(Exploration, ReferenceRulesWhereNoneIsStated) {
  const auto study =
      told(Problem().minimize("power_w").maximize("throughput"), {{100, 50, 0}, {200, 10, 0}, {150, 90, 0}});
  EXPECT_EQ(only(*study).reference, (std::vector<double>{210, 2})) << "a tenth of the range beyond the worst";
  EXPECT_EQ(only(*study).reference_from[0], ReferenceSource::worst);
  const Exploration nadir = only(*study, search::ReferenceRule::nadir);
  EXPECT_EQ(nadir.reference, (std::vector<double>{155, 46}));
  EXPECT_EQ(nadir.hypervolume(), 55.0 * 4.0 + 5.0 * 40.0);
  EXPECT_EQ(reference_rule("nadir"), search::ReferenceRule::nadir);
  EXPECT_THROW(reference_rule("best"), InvalidArgument);
}

TEST(Exploration, StandardErrorsSayHowSureTheFrontIs) {
  const auto study = told(power_and_throughput(), {{50, 50, 1.0}, {51, 49, 1.0}, {90, 90, 1.0}, {100, 60, 1.0}});
  const Exploration e = only(*study);
  EXPECT_EQ(e.front, (std::vector<std::size_t>{0, 2}));
  // The second beats the first in power with probability Phi(-1 / sqrt 2) = 0.24, and is then beside it.
  EXPECT_NEAR(e.points[1].probability, 0.24, 0.06);
  EXPECT_EQ(e.points[0].probability, 1.0) << "its throughput is beaten by nothing near";
  EXPECT_EQ(e.points[3].probability, 0.0) << "ten standard errors behind";
}

TEST(Exploration, RepeatsArePooledAndCountOnce) {
  const auto study = told(power_and_throughput(), {{50, 50, 0}, {60, 60, 0}});
  const Trial again = study->ask_repeat(study->trial(0).params);
  study->tell(again.number, {{"power_w", {.value = 54.0}}, {"throughput", {.value = 50.0}}});
  const Exploration e = only(*study);
  ASSERT_EQ(e.points.size(), 2u);
  EXPECT_EQ(e.points[0].trial.metrics.at("power_w").value, 52.0);
  EXPECT_EQ(e.points[0].trial.metrics.at("power_w").standard_error, 2.0);
}

TEST(Exploration, TenOfALatinHypercubeThenThirtyGuidedBeatRandom) {
  int wins = 0;
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    std::vector<std::string> names;
    const auto both = explore(small_space(), power_and_throughput(), serve,
                              {.seed = seed, .against = "random", .callback = [&](const Study& study, const Trial&) {
                                 names.push_back(study.name());
                               }});
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(names.size(), 80u);
    EXPECT_EQ(both[0].finished, 40u);
    EXPECT_EQ(both[1].finished, 40u);
    EXPECT_EQ(both[1].study, "study-random");
    EXPECT_EQ(both[0].reference, both[1].reference);
    const auto space = small_space();
    for (const Eigen::Index axis : {0, 1}) {  // two of the ten strata make a fifth: none may be empty
      std::set<int> fifths;
      for (std::size_t i = 0; i < 10; ++i) {
        const double place = space.coordinates(space.point(both[0].points[i].trial.params))[axis];
        fifths.insert(std::min(static_cast<int>(5.0 * place), 4));
      }
      EXPECT_EQ(fifths.size(), 5u);
    }
    wins += both[0].hypervolume() > both[1].hypervolume();
    for (std::size_t i = 1; i < 40; ++i) EXPECT_GE(both[0].points[i].hypervolume, both[0].points[i - 1].hypervolume);
  }
  EXPECT_EQ(wins, 3);
}

TEST(Exploration, CountsItsInitialPointsWithTheBaselineAmongThem) {
  const space::Configuration today{{"cores", std::int64_t{16}}, {"batch", std::int64_t{8}}};
  const auto trials_of = [&](const ExplorationOptions& how) {
    std::vector<std::string> texts;
    explore(small_space(), power_and_throughput(), serve,
            {.how = how, .baseline = today, .callback = [&](const Study&, const Trial& t) {
               texts.push_back(t.params.to_text());
             }});
    return texts;
  };
  const auto a = trials_of({.initial = 6, .guided = 2}),
             b = trials_of({.initial = 6, .guided = 2, .criterion = "hvpoi"}),
             c = trials_of({.initial = 6, .guided = 0});
  EXPECT_EQ(a.size(), 8u);
  EXPECT_EQ(a[0], today.to_text());
  EXPECT_TRUE(std::equal(c.begin(), c.end(), a.begin())) << "the design knows no criterion and no budget";
  EXPECT_TRUE(std::equal(c.begin(), c.end(), b.begin()));
}

TEST(Exploration, GoesOnWhereItWas) {
  const Folder folder;
  ExploreOptions options{.how = {.initial = 5, .guided = 7}, .store = folder / "e.db", .against = "random"};
  const auto whole = explore(small_space(), power_and_throughput(), serve, {.how = options.how, .against = "random"});
  int calls = 0;
  const auto dying = [&](const Trial& t) {
    if (++calls == 15) throw std::runtime_error("killed");
    return serve(t);
  };
  EXPECT_THROW(explore(small_space(), power_and_throughput(), dying, options), std::runtime_error);
  const auto resumed = explore(small_space(), power_and_throughput(), serve, options);
  ASSERT_EQ(resumed.size(), 2u);
  EXPECT_EQ(resumed[0].hypervolume(), whole[0].hypervolume());
  EXPECT_EQ(resumed[0].points.back().trial.params, whole[0].points.back().trial.params);
  EXPECT_EQ(resumed[1].finished, 12u);
  EXPECT_EQ(resumed[1].failed, 1u) << "the trial that died is a result";
}

TEST(Exploration, ThreeObjectivesAndEveryCriterion) {
  const Problem problem = Problem().minimize("power_w").maximize("throughput").minimize("memory_gb");
  const auto measure = [](const Trial& t) {
    Metrics m = serve(t);
    m["memory_gb"] = {.value = 1.0 + 0.1 * t.params.get<double>("batch")};
    return m;
  };
  for (const char* criterion : {"ehvi", "hvpoi", "poi"}) {
    const auto found =
        explore(small_space(), problem, measure, {.how = {.initial = 4, .guided = 4, .criterion = criterion}});
    EXPECT_EQ(found[0].points.size(), 8u) << criterion;
    EXPECT_GT(found[0].hypervolume(), 0.0);
    EXPECT_TRUE(found[0].knee);
  }
}

TEST(Exploration, RefusesWhatItCannotExplore) {
  const auto refuses = [](const Problem& problem, const ExploreOptions& options) -> std::string {
    try {
      explore(small_space(), problem, serve, options);
    } catch (const InvalidArgument& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refuses(least_power(), {}), "objectives: 1; exploration needs two or three");
  EXPECT_EQ(refuses(power_and_throughput(), {.how = {.initial = 0}}), "initial: 0 must be at least 1");
  EXPECT_EQ(refuses(power_and_throughput(), {.how = {.criterion = "best"}}),
            "criterion: 'best' is none of ehvi, hvpoi, poi");
  EXPECT_NE(refuses(power_and_throughput(), {.against = "luck"}).find("'luck' is none of"), std::string::npos);
  Study one(small_space(), least_power()), two(small_space(), power_and_throughput());
  EXPECT_THROW(explorations({&one}), InvalidArgument);
  EXPECT_THROW(explorations({&two, &one}), InvalidArgument);
  EXPECT_TRUE(explorations({}).empty());
}

// -- input that a search meets in the end ---------------------------------------------------------------------------

std::vector<Exploration> tried(const space::DynamicSpace& space, const Problem& problem,
                               const Study::Function& measure) {
  return explore(space, problem, measure, {.how = {.initial = 4, .guided = 6}});
}

Metrics constants(const Trial& t) {
  return {{"power_w", {.value = 20.0}}, {"throughput", {.value = t.params.get<double>("cores")}}};
}

TEST(ExplorationOfBadInput, AConstantObjectiveLeavesTheBestOfTheOther) {
  const auto found = tried(small_space(), Problem().minimize("power_w").maximize("throughput"), constants);
  EXPECT_EQ(found[0].points.size(), 10u);
  double most = 0.0;
  for (const auto& p : found[0].points) most = std::max(most, p.trial.metrics.at("throughput").value);
  for (const std::size_t i : found[0].front) EXPECT_EQ(found[0].points[i].trial.metrics.at("throughput").value, most);
  EXPECT_GE(most, 15.0) << "the search followed the objective that is none";
}

TEST(ExplorationOfBadInput, AllObjectivesConstantMakeOneFrontOfEqualPoints) {
  const auto found = tried(small_space(), Problem().minimize("a").minimize("b"), [](const Trial&) {
    return Metrics{{"a", {.value = 1.0}}, {"b", {.value = 0.0}}};
  });
  EXPECT_EQ(found[0].front.size(), 10u);
  EXPECT_TRUE(found[0].dominated().empty());
  EXPECT_TRUE(std::isfinite(found[0].hypervolume()));
}

TEST(ExplorationOfBadInput, AFrontOfOnePointIsItsOwnKnee) {
  // Both objectives want the same.
  const auto found = tried(small_space(), Problem().minimize("power_w").minimize("cores"), [](const Trial& t) {
    const double cores = t.params.get<double>("cores") + 0.01 * t.params.get<double>("batch");
    return Metrics{{"power_w", {.value = cores}}, {"cores", {.value = 2 * cores}}};
  });
  ASSERT_EQ(found[0].front.size(), 1u);
  EXPECT_EQ(found[0].knee, found[0].front[0]);
  EXPECT_EQ(found[0].points[found[0].front[0]].trial.params.get<int>("cores"), 1);
}

TEST(ExplorationOfBadInput, AReferenceThatNothingDominatesGivesNoVolumeButAFront) {
  const auto found = tried(small_space(), Problem().minimize("power_w", 1.0).maximize("throughput", 1e6), serve);
  EXPECT_EQ(found[0].hypervolume(), 0.0);
  EXPECT_FALSE(found[0].front.empty());
  EXPECT_EQ(found[0].points.size(), 10u);
}

TEST(ExplorationOfBadInput, WhereAllTrialsFailThereIsNoFront) {
  const auto found = tried(small_space(), power_and_throughput(),
                           [](const Trial&) -> Metrics { throw TrialFailed(FailureReason::out_of_memory, "killed"); });
  EXPECT_EQ(found[0].finished, 10u);
  EXPECT_EQ(found[0].failed, 10u);
  EXPECT_TRUE(found[0].points.empty() && found[0].front.empty() && !found[0].knee);
  EXPECT_EQ(found[0].hypervolume(), 0.0);
  const auto unknown = tried(small_space(), Problem().minimize("a").minimize("b"),
                             [](const Trial&) -> Metrics { throw TrialFailed(FailureReason::crashed, "died"); });
  EXPECT_TRUE(std::isnan(unknown[0].reference[0])) << "nothing to guess it from";
}

TEST(ExplorationOfBadInput, InfeasibleEverywhereIsSaidAndNotMeasuredAway) {
  const auto found = tried(small_space(), power_and_throughput().subject_to("throughput >= 1e9"), serve);
  EXPECT_EQ(found[0].infeasible().size(), 10u);
  EXPECT_TRUE(found[0].front.empty() && found[0].dominated().empty());
  EXPECT_EQ(found[0].hypervolume(), 0.0);
}

TEST(ExplorationOfBadInput, SpacesOfLabelsAloneAreExploredToTheEnd) {
  const space::DynamicSpace labels({space::categorical("runtime", {"ort", "tvm", "trt"}), space::boolean("pinned")});
  const auto found = tried(labels, Problem().minimize("a").maximize("b"), [](const Trial& t) {
    const double slow = t.params.get<std::string>("runtime") == "ort" ? 2.0 : 1.0;
    const double pinned = t.params.get<bool>("pinned") ? 1.0 : 0.0;
    return Metrics{{"a", {.value = slow + pinned}}, {"b", {.value = pinned}}};
  });
  EXPECT_EQ(found[0].points.size(), 6u) << "the space has no more";
  EXPECT_EQ(found[0].front.size(), 4u);
}

}  // namespace
}  // namespace bayestuner::study
