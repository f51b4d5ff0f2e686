#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "bayestuner/conformance/selection.hpp"
#include "bayestuner/core/error.hpp"
#include "clusters.hpp"

namespace bayestuner::selection {

double share_of_optimum(const ModelSelector& s, const Clusters& test) {
  const Batch batch = s.select(test.x, false);
  double right = 0.0;
  for (std::size_t i = 0; i < batch.model.size(); ++i) {
    if (batch.model[i] >= 0) right += test.scores.values(static_cast<Eigen::Index>(i), batch.model[i]);
  }
  return right / static_cast<double>(batch.model.size());
}

std::string message_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const InvalidArgument& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(Estimators, MeetTheContract) {
  const Clusters c = clusters(120, 1, 3.0);
  const FeatureCoder coder(c.x);
  TrainingSet data{.x = coder(c.x), .y = c.scores.values};
  data.index = NeighbourIndex(data.x);
  for (const std::string& name : estimator_names()) {
    SCOPED_TRACE(name);
    conformance::expect_contract(make_estimator(name), data);
  }
  EXPECT_THROW(make_estimator("oracle"), InvalidArgument);
}

TEST(ModelSelector, FindsTheRightModelOfTwoClusters) {
  const Clusters train = clusters(400, 1), test = clusters(1000, 2);
  for (const char* name : {"cascade", "knn", "logistic", "tree", "forest", "boosting", "mix", "auto"}) {
    SCOPED_TRACE(name);
    SelectorOptions options{.estimator = name};
    if (options.estimator == "cascade") options.policy = Policy::optimum();
    ModelSelector selector(options);
    selector.fit(train.x, train.scores, train.costs);
    EXPECT_TRUE(selector.helps());
    EXPECT_GE(share_of_optimum(selector, test), 0.99);
    const std::vector<double> row{0.0, 0.0};
    conformance::expect_contract(selector, row);
  }
}

TEST(ModelSelector, DeclinesWhereNoModelIsRight) {
  Clusters train = clusters(400, 1);
  for (Eigen::Index i = 0; i < train.x.rows(); ++i) {
    if (train.x.values(i, 0) > 6.0) train.scores.values(i, 1) = train.x.values(i, 1) > 0.0 ? 1.0 : 0.0;
  }
  ModelSelector selector({.estimator = "cascade", .policy = Policy::optimum(), .fallback = ""});
  selector.fit(train.x, train.scores, train.costs);
  Decision d;
  selector.select(std::vector<double>{12.0, -1.5}, d);
  EXPECT_EQ(d.status, Status::declined);
  EXPECT_EQ(d.model, -1);
  selector.select(std::vector<double>{12.0, 1.5}, d);
  EXPECT_EQ(d.status, Status::chosen);
}

TEST(ModelSelector, SaysThatNothingHelpsWhereFeaturesAreNoise) {
  Clusters c = clusters(400, 1);
  Random random(9);
  for (double& v : c.x.values.reshaped()) v = random.normal();
  ModelSelector selector;
  selector.fit(c.x, c.scores, c.costs);
  EXPECT_FALSE(selector.helps());
  Decision d;
  selector.select(std::vector<double>{0.0, 0.0}, d);
  EXPECT_EQ(d.model, selector.best_single());
}

// 200 rows and 500 columns of noise: columns chosen on all rows seem to help, chosen inside the folds they do not.
TEST(ModelSelector, ChoosesFeaturesInsideTheFolds) {
  Random random(4);
  const Eigen::Index n = 200, p = 500;
  Eigen::MatrixXd x(n, p), y(n, 2);
  for (double& v : x.reshaped()) v = random.normal();
  for (Eigen::Index i = 0; i < n; ++i) {
    y(i, 0) = random.uniform() < 0.5 ? 1.0 : 0.0;
    y(i, 1) = 1.0 - y(i, 0);
  }
  const ScoreMatrix scores{.models = {"a", "b"}, .values = y};
  const auto gain =
      [&](const Eigen::MatrixXd& columns) {  // out of fold, over the best single model, in standard errors
        ModelSelector selector({.estimator = "logistic", .policy = Policy::max_score(1.0), .calibrate = false});
        selector.fit(features(columns), scores, {.per_call = Eigen::Vector2d(1, 1)});
        const auto chosen = pick_all(selector.out_of_fold(), Eigen::Vector2d::Zero(), 0.0);
        double sum = 0.0, squares = 0.0;
        for (Eigen::Index i = 0; i < n; ++i) {
          const double d = y(i, chosen[static_cast<std::size_t>(i)]) - y(i, selector.best_single());
          sum += d;
          squares += d * d;
        }
        return sum / n / std::sqrt((squares / n - sum / n * sum / n) / n);
      };
  // The leak: the twenty columns that fit all rows best.
  Eigen::VectorXd fit =
      ((x.rowwise() - x.colwise().mean()).transpose() * (y.col(0).array() - y.col(0).mean()).matrix());
  std::vector<Eigen::Index> order(static_cast<std::size_t>(p));
  for (Eigen::Index j = 0; j < p; ++j) order[static_cast<std::size_t>(j)] = j;
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return std::abs(fit[a]) > std::abs(fit[b]); });
  order.resize(20);
  EXPECT_GT(gain(x(Eigen::all, order)), 3.0);
  EXPECT_LT(gain(x), 2.0);
}

