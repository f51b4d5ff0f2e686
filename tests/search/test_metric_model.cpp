#include "bayestuner/search/detail/metric_model.hpp"

#include <gtest/gtest.h>

#include "bayestuner/conformance/search_strategy.hpp"
#include "bayestuner/search/bayesian.hpp"

namespace bayestuner::search {
namespace {

constexpr double open_end = std::numeric_limits<double>::infinity();

TEST(RowsToLearn, AllWhereTheyAreFew) {
  EXPECT_EQ(detail::rows_to_learn(Eigen::Vector3d(3, 1, 2), -open_end, open_end, 3),
            (std::vector<Eigen::Index>{0, 1, 2}));
}

TEST(RowsToLearn, TheBestAndASpreadOfTheOthers) {
  const Eigen::VectorXd targets = Eigen::VectorXd::LinSpaced(100, 99.0, 0.0);  // the last is the best
  const auto rows = detail::rows_to_learn(targets, -open_end, open_end, 20);
  ASSERT_EQ(rows.size(), 20U);
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  EXPECT_TRUE(std::adjacent_find(rows.begin(), rows.end()) == rows.end()) << "a row twice";
  EXPECT_EQ((std::vector<Eigen::Index>(rows.end() - 5, rows.end())), (std::vector<Eigen::Index>{95, 96, 97, 98, 99}));
  EXPECT_LT(rows.front(), 10) << "the bad side is forgotten";
}

TEST(RowsToLearn, NearTheThresholdOfAConstraint) {
  const Eigen::VectorXd targets = Eigen::VectorXd::LinSpaced(100, 0.0, 99.0);
  const auto rows = detail::rows_to_learn(targets, -open_end, 50.2, 20);
  for (const Eigen::Index row : {48, 49, 50, 51, 52}) {
    EXPECT_TRUE(std::binary_search(rows.begin(), rows.end(), row)) << row;
  }
}

TEST(RefitPoint, EveryRowThenSeldomAndTogetherWhileThatIsShort) {
  EXPECT_EQ(detail::refit_point(25, 0.5), 25);
  int fits = 0;
  for (Eigen::Index n = 100; n < 200; ++n) {
    EXPECT_EQ(detail::refit_point(n, 0.0), detail::refit_point(n, 0.5));
    fits += detail::refit_point(n, 0.0) == n;
  }
  EXPECT_NEAR(fits, 40.0 * std::log(240.0 / 140.0), 1.5);  // the integral of 1 / (1 + n / 40)
  for (const Eigen::Index n : {3000, 9000}) EXPECT_LE(n - detail::refit_point(n, 0.3), 65) << "rows pile up";
}

TEST(BayesianOptimisation, FollowsFromTheLogAloneWhereOnlySomeRowsAreLearnt) {
  const space::DynamicSpace s({space::integer("a", 1, 12), space::integer("b", 1, 12)});
  BayesianOptions options;
  options.max_rows = 12;
  const History history{
      .space = &s,
      .task = {.metrics = {"cost", "load"}, .objectives = {{.metric = 0}}, .constraints = {{1, Bound::at_most, 1.3}}},
      .seed = 3,
      .budget = 60};
  const auto measure = conformance::synthetic_measure(s, 2, 5);
  conformance::expect_pure_function_of_history(BayesianOptimisation<>(options), history, measure, 60);
  conformance::expect_search_contract(BayesianOptimisation<>(options), history, measure, 150);
  conformance::expect_distinct_batches(BayesianOptimisation<>(options), history, measure, 4, 12);
}

}  // namespace
}  // namespace bayestuner::search
