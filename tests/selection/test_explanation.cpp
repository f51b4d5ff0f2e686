#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "bayestuner/core/error.hpp"
#include "bayestuner/selection/explanation.hpp"
#include "clusters.hpp"

namespace bayestuner::selection {

ModelSelector learnt(const SelectorOptions& options, double gap = 12.0) {
  const Clusters train = clusters(300, 1, gap);
  ModelSelector selector(options);
  selector.fit(train.x, train.scores, train.costs);
  return selector;
}

TEST(Explanation, SaysWhatDecided) {
  const ModelSelector selector = learnt({.estimator = "knn", .policy = Policy::trade_off(0.1)});
  const Explanation e = explain(selector, std::vector<double>{12.0, 0.0});
  EXPECT_EQ(e.model, "right");
  EXPECT_EQ(e.status, Status::chosen);
  EXPECT_EQ(e.runner_up, "left");
  // P 1 at cost 3 against P 0 at cost 1, lambda 0.1: 0.7 - (-0.1).
  EXPECT_NEAR(e.shortfall, 0.8, 1e-9);
  ASSERT_EQ(e.models.size(), 2U);
  EXPECT_NEAR(e.models[1].value, 0.7, 1e-9);
  EXPECT_TRUE(e.models[0].offered && e.models[1].offered);
  EXPECT_TRUE(e.supported && e.unusual.empty() && e.stages.empty());
  EXPECT_EQ(static_cast<int>(e.neighbours.size()), e.neighbours_read);
  EXPECT_GE(e.neighbours_read, 5);
  for (const auto& near : e.neighbours) {
    EXPECT_GT(selector.training_features().values(near.row, 0), 6.0);
    EXPECT_EQ(near.scores, (std::vector<std::optional<double>>{0.0, 1.0}));
  }
  EXPECT_NE(e.to_text().find("runner-up left: behind by 0.8 of score - lambda * cost"), std::string::npos)
      << e.to_text();
}

TEST(Explanation, GivesTheVotesOfTheStages) {
  const ModelSelector selector = learnt({.estimator = "cascade", .policy = Policy::optimum()});
  const Explanation e = explain(selector, std::vector<double>{12.0, 0.0}, 3);
  const auto right = std::find_if(e.stages.begin(), e.stages.end(), [](const auto& s) { return s.model == "right"; });
  ASSERT_NE(right, e.stages.end());
  EXPECT_EQ(right->votes, 5);
  EXPECT_TRUE(right->says_yes);
  EXPECT_EQ(e.neighbours.size(), 3U);
  // Forbidden: no stage is left that says yes, and the fallback runs.
  const Explanation without = explain(selector, std::vector<double>{12.0, 0.0}, 3, std::vector<char>{1, 0});
  EXPECT_EQ(without.model, selector.best_single() == 0 ? "left" : "");
  EXPECT_FALSE(without.models[1].offered);
  EXPECT_TRUE(without.runner_up.empty());
}

TEST(Explanation, NamesFeaturesUnlikeAnythingLearnt) {
  Clusters train = clusters(300, 1);
  train.x.values.conservativeResize(300, 3);
  for (Eigen::Index i = 0; i < 300; ++i) train.x.values(i, 2) = static_cast<double>(i % 2);
  train.x.columns.push_back({.name = "colour", .category = true, .levels = {"blue", "red"}});
  ModelSelector selector(
      {.estimator = "knn", .unsupported_to_fallback = true, .coder = {.missing = MissingFeatures::impute}});
  selector.fit(train.x, train.scores, train.costs);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Explanation e = explain(selector, std::vector<double>{900.0, nan, -1.0});
  ASSERT_EQ(e.unusual.size(), 3U);
  EXPECT_EQ(e.unusual[0].name, "x0");
  EXPECT_EQ(e.unusual[0].kind, Explanation::Unusual::Kind::out_of_range);
  EXPECT_NEAR(e.unusual[0].low, train.x.values.col(0).minCoeff(), 1e-9);
  EXPECT_NEAR(e.unusual[0].high, train.x.values.col(0).maxCoeff(), 1e-9);
  EXPECT_EQ(e.unusual[1].kind, Explanation::Unusual::Kind::missing);
  EXPECT_EQ(e.unusual[2].kind, Explanation::Unusual::Kind::unseen);
  EXPECT_FALSE(e.supported);
  EXPECT_EQ(e.status, Status::fallback);
  EXPECT_EQ(e.reason, "the input is unlike the training rows");
  EXPECT_NE(e.to_text().find("feature colour: a level never seen"), std::string::npos);
  const Decision counted = [&] {
    Decision d;
    selector.select(std::vector<double>{900.0, nan, -1.0}, d);
    return d;
  }();
  EXPECT_EQ(counted.coding.out_of_range + counted.coding.imputed + counted.coding.unseen, 3);
}

TEST(Explanation, IsTheSameFromALoadedFile) {
  const auto path = std::filesystem::temp_directory_path() / ("explained-" + std::to_string(::getpid()));
  for (const std::string& name : estimator_names()) {
    SCOPED_TRACE(name);
    const ModelSelector selector =
        learnt({.estimator = name, .policy = name == "cascade" ? Policy::optimum() : Policy::max_score(2.0)}, 2.0);
    selector.save(path.string());
    const ModelSelector loaded = ModelSelector::load(path.string());
    for (const double x : {-3.0, 0.5, 1.0, 2.5, 40.0}) {
      const std::vector<double> row{x, 0.3};
      const Explanation a = explain(selector, row), b = explain(loaded, row);
      EXPECT_EQ(a, b);
      EXPECT_EQ(a.to_text(), b.to_text());
      EXPECT_EQ(a.to_json(), b.to_json());
    }
  }
  std::filesystem::remove(path);
}

TEST(Explanation, IsJsonWithNullForWhatIsNotKnown) {
  Clusters train = clusters(200, 1);
  train.scores.known = Mask::Constant(200, 2, true);
  train.scores.known.col(1).head(100).setConstant(false);
  ModelSelector selector({.estimator = "knn", .fallback = ""});
  selector.fit(train.x, train.scores, train.costs);
  const auto json = nlohmann::json::parse(explain(selector, std::vector<double>{0.0, 0.0}, 200).to_json());
  EXPECT_EQ(json.at("model"), "left");
  bool unknown = false;
  for (const auto& near : json.at("neighbours")) {
    EXPECT_EQ(near.at("scores").at("right").is_null(), near.at("row").get<int>() < 100);
    unknown = unknown || near.at("scores").at("right").is_null();
  }
  EXPECT_TRUE(unknown);
}

TEST(Explanation, RefusesWhatSelectRefuses) {
  EXPECT_THROW(explain(ModelSelector(), std::vector<double>{0.0}), InvalidArgument);
  const ModelSelector selector = learnt({.estimator = "knn"});
  EXPECT_THROW(explain(selector, std::vector<double>{0.0}), InvalidArgument);
}

}  // namespace bayestuner::selection