TEST(ModelSelector, KeepsABatchWithinItsBudget) {
  const Clusters train = clusters(400, 1, 2.0), test = clusters(500, 2, 2.0);
  ModelSelector selector({.estimator = "knn", .policy = Policy::max_score(1.5)});
  selector.fit(train.x, train.scores, train.costs);
  double spent = 0.0;
  for (const Eigen::Index j : selector.select(test.x).model) spent += train.costs.per_call[j];
  EXPECT_LE(spent / 500.0, 1.5);
  EXPECT_GT(spent / 500.0, 1.49);
  EXPECT_GT(selector.lambda(), 0.0);
}

TEST(ModelSelector, SpendsTheBudgetOneInputAfterTheOther) {
  const Clusters train = clusters(400, 1, 2.0), test = clusters(2000, 2, 2.0);
  ModelSelector selector({.estimator = "tree", .policy = Policy::max_score(1.3)});  // few leaves: inputs look alike
  selector.fit(train.x, train.scores, train.costs);
  double spent = 0.0;
  for (const Eigen::Index j : selector.select(test.x, false).model) spent += train.costs.per_call[j];
  EXPECT_NEAR(spent / 2000.0, 1.3, 0.13);
}

TEST(ModelSelector, LeavesOutModelsThatAreForbiddenForACall) {
  const Clusters train = clusters(200, 1);
  ModelSelector selector({.estimator = "knn"});
  selector.fit(train.x, train.scores, train.costs);
  Decision d;
  selector.select(std::vector<double>{0.0, 0.0}, d);
  EXPECT_EQ(d.model, 0);
  selector.select(std::vector<double>{0.0, 0.0}, d, std::vector<char>{0, 1});
  EXPECT_EQ(d.model, 1);
}

TEST(ModelSelector, SaysWhenAnInputIsUnlikeAnythingLearnt) {
  const Clusters train = clusters(200, 1);
  ModelSelector selector({.estimator = "knn", .unsupported_to_fallback = true});
  selector.fit(train.x, train.scores, train.costs);
  Decision d;
  selector.select(std::vector<double>{0.0, 0.0}, d);
  EXPECT_TRUE(d.supported);
  selector.select(std::vector<double>{6.0, 40.0}, d);
  EXPECT_FALSE(d.supported);
  EXPECT_EQ(d.status, Status::fallback);
  EXPECT_EQ(d.coding.out_of_range, 1);
}

TEST(ModelSelector, LearnsMoreWithScoresOfTheChosenModelOnly) {
  const Clusters first = clusters(100, 1), more = clusters(300, 2);
  ModelSelector selector({.estimator = "knn"});
  selector.fit(first.x, first.scores, first.costs);
  ScoreMatrix partial = more.scores;
  partial.known = Mask::Constant(300, 2, false);
  partial.known.col(0).setConstant(true);
  partial.values.col(1).setConstant(std::numeric_limits<double>::quiet_NaN());
  selector.partial_fit(more.x, partial);
  EXPECT_EQ(selector.training_features().rows(), 400);
  EXPECT_GE(share_of_optimum(selector, clusters(500, 3)), 0.99);
}

