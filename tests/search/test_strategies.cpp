#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "bayestuner/conformance/search_strategy.hpp"
#include "bayestuner/search/make_strategy.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "golden.hpp"

namespace bayestuner::search {
namespace {

space::DynamicSpace grid() {
  return space::DynamicSpace({space::integer("a", 1, 6), space::integer("b", 1, 6)}, {"a + b <= 9"});
}

space::DynamicSpace mixed() {
  return space::DynamicSpace({space::categorical("rt", {"x", "y", "z"}),
                              space::integer("t", 1, 8).when("rt", {std::string("x")}), space::boolean("spin"),
                              space::ordinal("batch", {1, 2, 4, 8, 16, 32})});
}

space::DynamicSpace continuous() {
  return space::DynamicSpace({space::real("x", 0, 1), space::real("y", 0.01, 100), space::integer("n", 1, 4)},
                             {"x * n <= 3"});
}

History constrained(const space::DynamicSpace& s, std::size_t budget) {
  return {
      .space = &s,
      .task = {.metrics = {"cost", "load"}, .objectives = {{.metric = 0}}, .constraints = {{1, Bound::at_most, 1.3}}},
      .seed = 4,
      .budget = budget};
}

class EveryStrategy : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryStrategy, KeepsTheContract) {
  for (const auto& s : {grid(), mixed()}) {
    const auto measure = conformance::synthetic_measure(s, 2, 5);
    conformance::expect_search_contract(make_strategy(GetParam()), constrained(s, 40), measure, 200);
    conformance::expect_distinct_batches(make_strategy(GetParam()), constrained(s, 40), measure, 4, 5);
  }
}

TEST_P(EveryStrategy, FollowsFromTheLogAlone) {
  for (const auto& s : {grid(), mixed()}) {
    conformance::expect_pure_function_of_history(make_strategy(GetParam()), constrained(s, 30),
                                                 conformance::synthetic_measure(s, 2, 5), 33);
  }
}

INSTANTIATE_TEST_SUITE_P(Strategies, EveryStrategy,
                         ::testing::Values("bo", "bo:forest", "bo:boosting", "bo:polynomial", "bo:knn", "annealing",
                                           "local", "binary", "random", "exhaustive", "lhs", "sobol"));

TEST(BayesianOptimisation, WorksWithoutEnumeration) {
  const auto s = continuous();
  const auto measure = conformance::synthetic_measure(s, 2);
  conformance::expect_search_contract(make_strategy("bo"), constrained(s, 20), measure, 20);
  conformance::expect_pure_function_of_history(make_strategy("bo"), constrained(s, 15), measure, 15);
}

double best_after(const std::string& strategy, const space::DynamicSpace& s, std::uint64_t seed, int trials,
                  const conformance::Measure& measure) {
  History history = constrained(s, static_cast<std::size_t>(trials));
  history.seed = seed;
  AnyStrategy model = make_strategy(strategy);
  double best = 10.0;
  for (int i = 0; i < trials; ++i) {
    const auto point = model.suggest(history);
    if (!point) break;
    history.observations.push_back(measure(*point));
    if (is_feasible(history.observations.back(), history.task))
      best = std::min(best, history.observations.back().values[0]);
  }
  return best;
}

TEST(BayesianOptimisation, BeatsRandomSearchAndFallsToItsLevelOnNoise) {
  const space::DynamicSpace s({space::integer("a", 1, 28), space::integer("b", 1, 8), space::integer("c", 1, 32)});
  const auto measure = conformance::synthetic_measure(s, 2);
  double model = 0.0, random = 0.0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    model += best_after("bo", s, seed, 20, measure) / 5;
    random += best_after("random", s, seed, 20, measure) / 5;
  }
  EXPECT_LT(model, random - 0.02);

  // The same values dealt to other rows: nothing is left to learn, so a gain here would be a leak.
  std::vector<std::size_t> deal(*s.count());
  for (std::size_t i = 0; i < deal.size(); ++i) deal[i] = i;
  Random(1).shuffle(deal);
  const conformance::Measure permuted = [&](const space::Point& point) {
    Observation out = measure(s.at(deal[*s.index_of(point)]));
    out.point = point;
    return out;
  };
  double leaked = 0.0, fair = 0.0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    leaked += best_after("bo", s, seed, 20, permuted) / 12;
    fair += best_after("random", s, seed, 20, permuted) / 12;
  }
  EXPECT_GT(leaked, fair - 0.08);
}

TEST(BayesianOptimisation, BeatsRandomSearchWithEverySurrogate) {
  const space::DynamicSpace s({space::integer("a", 1, 14), space::integer("b", 1, 8), space::integer("c", 1, 16)});
  const auto measure = conformance::synthetic_measure(s, 2);
  double random = 0.0;
  for (std::uint64_t seed = 0; seed < 3; ++seed) random += best_after("random", s, seed, 25, measure) / 3;
  for (const char* name : {"bo:forest", "bo:boosting", "bo:polynomial", "bo:knn"}) {
    double model = 0.0;
    for (std::uint64_t seed = 0; seed < 3; ++seed) model += best_after(name, s, seed, 25, measure) / 3;
    EXPECT_LT(model, random - 0.005) << name;
  }
}

TEST(BayesianOptimisation, CopesWithAwkwardMetrics) {
  const auto s = grid();
  for (const double value : {0.0, -5.0, 1e150, 1e-150}) {
    const conformance::Measure flat = [value](const space::Point& p) {
      return Observation{.point = p, .values = Eigen::Vector2d(value, value)};
    };
    conformance::expect_search_contract(make_strategy("bo"), constrained(s, 20), flat, 20);
  }
  const conformance::Measure failing = [](const space::Point& p) {
    return Observation{.point = p, .outcome = Outcome::failed};
  };
  conformance::expect_search_contract(make_strategy("bo"), constrained(s, 20), failing, 40);
  const conformance::Measure partial = [](const space::Point& p) {
    return Observation{.point = p, .values = Eigen::Vector2d(p[0], p[1] > 2 ? std::nan("") : 1.0)};
  };
  conformance::expect_search_contract(make_strategy("bo"), constrained(s, 20), partial, 20);
}

