#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "bayestuner/conformance/selection.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/model_selector.hpp"
#include "bayestuner/selection/optimum_estimators.hpp"
#include "bayestuner/selection/support_vectors.hpp"

namespace bayestuner::selection {

namespace {

// `cheap` answers the first part of [0, 1], `dear` the first two, `other` the third; the end has no answer.
struct Parts {
  FeatureMatrix x;
  ScoreMatrix scores{.models = {"dear", "cheap", "other"}, .values = {}};
  CostModel costs{.per_call = Eigen::Vector3d(5.0, 1.0, 3.0)};
};

Parts parts(Eigen::Index n, std::uint64_t seed) {
  Random random(seed);
  Parts out;
  Eigen::MatrixXd x(n, 1);
  out.scores.values.resize(n, 3);
  for (Eigen::Index i = 0; i < n; ++i) {
    const double v = x(i, 0) = random.uniform();
    out.scores.values.row(i) << (v < 0.65), (v < 0.4), (v >= 0.65 && v < 0.9);
  }
  out.x = features(x);
  return out;
}

TrainingSet training(const Parts& t) {
  TrainingSet data{.x = t.x.values, .y = t.scores.values, .cost = t.costs.per_call};
  data.index = NeighbourIndex(data.x);
  return data;
}

std::vector<double> predicted(const auto& estimator, const TrainingSet& data, double x) {
  std::vector<double> p(3);
  std::vector<Neighbour> near;
  const std::vector<double> row{x};
  data.index.nearest(row, static_cast<std::size_t>(estimator.neighbours()), near);
  estimator.predict(row, near, p);
  return p;
}

// Which of the models is the optimum, -1: none is likely.
int most_likely(const std::vector<double>& p) {
  const auto best = std::max_element(p.begin(), p.end());
  return *best < 0.5 ? -1 : static_cast<int>(best - p.begin());
}

const std::vector<std::string> names{"multi-knn", "multi-svm", "multi-tree", "knn.svm.dt", "svm.svm", "dt.knn"};

}  // namespace

TEST(OptimumEstimators, FindTheCheapestModelThatAnswers) {
  const TrainingSet data = training(parts(600, 1));
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    EXPECT_TRUE(predicts_optimum(name));
    AnyEstimator estimator = make_estimator(name);
    conformance::expect_contract(estimator, data);
    estimator.fit(data);
    EXPECT_EQ(most_likely(predicted(estimator, data, 0.1)), 1);
    EXPECT_EQ(most_likely(predicted(estimator, data, 0.5)), 0);
    EXPECT_EQ(most_likely(predicted(estimator, data, 0.78)), 2);
    if (!name.starts_with("svm")) {  // the end is small: a soft margin need not see it
      EXPECT_EQ(most_likely(predicted(estimator, data, 0.96)), -1);
    }
  }
}

TEST(OptimumEstimators, ChooseAndDecideToTheBitFromAFile) {
  const Parts train = parts(400, 1), test = parts(1000, 2);
  const auto path = std::filesystem::temp_directory_path() / ("staged-" + std::to_string(::getpid()));
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    ModelSelector selector({.estimator = name, .policy = Policy::optimum(), .fallback = ""});
    selector.fit(train.x, train.scores, train.costs);
    selector.save(path.string());
    const ModelSelector loaded = ModelSelector::load(path.string());
    double right = 0.0;
    Decision a, b;
    for (Eigen::Index i = 0; i < test.x.rows(); ++i) {
      const std::vector<double> x{test.x.values(i, 0)};
      selector.select(x, a);
      loaded.select(x, b);
      ASSERT_EQ(a.scores, b.scores);
      ASSERT_EQ(a.model, b.model);
      const Eigen::Index optimum = x[0] < 0.4 ? 1 : x[0] < 0.65 ? 0 : x[0] < 0.9 ? 2 : -1;
      right += a.model == optimum;
    }
    EXPECT_GT(right / 1000.0, 0.93);
  }
  std::filesystem::remove(path);
}

TEST(StagedEstimator, TakesItsStagesInOrderOfInclusion) {
  StagedEstimator staged({"knn", "dt"});
  staged.fit(training(parts(400, 1)));
  EXPECT_EQ(staged.models().size(), 3U);
  EXPECT_EQ(staged.neighbours(), 5);
  StagedEstimator without({"dt"});
  without.fit(training(parts(400, 1)));
  EXPECT_EQ(without.neighbours(), 0);
  EXPECT_THROW(StagedEstimator({"cnn"}), InvalidArgument);
  EXPECT_THROW(StagedEstimator(std::vector<std::string>{}), InvalidArgument);
  EXPECT_THROW(make_estimator("knn..dt"), InvalidArgument);
}

TEST(ClassTree, SplitsWhereTheClassesPart) {
  const Eigen::MatrixXd x = (Eigen::MatrixXd(6, 2) << 1, 7, 2, 3, 3, 9, 4, 1, 5, 8, 6, 2).finished();
  ClassTree tree;
  tree.fit(x, {0, 0, 1, 1, 1, 2}, 3, 1);
  const auto share = [&](double a, double b) {
    const auto s = tree(std::vector<double>{a, b});
    return std::vector<double>(s.begin(), s.end());
  };
  EXPECT_EQ(share(2.4, 0.0), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(share(2.6, 0.0), (std::vector<double>{0, 1, 0}));
  EXPECT_EQ(share(9.0, 0.0), (std::vector<double>{0, 0, 1}));
  tree.fit(x, {0, 0, 1, 1, 1, 2}, 3, 4);  // too few rows to part
  EXPECT_NEAR(share(2.4, 0.0)[1], 0.5, 1e-12);
}

TEST(OptimumEstimators, RefuseScoresThatAreNoSuccesses) {
  TrainingSet data = training(parts(100, 1));
  data.success = false;
  EXPECT_THROW(StagedEstimator().fit(data), InvalidArgument);
  EXPECT_THROW(MultiClassEstimator().fit(data), InvalidArgument);
  data.success = true;
  data.y.setZero();
  EXPECT_THROW(StagedEstimator().fit(data), InvalidArgument);
}

}  // namespace bayestuner::selection