TEST(ModelSelector, DrawsANewModelToItsMean) {
  const Clusters train = clusters(200, 1);
  ModelSelector selector({.estimator = "knn", .calibrate = false});
  selector.fit(train.x, train.scores, train.costs);
  ScoreMatrix scores{.models = {"new"}, .values = Eigen::MatrixXd(8, 1)};
  scores.values << 1, 1, 1, 1, 0, 0, 0, 0;
  Eigen::MatrixXd x(8, 2);
  for (Eigen::Index i = 0; i < 8; ++i) x.row(i) << (i < 4 ? 0.0 : 12.0), 0.1 * static_cast<double>(i);
  EXPECT_NE(message_of([&] { selector.partial_fit(features(x), scores); }).find("'new' is new"), std::string::npos);
  selector.partial_fit(features(x), scores, {.per_call = Eigen::Vector3d(1, 3, 0.5)});
  Decision d;
  selector.select(std::vector<double>{0.0, 0.0}, d);
  EXPECT_LE(d.scores[2], 0.5 + 0.5 * 8.0 / 32.0 + 1e-12);
  EXPECT_GE(d.scores[2], 0.5);
}

TEST(ModelSelector, DecidesToTheBitAfterSavingAndLoading) {
  const Clusters train = clusters(300, 1, 2.0), test = clusters(10000, 2, 2.0);
  const auto path = std::filesystem::temp_directory_path() / ("selector-" + std::to_string(::getpid()));
  for (const std::string& name : estimator_names()) {
    SCOPED_TRACE(name);
    ModelSelector selector(
        {.estimator = name, .policy = name == "cascade" ? Policy::optimum() : Policy::max_score(2.0)});
    selector.fit(train.x, train.scores, train.costs);
    selector.save(path.string());
    const ModelSelector loaded = ModelSelector::load(path.string());
    Decision a, b;
    for (Eigen::Index i = 0; i < test.x.rows(); ++i) {
      const std::vector<double> row{test.x.values(i, 0), test.x.values(i, 1)};
      selector.select(row, a);
      loaded.select(row, b);
      ASSERT_EQ(a.scores, b.scores);
      ASSERT_EQ(a.model, b.model);
      ASSERT_EQ(a.neighbours, b.neighbours);
      ASSERT_EQ(a.votes, b.votes);
    }
  }
  std::stringstream whole;
  whole << std::ifstream(path, std::ios::binary).rdbuf();
  std::string bytes = whole.str();
  const auto write = [&](const std::string& text) { std::ofstream(path, std::ios::binary) << text; };
  const auto why = [&] { return message_of([&] { ModelSelector::load(path.string()); }); };
  write(bytes.substr(0, bytes.size() - 3));
  EXPECT_NE(why().find("damaged"), std::string::npos);
  std::string later = bytes;
  later.replace(later.find(" 1\n"), 3, " 2\n");
  write(later);
  EXPECT_NE(why().find("version 2, this library reads version 1"), std::string::npos) << why();
  write("something else");
  EXPECT_NE(why().find("no selector's file"), std::string::npos);
  std::filesystem::remove(path);
  EXPECT_THROW(ModelSelector::load(path.string()), DeviceError);
}

