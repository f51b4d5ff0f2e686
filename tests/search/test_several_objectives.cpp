// Bayesian optimisation of two and three objectives.

#include <gtest/gtest.h>

#include "bayestuner/conformance/search_strategy.hpp"
#include "bayestuner/search/bayesian.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "bayestuner/search/random.hpp"
#include "bayestuner/space/dynamic_space.hpp"

namespace bayestuner::search {
namespace {

// Each objective is least in its own corner of a grid of 9 x 9 x 9.
Observation corners(const space::Point& point) {
  Observation out{.point = point, .values = Eigen::VectorXd(3)};
  for (Eigen::Index k = 0; k < 3; ++k) {
    double sum = 1.0;
    for (Eigen::Index j = 0; j < 3; ++j) {
      const double gap = point[static_cast<std::size_t>(j)] / 8.0 - (j == k ? 0.9 : 0.1);
      sum += gap * gap;
    }
    out.values[k] = sum;
  }
  return out;
}

space::DynamicSpace cube() {
  return space::DynamicSpace({space::integer("a", 1, 9), space::integer("b", 1, 9), space::integer("c", 1, 9)});
}

Task task_of(std::size_t objectives) {
  Task task{.metrics = {"x", "y", "z"}, .objectives = {}, .constraints = {}};
  for (std::size_t k = 0; k < objectives; ++k) task.objectives.push_back({.metric = static_cast<Eigen::Index>(k)});
  return task;
}

template <class S>
double volume_after(S strategy, const space::DynamicSpace& s, std::uint64_t seed, int trials) {
  History history{.space = &s, .task = task_of(3), .seed = seed, .budget = 25};
  Eigen::MatrixXd values(trials, 3);
  for (int i = 0; i < trials; ++i) {
    history.observations.push_back(corners(*strategy.suggest(history)));
    values.row(i) = history.observations.back().values.transpose();
  }
  return hypervolume(values, Eigen::RowVector3d::Constant(2.5));
}

TEST(SeveralObjectives, ThreeAreLearntFasterThanByRandomSearch) {
  const auto s = cube();
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    EXPECT_GT(volume_after(BayesianOptimisation<>(), s, seed, 25), volume_after(RandomSearch(), s, seed, 25) + 0.05);
  }
}

TEST(SeveralObjectives, EveryAcquisitionKeepsTheContract) {
  const auto s = cube();
  for (const auto& choice :
       {choose_expected_hypervolume(), choose_hypervolume_probability(), choose_front_probability()}) {
    for (const std::size_t objectives : {2u, 3u}) {
      BayesianOptions options;
      options.front_acquisition = choice;
      History history{.space = &s, .task = task_of(objectives), .seed = 2, .budget = 12};
      history.task.constraints = {{2, Bound::at_most, 2.0}};
      conformance::expect_search_contract(BayesianOptimisation<>(options), history, corners, 12);
      conformance::expect_pure_function_of_history(BayesianOptimisation<>(options), history, corners, 10);
    }
  }
}

TEST(SeveralObjectives, CopeWithFailuresLabelsAndAReferenceThatNothingReaches) {
  const space::DynamicSpace labels({space::categorical("a", {"p", "q", "r"}), space::categorical("b", {"x", "y"})});
  const auto measure = conformance::synthetic_measure(labels, 3);
  History history{.space = &labels, .task = task_of(3), .seed = 1, .budget = 8};
  conformance::expect_search_contract(BayesianOptimisation<>(), history, measure, 10);
  const conformance::Measure failing = [](const space::Point& p) {
    return Observation{.point = p, .outcome = Outcome::failed};
  };
  conformance::expect_search_contract(BayesianOptimisation<>(), history, failing, 10);
  for (Objective& objective : history.task.objectives) objective.reference = 1e-3;
  conformance::expect_search_contract(BayesianOptimisation<>(), history, measure, 10);
  const conformance::Measure flat = [](const space::Point& p) {
    return Observation{.point = p, .values = Eigen::Vector3d::Ones()};
  };
  conformance::expect_search_contract(BayesianOptimisation<>(), history, flat, 10);
}

TEST(SeveralObjectives, FourAreRefused) {
  const auto s = cube();
  History history{.space = &s, .task = task_of(3), .seed = 1, .budget = 8};
  history.task.objectives.push_back({.metric = 0});
  try {
    (void)BayesianOptimisation<>().suggest(history);
    FAIL();
  } catch (const InvalidArgument& e) {
    EXPECT_STREQ(e.what(), "BayesianOptimisation: 4 objectives; one to three are supported");
  }
}

}  // namespace
}  // namespace bayestuner::search
