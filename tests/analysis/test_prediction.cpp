#include "bayestuner/analysis/prediction.hpp"

#include "analysis/fixtures.hpp"
#include "bayestuner/analysis/degree_study.hpp"
#include "bayestuner/analysis/surrogates.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/search/random.hpp"
#include "golden.hpp"

namespace bayestuner::analysis {

namespace {

template <class F>
std::string refusal(const F& call) {
  try {
    (void)call();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

RecordedTable table_of(const Sample& sample) {
  std::vector<space::Configuration> rows;
  for (const auto& point : sample.points) rows.push_back(sample.space.configuration(point));
  RecordedTable table{.space = space::DynamicSpace::pool(sample.space.parameters(), rows),
                      .task = {.metrics = {"power_w"}, .objectives = {{.metric = 0}}, .constraints = {}},
                      .ok = std::vector<bool>(rows.size(), true),
                      .values = {},
                      .standard_errors = {}};
  for (const double y : sample.y) table.values.push_back(Eigen::VectorXd::Constant(1, y));
  table.standard_errors.resize(rows.size());
  return table;
}

}  // namespace

TEST(Prediction, ThePolynomialFollowsAPolynomialAndTheMeanDoesNot) {
  const Sample all = sample_from(server(), 480, power);
  const auto study = prediction_study({{"random", {sample_from(server(), 60, power, 0.1)}}},
                                      {.surrogates = {"polynomial", "mean"}}, &all);
  EXPECT_NEAR(study.scores[0].test[0].value, 0.1, 0.05);
  EXPECT_LT(study.scores[0].whole[0].value, 0.08);
  EXPECT_NEAR(study.scores[1].test[0].value, study.deviation[0], 0.1 * study.deviation[0]);
  EXPECT_NEAR(study.scores[1].whole[0].value, *study.whole_deviation, 0.02 * *study.whole_deviation);
  EXPECT_LT(study.scores[0].test[0].low, study.scores[0].test[0].value);
  EXPECT_FALSE(study.scores[0].difference);
}

TEST(Prediction, EverySurrogateTakesPart) {
  const auto study = prediction_study({{"random", {sample_from(server(), 40, power, 0.1)}}}, {.splits = 2});
  ASSERT_EQ(study.scores.size(), surrogate_names().size());
  for (const auto& score : study.scores) EXPECT_GT(score.test[0].value, 0.0) << score.surrogate;
  EXPECT_LT(study.scores[0].test[0].value, study.scores.back().test[0].value);  // gp against the mean
  EXPECT_NE(study.to_text().find("crowd where the search went"), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(study.to_json())["scores"][0]["surrogate"], "gp");
}

// A guided sample that stays where the metric is flat: small errors on its own rows, large ones elsewhere.
TEST(Prediction, ShowsThatAGuidedTestSetFlatters) {
  const Sample all = sample_from(server(), 480, power);
  const RecordedTable table = table_of(all);
  std::vector<std::uint64_t> flat, order;
  for (std::uint64_t i = 0; i < 480; ++i) {
    if (all.y[static_cast<Eigen::Index>(i)] < 12.0) flat.push_back(i);
    order.push_back(i);
  }
  std::vector<std::vector<std::uint64_t>> guided, random;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    Random generator(seed);
    generator.shuffle(flat);
    generator.shuffle(order);
    guided.emplace_back(flat.begin(), flat.begin() + 40);
    random.emplace_back(order.begin(), order.begin() + 40);
  }
  const auto study =
      prediction_study({sample_group("guided", table, "", guided), sample_group("random", table, "", random)},
                       {.surrogates = {"mean"}, .splits = 3}, &all);
  ASSERT_TRUE(study.scores[0].difference && study.scores[0].whole_difference);
  EXPECT_LT(study.scores[0].difference->high, 0.0);
  EXPECT_GT(study.scores[0].whole_difference->low, 0.0);
  EXPECT_NE(study.caveat.find("only the whole table tests both alike"), std::string::npos);
}

TEST(Prediction, GathersTheSameRowsForTheSameSeed) {
  const RecordedTable table = table_of(sample_from(server(), 100, power));
  const GatherOptions options{.strategy = "random", .evaluations = 30, .repeats = 3};
  const auto rows = gather_rows(table, options);
  EXPECT_EQ(rows, gather_rows(table, options));
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_NE(rows[0], rows[1]);
  EXPECT_EQ(rows[0].size(), 30u);
  EXPECT_EQ(gather_rows(table, {.strategy = "random", .evaluations = 200, .repeats = 1})[0].size(), 100u);
}

TEST(Prediction, IsDeterministicAndSplitsAllGroupsAlike) {
  const Sample sample = sample_from(server(), 30, power, 1.0);
  const auto study = prediction_study({{"a", {sample, sample}}, {"b", {sample, sample}}}, {.surrogates = {"knn"}});
  EXPECT_EQ(study.scores[0].difference->value, 0.0);
  EXPECT_NE(study.scores[0].test_rmse[0][0], study.scores[0].test_rmse[0][1]);
}

TEST(Prediction, RefusesInOneLine) {
  const Sample few = sample_from(server(), 4, power);
  EXPECT_NE(refusal([&] {
              return prediction_study({{"s", {few}}});
            }).find("4 configurations with power_w is too small"),
            std::string::npos);
  EXPECT_NE(refusal([] { return prediction_study({}); }).find("neither one nor two"), std::string::npos);
  EXPECT_NE(refusal([] { return prediction_study({{"s", {}}}); }).find("s: has no sample"), std::string::npos);
  const Sample enough = sample_from(server(), 9, power);
  EXPECT_NE(refusal([&] {
              return prediction_study({{"s", {enough}}}, {.surrogates = {"oracle"}});
            }).find("'oracle' is none of gp, boosting"),
            std::string::npos);
  EXPECT_NE(refusal([&] {
              return prediction_study({{"s", {enough}}}, {.train = 1.0});
            }).find("train: 1 is not in (0, 1)"),
            std::string::npos);
}

TEST(Prediction, AConstantMetricIsPredictedExactly) {
  const auto study =
      prediction_study({{"s", {sample_from(server(), 20, [](const auto&) { return 7.0; })}}}, {.splits = 2});
  for (const auto& score : study.scores) EXPECT_NEAR(score.test[0].value, 0.0, 1e-9) << score.surrogate;
}

TEST(DegreeStudy, FindsTheDegreeOfAPolynomial) {
  const Sample all = sample_from(server(), 480, power);
  const auto study = degree_study(sample_from(server(), 200, power, 0.5), {.max_degree = 4}, &all);
  EXPECT_EQ(study.simplest, 2);
  EXPECT_NEAR(study.scores[0].test.value, 1.6, 0.2);  // the interaction, 4 x 0.61 x 0.63, and the noise
  EXPECT_NEAR(study.scores[1].test.value, 0.5, 0.1);
  EXPECT_LT(*study.scores[1].whole, 0.2);
  EXPECT_EQ(study.scores[1].terms > 4, true);
  EXPECT_NE(study.to_text().find("power_w [W] ="), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(study.to_json())["simplest"], 2);
}

TEST(DegreeStudy, SaysWhichDegreeIsImpossible) {
  const auto study = degree_study(sample_from(server(), 15, power), {.max_degree = 3});
  EXPECT_TRUE(study.scores[0].impossible.empty());
  EXPECT_EQ(study.scores[2].impossible.find("terms; 12 rows to learn from bear 9"), 3u) << study.scores[2].impossible;
  EXPECT_EQ(study.best, 1);
  EXPECT_TRUE(
      degree_study(sample_from(server(), 15, power), {.max_degree = 3, .ridge = 0.1}).scores[2].impossible.empty());
  EXPECT_NE(refusal([] { return degree_study(sample_from(server(), 3, power)); }).find("too few to split"),
            std::string::npos);
  EXPECT_NE(refusal([] {
              return degree_study(sample_from(server(), 9, power), {.max_degree = 0});
            }).find("max_degree: 0 is not at least 1"),
            std::string::npos);
}

}  // namespace bayestuner::analysis