TEST(ModelSelector, RefusesDataThatCannotBeLearnt) {
  const Clusters good = clusters(100, 1);
  const auto why = [&](const auto& spoil, SelectorOptions options = {.estimator = "knn"}) {
    Clusters c = good;
    spoil(c);
    return message_of([&] { ModelSelector(options).fit(c.x, c.scores, c.costs); });
  };
  const auto expect = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << part << ": " << message;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect(why([&](Clusters& c) { c.x.values(7, 1) = nan; }), "feature 'x1', row 7: NaN");
  expect(why([&](Clusters& c) { c.x.values(7, 0) = HUGE_VAL; }), "feature 'x0', row 7: inf");
  expect(why([](Clusters& c) { c.x.values.setOnes(); }), "every column is constant");
  expect(why([](Clusters& c) { c.x.columns[1].name = "x0"; }), "'x0' is there twice");
  expect(why([](Clusters& c) { c.scores.models[1] = "left"; }), "'left' is there twice");
  expect(why([](Clusters& c) { c.scores = {.models = {"left"}, .values = c.scores.values.leftCols(1)}; }),
         "at least 2");
  expect(why([](Clusters& c) { c.scores.values(3, 0) = 1.5; }), "score of 'left', row 3: 1.5 is not in [0, 1]");
  expect(why([](Clusters& c) { c.scores.values.conservativeResize(99, 2); }), "features have 100 rows, scores 99");
  expect(why([](Clusters& c) { c.costs.per_call[1] = -1.0; }), "cost of 'right': -1");
  expect(why([](Clusters& c) { c.costs.per_call.conservativeResize(1); }), "costs: 1 given for 2 models");
  expect(why([](Clusters& c) { c.scores.values.setZero(); }), "no model is ever right");
  expect(why([](Clusters& c) {
           c.scores.values.col(0).setZero();
           c.scores.values.col(0).head(3).setOnes();
         }),
         "'left' is right on 3 rows");
  expect(why([](Clusters& c) {
           c.x.values.conservativeResize(20, 2);
           c.scores.values.conservativeResize(20, 2);
         }),
         "rows: 20 given, and at least 30");
  expect(why([](Clusters&) {}, {.estimator = "knn", .policy = Policy::max_score(0.5)}), "below the cheapest");
  expect(why([](Clusters&) {}, {.estimator = "knn", .policy = Policy::min_cost(2.5)}), "above what any choice reaches");
  expect(why([](Clusters&) {}, {.estimator = "knn", .fallback = "third"}), "'third' is none of the models left, right");
  expect(why([](Clusters& c) { c.costs = {}; }, {.estimator = "knn", .policy = Policy::max_score(2.0)}), "needs costs");
  expect(message_of([] { ModelSelector({.estimator = "guess"}); }), "'guess' is none of");
}

TEST(ModelSelector, WarnsOfWhatItLeavesOut) {
  Clusters c = clusters(100, 1);
  c.x.values.conservativeResize(100, 3);
  c.x.values.col(2).setConstant(4.0);
  c.x.columns.push_back({.name = "flat"});
  c.scores.models.push_back("never");
  c.scores.values.conservativeResize(100, 3);
  c.scores.values.col(2).setZero();
  ModelSelector selector({.estimator = "knn"});
  selector.fit(c.x, c.scores);
  ASSERT_EQ(selector.warnings().size(), 2U);
  EXPECT_NE(selector.warnings()[0].find("'never' is never right"), std::string::npos);
  EXPECT_NE(selector.warnings()[1].find("'flat' is constant"), std::string::npos);
}

TEST(ModelSelector, TakesTheMeanOfTooLittleDataWhereAsked) {
  const Clusters c = clusters(20, 1);
  ModelSelector selector({.estimator = "knn", .small = SmallData::constant});
  selector.fit(c.x, c.scores, c.costs);
  EXPECT_FALSE(selector.warnings().empty());
  Decision d;
  selector.select(std::vector<double>{0.0, 0.0}, d);
  EXPECT_DOUBLE_EQ(d.scores[0], c.scores.values.col(0).mean());
}

TEST(ModelSelector, RefusesInputsThatDoNotFit) {
  const Clusters c = clusters(100, 1);
  ModelSelector selector({.estimator = "knn"});
  Decision d;
  const auto expect = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << part << ": " << message;
  };
  expect(message_of([&] { selector.select(std::vector<double>{0.0, 0.0}, d); }), "call fit first");
  selector.fit(c.x, c.scores, c.costs);
  expect(message_of([&] { selector.select(std::vector<double>{0.0}, d); }), "1 numbers given, the selector learnt 2");
  FeatureMatrix swapped = c.x;
  std::swap(swapped.columns[0], swapped.columns[1]);
  expect(message_of([&] { selector.select(swapped); }), "column 0 is 'x1', the selector learnt 'x0'");
}