// A staircase with teeth on two parameters: measured far enough for second opinions to be heard.
History jagged(const space::DynamicSpace& s, std::size_t trials) {
  History history{.space = &s,
                  .task = {.metrics = {"cost"}, .objectives = {{.metric = 0}}, .constraints = {}},
                  .seed = 3,
                  .budget = 60};
  RandomSearch random;
  while (history.observations.size() < trials) {
    const space::Point point = *random.suggest(history);
    const double cost = 5.0 + std::floor(point[0] / 3.0) + (std::fmod(point[1], 2.0) > 0.0 ? 4.0 : 0.0) + point[2];
    history.observations.push_back({.point = point, .values = Eigen::VectorXd::Constant(1, cost)});
  }
  return history;
}

TEST(BayesianOptimisation, StaysOneParameterAwayFromTheBestInItsTurn) {
  const space::DynamicSpace s({space::integer("a", 1, 12), space::integer("b", 1, 12), space::integer("c", 1, 3)});
  for (const std::size_t trials : {20u, 21u, 22u, 40u}) {
    const History history = jagged(s, trials);
    const auto best = std::min_element(history.observations.begin(), history.observations.end(),
                                       [](const auto& a, const auto& b) { return a.values[0] < b.values[0]; });
    const space::Point next =
        *BayesianOptimisation<>({.forest_every = 0, .local_every = 1, .local_after = 5}).suggest(history);
    int differences = 0;
    for (std::size_t j = 0; j < next.size(); ++j) differences += next[j] != best->point[j];
    EXPECT_EQ(differences, 1) << trials;
  }
}

TEST(BayesianOptimisation, AsksAForestInItsTurnAndForOneObjectiveAlone) {
  const space::DynamicSpace s({space::integer("a", 1, 12), space::integer("b", 1, 12), space::integer("c", 1, 3)});
  const BayesianOptions never{.forest_every = 0, .local_every = 0}, every{.forest_every = 1, .local_every = 0};
  int different = 0;
  for (const std::size_t trials : {20u, 21u, 25u, 30u, 40u}) {
    History history = jagged(s, trials);
    const auto with = BayesianOptimisation<>(every).suggest(history);
    different += with != BayesianOptimisation<>(never).suggest(history);
    const BayesianOptions later{.forest_every = 1, .local_every = 0, .forest_after = trials + 1};
    EXPECT_EQ(BayesianOptimisation<>(later).suggest(history), BayesianOptimisation<>(never).suggest(history));
    history.task = {.metrics = {"cost", "more"}, .objectives = {{.metric = 0}, {.metric = 1}}, .constraints = {}};
    for (Observation& o : history.observations) o.values = Eigen::Vector2d(o.values[0], 20.0 - o.values[0]);
    EXPECT_EQ(BayesianOptimisation<>(every).suggest(history), BayesianOptimisation<>(never).suggest(history));
  }
  EXPECT_GE(different, 1);
}

// A hundred labels, each tried once at most: what is known of a label comes from those with like names.
TEST(BayesianOptimisation, LearnsFromTheNamesOfLabels) {
  std::vector<std::string> labels;
  std::vector<double> costs;
  for (const char* family : {"resnet", "vit_patch", "mobilenetv3", "convnext", "efficientnet"}) {
    for (int i = 0; i < 20; ++i) {
      costs.push_back(10.0 + 10.0 * static_cast<double>(labels.size() / 20) + 0.2 * (i * 7 % 20));
      labels.push_back(family + std::string("_") + std::to_string(i));
    }
  }
  std::reverse(costs.begin(), costs.end());
  const space::DynamicSpace s({space::categorical("model", labels)});
  const auto mean_of = [&](bool names) {
    double sum = 0.0;
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      History history{
          .space = &s, .task = {.metrics = {"cost"}, .objectives = {{.metric = 0}}, .constraints = {}}, .seed = seed};
      history.budget = 30;
      BayesianOptimisation<> strategy({.learn_names = names});
      for (int n = 0; n < 30; ++n) {
        const space::Point point = *strategy.suggest(history);
        const double cost = costs[static_cast<std::size_t>(point[0])];
        sum += n >= 10 ? cost : 0.0;
        history.observations.push_back({.point = point, .values = Eigen::VectorXd::Constant(1, cost)});
      }
    }
    return sum / 60.0;
  };
  EXPECT_LT(mean_of(true), mean_of(false) - 5.0);
}

TEST(Sobol, FirstPointsAreTheKnownOnes) {
  const auto file = golden("misc.json");
  for (const auto& [dimension, points] : file["sobol_unscrambled_first_16"].items()) {
    const SobolSequence sequence(static_cast<std::size_t>(std::stoi(dimension)));
    for (std::size_t i = 0; i < points.size(); ++i)
      EXPECT_EQ(sequence.point(i), vector_in(points[i])) << dimension << " " << i;
  }
}

TEST(MakeStrategy, NamesWhatThereIs) {
  try {
    (void)make_strategy("magic");
    FAIL();
  } catch (const InvalidArgument& e) {
    EXPECT_STREQ(e.what(),
                 "strategy: 'magic' is none of bo, bo:forest, bo:boosting, bo:polynomial, bo:knn, annealing, local, "
                 "binary, random, exhaustive, lhs, sobol");
  }
}

}  // namespace
}  // namespace bayestuner::search
