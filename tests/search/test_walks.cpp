// The strategies that compare trials instead of modelling them: annealing, local search, pseudo-binary search.

#include <gtest/gtest.h>

#include "bayestuner/conformance/search_strategy.hpp"
#include "bayestuner/search/annealing.hpp"
#include "bayestuner/search/local_search.hpp"
#include "bayestuner/search/pseudo_binary.hpp"
#include "bayestuner/search/random.hpp"
#include "bayestuner/space/dynamic_space.hpp"

namespace bayestuner::search {
namespace {

const Task least{.metrics = {"cost"}, .objectives = {{.metric = 0}}, .constraints = {}};

History history_of(const space::DynamicSpace& s, Task task = least, std::size_t budget = 40) {
  return {.space = &s, .task = std::move(task), .seed = 3, .budget = budget};
}

Observation reading(const space::Point& point, std::vector<double> values) {
  return {.point = point, .values = Eigen::VectorXd::Map(values.data(), static_cast<Eigen::Index>(values.size()))};
}

TEST(Energies, PenalisesViolationsAndPutsFailuresAbove) {
  const space::DynamicSpace s({space::integer("a", 1, 9)});
  History h = history_of(s, {.metrics = {"cost", "load"},
                             .objectives = {{.metric = 0, .maximise = true}},
                             .constraints = {{1, Bound::at_most, 2.0}}});
  h.observations = {reading({0}, {10, 1}),
                    reading({1}, {10, 4}),
                    reading({2}, {10, std::nan("")}),
                    {.point = {3}, .outcome = Outcome::failed},
                    {.point = {4}, .outcome = Outcome::pending}};
  const auto e = detail::energies(h);
  EXPECT_NEAR(e[0], -std::log(10.0), 1e-12);
  EXPECT_NEAR(e[1], -std::log(10.0) + 0.5 + 5.0 * std::log(2.0), 1e-12);
  EXPECT_NEAR(e[2], e[0] + 5.0, 1e-12);
  EXPECT_EQ(e[3], e[2]);
  EXPECT_TRUE(std::isnan(e[4]));
}

TEST(Energies, KeepsTheOrderOfValuesOfAnySign) {
  const space::DynamicSpace s({space::integer("a", 1, 9)});
  for (const auto& values : {std::vector<double>{0.5, 1, 7}, {-7, -1, -0.5}, {-3, 0, 2}}) {
    History h = history_of(s);
    for (const double v : values) h.observations.push_back(reading({0}, {v}));
    const auto e = detail::energies(h);
    EXPECT_LT(e[0], e[1]);
    EXPECT_LT(e[1], e[2]);
  }
}

// The mean over seeds of the best cost that 40 trials find on a bowl of 28 x 8 x 32 rows.
template <class S>
double best_on_bowl(const S& strategy) {
  const space::DynamicSpace s({space::integer("a", 1, 28), space::integer("b", 1, 8), space::integer("c", 1, 32)});
  const auto measure = conformance::synthetic_measure(s, 1);
  double mean = 0.0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    History h = history_of(s);
    h.seed = seed;
    S model = strategy;
    double best = 1e9;
    for (int i = 0; i < 40; ++i) {
      h.observations.push_back(measure(*model.suggest(h)));
      best = std::min(best, h.observations.back().values[0]);
    }
    mean += best / 10;
  }
  return mean;
}

TEST(SimulatedAnnealing, BeatsRandomSearchOnABowl) {
  EXPECT_LT(best_on_bowl(SimulatedAnnealing()), best_on_bowl(RandomSearch()) - 0.005);
}

TEST(SimulatedAnnealing, GoesOnFromTheBetterOfTwoPointsWhenCold) {
  const space::DynamicSpace s({space::integer("a", 1, 1000)});
  History h = history_of(s);
  const auto measure = conformance::synthetic_measure(s, 1);
  h.observations = {measure({200}), measure({900})};  // the optimum is near 200: 900 is never accepted
  SimulatedAnnealing cold({.first_temperature = 1e-6, .last_temperature = 1e-6, .reach = 0.01});
  for (int i = 0; i < 20; ++i) {
    const auto point = *cold.suggest(h);
    EXPECT_NEAR(point[0], 200.0, 30.0);
    h.observations.push_back({.point = point, .outcome = Outcome::pending});
  }
}

TEST(SimulatedAnnealing, RestartsAtTheBestPoint) {
  const space::DynamicSpace s({space::integer("a", 1, 1000)});
  History h = history_of(s);
  const auto measure = conformance::synthetic_measure(s, 1);
  h.observations = {measure({200}), measure({900}), measure({905})};
  AnnealingOptions hot{.first_temperature = 1e6, .last_temperature = 1e6, .reach = 0.01};
  EXPECT_GT((*SimulatedAnnealing(hot).suggest(h))[0], 800);  // everything is accepted
  hot.restart_after = 2;
  EXPECT_LT((*SimulatedAnnealing(hot).suggest(h))[0], 300);
}

TEST(SimulatedAnnealing, WalksOnLabelsAlone) {
  const space::DynamicSpace s({space::categorical("a", {"p", "q", "r"}), space::categorical("b", {"x", "y"})});
  conformance::expect_search_contract(SimulatedAnnealing(), history_of(s), conformance::synthetic_measure(s, 1), 10);
  conformance::expect_search_contract(LocalSearch(), history_of(s), conformance::synthetic_measure(s, 1), 10);
}

TEST(SimulatedAnnealing, TakesContinuousSpaces) {
  const space::DynamicSpace s({space::real("x", 0, 1), space::integer("n", 1, 4)});
  const auto measure = conformance::synthetic_measure(s, 1);
  conformance::expect_search_contract(SimulatedAnnealing(), history_of(s), measure, 30);
  conformance::expect_pure_function_of_history(SimulatedAnnealing(), history_of(s), measure, 20);
  conformance::expect_search_contract(LocalSearch(), history_of(s), measure, 30);
  conformance::expect_search_contract(PseudoBinarySearch(), history_of(s), measure, 30);
}

TEST(SimulatedAnnealing, RefusesImpossibleOptions) {
  EXPECT_THROW(SimulatedAnnealing({.last_temperature = 0.0}), InvalidArgument);
  EXPECT_THROW(SimulatedAnnealing({.first_temperature = 0.001}), InvalidArgument);
  EXPECT_THROW(SimulatedAnnealing({.reach = 1.5}), InvalidArgument);
  EXPECT_THROW(SimulatedAnnealing({.second_move = -0.1}), InvalidArgument);
  EXPECT_THROW(SimulatedAnnealing({.budget = 0}), InvalidArgument);
}

TEST(LocalSearch, TakesTheFirstImprovementAndRestartsWhereThereIsNone) {
  const space::DynamicSpace s({space::integer("a", 1, 50)});
  History h = history_of(s);
  LocalSearch search;
  h.observations = {reading({20}, {5})};
  EXPECT_NEAR((*search.suggest(h))[0], 20, 1);
  h.observations.push_back(reading({21}, {4}));
  EXPECT_EQ((*search.suggest(h))[0], 22);  // moved; 20 is known
  h.observations.push_back(reading({22}, {6}));
  h.observations.push_back(reading({40}, {9}));  // the restart: 21 had no neighbour left
  EXPECT_NEAR((*search.suggest(h))[0], 40, 1);
}

// Power and throughput rise with the batch: at most 10 W allows levels 0 to 6.
Observation batch_reading(const space::Point& p) {
  const auto level = static_cast<std::size_t>(p[p.size() - 1]);
  const double power = 3.0 + 1.1 * static_cast<double>(level) + (p.size() > 1 ? p[0] : 0.0);
  return reading(p, {power, 100.0 * static_cast<double>(level + 1)});
}

const Task capped{.metrics = {"power", "rate"},
                  .objectives = {{.metric = 1, .maximise = true}},
                  .constraints = {{0, Bound::at_most, 10.0}}};

std::vector<double> levels_of(PseudoBinarySearch search, History h, int trials) {
  std::vector<double> out;
  for (int i = 0; i < trials; ++i) {
    const auto point = search.suggest(h);
    if (!point) break;
    out.push_back(point->back());
    h.observations.push_back(batch_reading(*point));
  }
  return out;
}

TEST(PseudoBinarySearch, FindsTheLargestBatchUnderACap) {
  const space::DynamicSpace s({space::integer("batch", 1, 256, {.scale = space::Scale::power_of_two})});  // 9 levels
  EXPECT_EQ(levels_of(PseudoBinarySearch(), history_of(s, capped), 4), (std::vector<double>{4, 7, 6, 5}));
}

TEST(PseudoBinarySearch, FindsTheSmallestBatchForARate) {
  const space::DynamicSpace s({space::integer("batch", 1, 256, {.scale = space::Scale::power_of_two})});
  const Task task{.metrics = {"power", "rate"},
                  .objectives = {{.metric = 0}},
                  .constraints = {{1, Bound::at_least, 250.0}}};  // from level 2 on
  EXPECT_EQ(levels_of(PseudoBinarySearch(), history_of(s, task), 4), (std::vector<double>{4, 2, 1, 0}));
}

TEST(PseudoBinarySearch, LearnsThatAMetricFalls) {
  const space::DynamicSpace s({space::integer("batch", 1, 64)});
  History h = history_of(s);
  PseudoBinarySearch search;
  for (int i = 0; i < 8; ++i) {  // the cost falls with the batch: the last one is the best
    const auto point = *search.suggest(h);
    h.observations.push_back(reading(point, {100.0 - point[0]}));
  }
  double best = 100.0;
  for (const auto& o : h.observations) best = std::min(best, o.values[0]);
  EXPECT_LE(best, 100.0 - 62.0);
}

TEST(PseudoBinarySearch, RestsAtTheFirstTrialElseAtTheHighest) {
  const space::DynamicSpace s({space::integer("cores", 1, 4), space::integer("batch", 1, 9)});
  History h = history_of(s, capped);
  EXPECT_EQ((*PseudoBinarySearch().suggest(h))[0], 3);
  h.observations = {batch_reading({1, 8})};
  EXPECT_EQ((*PseudoBinarySearch().suggest(h))[0], 1);
  EXPECT_EQ((*PseudoBinarySearch({.parameter = "cores"}).suggest(h))[1], 8);
}

TEST(PseudoBinarySearch, RefusesWhatHasNoOrder) {
  const space::DynamicSpace labels({space::categorical("a", {"p", "q", "r"})});
  EXPECT_THROW((void)PseudoBinarySearch().suggest(history_of(labels)), InvalidArgument);
  const space::DynamicSpace s({space::categorical("a", {"p", "q", "r"}), space::integer("n", 1, 3)});
  EXPECT_THROW((void)PseudoBinarySearch({.parameter = "a"}).suggest(history_of(s)), InvalidArgument);
  EXPECT_THROW((void)PseudoBinarySearch({.parameter = "z"}).suggest(history_of(s)), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::search