TEST(FeatureCoder, CodesCategoriesAndCountsUnseenOnes) {
  FeatureMatrix x = features(Eigen::MatrixXd(4, 2), {"subject", "length"});
  x.columns[0].category = true;
  x.columns[0].levels = {"art", "law", "war"};
  x.values << 0, 10, 1, 20, 0, 30, 1, 1000;
  const FeatureCoder coder(x, {.most_products = 0});
  std::vector<double> out(static_cast<std::size_t>(coder.width()));
  ASSERT_EQ(out.size(), 3U);  // length in logs, art, law; no row was war
  coder(std::vector<double>{1.0, 10.0}, out);
  EXPECT_EQ(out, (std::vector<double>{0.0, 0.0, 1.0}));
  EXPECT_EQ(coder(std::vector<double>{-1.0, 1000.0}, out).unseen, 1);
  EXPECT_EQ(out, (std::vector<double>{1.0, 0.0, 0.0}));
}

TEST(FeatureCoder, TellsTheMostFrequentOfManyLevelsApart) {
  FeatureMatrix x = features(Eigen::MatrixXd(10, 1), {"user"});
  x.columns[0] = {.name = "user", .category = true, .levels = {"a", "b", "c", "d", "e"}};
  x.values << 4, 4, 4, 1, 1, 0, 2, 2, 2, 3;
  const FeatureCoder coder(x, {.most_levels = 2});
  ASSERT_EQ(coder.width(), 2);
  EXPECT_EQ(coder.coded()[0].name, "user=c");
  EXPECT_EQ(coder.coded()[1].name, "user=e");
  ASSERT_EQ(coder.warnings().size(), 1U);
  EXPECT_NE(coder.warnings()[0].find("has 5 levels: the 2 most frequent"), std::string::npos);
}

TEST(ModelSelector, TakesNoFeaturesOfAnotherDefinition) {
  const Clusters c = clusters(100, 1);
  ModelSelector selector({.estimator = "knn", .features_version = "pixels_v1"});
  selector.fit(c.x, c.scores, c.costs);
  const ModelSelector loaded = ModelSelector::from_bytes(selector.to_bytes());
  loaded.require_features_version("pixels_v1");
  loaded.require_features_version("");
  EXPECT_EQ(message_of([&] { loaded.require_features_version("pixels_v2"); }),
            "features: of version 'pixels_v2', the selector learnt 'pixels_v1'");
}

TEST(FeatureCoder, ImputesTheMedianAndSaysSo) {
  Eigen::MatrixXd values(4, 1);
  values << 0.0, 1.0, std::numeric_limits<double>::quiet_NaN(), 2.0;
  const FeatureCoder coder(features(values), {.missing = MissingFeatures::impute});
  std::vector<double> out(static_cast<std::size_t>(coder.width()));
  EXPECT_EQ(coder(std::vector<double>{std::numeric_limits<double>::quiet_NaN()}, out).imputed, 1);
  EXPECT_EQ(out, (std::vector<double>{0.5, 1.0}));
}

TEST(DropCorrelated, KeepsOneOfTwoThatAreAlike) {
  Random random(5);
  Eigen::MatrixXd x(200, 3);
  for (double& v : x.reshaped()) v = random.normal();
  x.col(2) = 2.0 * x.col(0) + 0.05 * x.col(2);
  const Reduction r = drop_correlated(x, {"a", "b", "c"}, 0.75);
  EXPECT_EQ(r.kept.size(), 2U);
  ASSERT_EQ(r.dropped.size(), 1U);
  EXPECT_GT(r.dropped[0].correlation, 0.99);
}

TEST(RemoveBackward, KeepsWhatCarriesTheResult) {
  const Clusters train = clusters(200, 1);
  ModelSelector selector({.estimator = "knn", .reduction = {.backward = true}});
  selector.fit(train.x, train.scores, train.costs);
  ASSERT_EQ(selector.coder().width(), 1);
  EXPECT_EQ(selector.coder().coded()[0].name, "x0");
}

}  // namespace bayestuner::selection
