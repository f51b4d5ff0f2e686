#include "bayestuner/surrogate/gradient_boosting.hpp"

#include "bayestuner/conformance/surrogate.hpp"
#include "checks.hpp"

namespace bayestuner::surrogate {
namespace {

GradientBoostingOptions options_of(const nlohmann::json& c) {
  GradientBoostingOptions options;
  const auto& p = c["params"];
  options.trees = p["n_estimators"];
  options.rate = p["learning_rate"];
  options.tree.max_depth = p.value("max_depth", 3);
  options.tree.min_leaf = p.value("min_samples_leaf", 1);
  options.alpha = p.value("alpha", 0.9);
  options.members = 0;
  const std::string loss = p.value("loss", "squared_error");
  options.loss = loss == "absolute_error" ? BoostingLoss::absolute
                 : loss == "huber"        ? BoostingLoss::huber
                 : loss == "quantile"     ? BoostingLoss::quantile
                                          : BoostingLoss::squared;
  return options;
}

TEST(GradientBoosting, GoldenOneFeature) {
  const auto file = golden("trees.json")["one_feature"];
  const Eigen::MatrixXd x = matrix_in(file["X"]), at = matrix_in(file["X_test"]);
  for (const auto& c : file["gradient_boosting"]) {
    const std::string name = c["name"];
    GradientBoosting model(options_of(c));
    model.fit(x, vector_in(file["y"]));
    expect_close(model.initial(), c["init"].get<double>(), 1e-12, name + " init");
    expect_close(model.predict(x).mean, c["train_pred"], 1e-9, name + " train");
    expect_close(model.predict(at).mean, c["test_pred"], 1e-9, name + " test");
    expect_close(model.training_loss(), c["train_score"], 1e-9, name + " loss");
    const std::size_t stages[] = {1, 5, 10};
    for (std::size_t k = 0; k < 3; ++k) {
      expect_close(model.predict_mean(at, stages[k]), c["staged_test_pred_at_1_5_10"][k], 1e-9, name + " staged");
    }
    expect_tree(model.trees(), model.trees().root(0), c["first_tree"], 0, std::ldexp(1.0, model.exponent()));
  }
}

TEST(GradientBoosting, GoldenThreeFeatures) {
  const auto file = golden("trees.json");
  const Eigen::MatrixXd x = matrix_in(file["X"]), at = matrix_in(file["X_test"]);
  int exact = 0;
  for (const auto& c : file["gradient_boosting"]) {
    const std::string name = c["name"];
    GradientBoosting model(options_of(c));
    model.fit(x, vector_in(file["y"]));
    const double test = c["tie_spread_test"], train = c["tie_spread_train"];
    expect_close(model.initial(), c["init"].get<double>(), 1e-12, name + " init");
    const auto difference = [](const Eigen::VectorXd& a, const nlohmann::json& b) {
      return (a - vector_in(b)).cwiseAbs().maxCoeff();
    };
    // The spread is that of six orders of scikit-learn's; the rule of the first column need not lie inside it.
    EXPECT_LE(difference(model.predict(at).mean, c["test_pred"]), 3.0 * test + 1e-9) << name;
    EXPECT_LE(difference(model.predict(x).mean, c["train_pred"]), train + 1e-9) << name;
    if (test > 1e-12) continue;
    ++exact;
    expect_close(model.training_loss(), c["train_score"], 1e-9, name + " loss");
    expect_close(model.importances(), c["feature_importances"], 1e-9, name + " importances");
    expect_tree(model.trees(), model.trees().root(0), c["first_tree"], 0, std::ldexp(1.0, model.exponent()));
  }
  EXPECT_EQ(exact, 2);
}

TEST(GradientBoosting, MeetsTheContract) {
  conformance::expect_surrogate(GradientBoosting());
}

TEST(GradientBoosting, SurvivesAwkwardData) {
  for (const BoostingLoss loss :
       {BoostingLoss::squared, BoostingLoss::absolute, BoostingLoss::huber, BoostingLoss::quantile}) {
    expect_survives_awkward_data([loss] { return GradientBoosting({.loss = loss, .trees = 20}); }, true);
  }
  expect_survives_awkward_data(
      [] { return GradientBoosting({.trees = 20, .subsample = 0.5, .patience = 3, .members = 0}); }, true);
}

TEST(GradientBoosting, QuantilesHoldTheirShare) {
  const Eigen::MatrixXd x = drawn_rows(2000, 2, 1);
  Random random(2);
  const Eigen::VectorXd y = bumps(x).unaryExpr([&](double v) { return v + 0.3 * random.normal(); });
  for (const double share : {0.1, 0.5, 0.9}) {
    GradientBoosting model({.loss = BoostingLoss::quantile, .alpha = share, .members = 0});
    model.fit(x, y);
    const double below = static_cast<double>((y.array() <= model.predict(x).mean.array()).count()) / 2000.0;
    EXPECT_NEAR(below, share, 0.03) << share;
  }
}

TEST(GradientBoosting, ForgivesOutliersWhereTheLossDoes) {
  const Eigen::MatrixXd x = drawn_rows(400, 2, 3), at = drawn_rows(400, 2, 4);
  Eigen::VectorXd y = bumps(x);
  for (Eigen::Index i = 0; i < 400; i += 20) y[i] += 100.0;
  const auto error = [&](BoostingLoss loss) {
    GradientBoosting model({.loss = loss, .tree = {.max_depth = 3, .min_leaf = 10}, .members = 0});
    model.fit(x, y);
    return rmse(model.predict(at).mean, bumps(at));
  };
  const double squared = error(BoostingLoss::squared);
  EXPECT_LT(error(BoostingLoss::absolute), 0.2 * squared);
  EXPECT_LT(error(BoostingLoss::huber), 0.5 * squared);
}

TEST(GradientBoosting, StopsWhereNothingIsLeftToLearn) {
  const Eigen::MatrixXd x = drawn_rows(100, 2, 5);
  Random random(6);
  const Eigen::VectorXd noise = Eigen::VectorXd::Zero(100).unaryExpr([&](double) { return random.normal(); });
  GradientBoosting stopped({.trees = 300, .patience = 10, .members = 0});
  stopped.fit(x, noise);
  EXPECT_LT(stopped.stages(), 30U);
  EXPECT_LT(stopped.validation_loss().size(), 60);
  stopped.fit(x, bumps(x));
  EXPECT_GT(stopped.stages(), 100U);
  Eigen::Index best = 0;
  stopped.validation_loss().minCoeff(&best);
  EXPECT_EQ(static_cast<std::size_t>(best) + 1, stopped.stages());
}

TEST(GradientBoosting, SubsamplesLearnToo) {
  const Eigen::MatrixXd x = drawn_rows(500, 3, 7), at = drawn_rows(500, 3, 8);
  GradientBoosting whole({.members = 0}), half({.subsample = 0.5, .members = 0}),
      other({.subsample = 0.5, .members = 0, .seed = 1});
  for (GradientBoosting* model : {&whole, &half, &other}) model->fit(x, bumps(x));
  EXPECT_LT(rmse(half.predict(at).mean, bumps(at)), 1.5 * rmse(whole.predict(at).mean, bumps(at)));
  EXPECT_NE(half.predict(at).mean, other.predict(at).mean);
}

TEST(GradientBoosting, IsLessSureWhereItHasSeenLess) {
  const Eigen::MatrixXd x = drawn_rows(60, 1, 9).array() * 0.5, near = drawn_rows(100, 1, 10).array() * 0.5;
  const Eigen::VectorXd y = (8.0 * x.col(0).array()).sin();
  GradientBoosting model;
  model.fit(x, y);
  const Posterior p = model.predict(near);
  const Eigen::ArrayXd z = (p.mean.array() - (8.0 * near.col(0).array()).sin()) / p.stddev.array();
  EXPECT_LT(std::sqrt(z.square().mean()), 2.0);  // the deviation is of the size of the error
  EXPECT_LT(p.stddev.mean(), 0.3);
}

TEST(GradientBoosting, RefusesOptionsOutOfRange) {
  EXPECT_THROW(GradientBoosting({.alpha = 1.0}), InvalidArgument);
  EXPECT_THROW(GradientBoosting({.trees = 0}), InvalidArgument);
  EXPECT_THROW(GradientBoosting({.rate = 0.0}), InvalidArgument);
  EXPECT_THROW(GradientBoosting({.tree = {.min_leaf = 0}}), InvalidArgument);
  EXPECT_THROW(GradientBoosting({.tree = {.max_bins = 1}}), InvalidArgument);
  EXPECT_THROW(GradientBoosting({.subsample = 1.5}), InvalidArgument);
  EXPECT_THROW(GradientBoosting({.members = -1}), InvalidArgument);
  try {
    GradientBoosting({.subsample = 1.5});
  } catch (const InvalidArgument& e) {
    EXPECT_STREQ(e.what(), "GradientBoosting: subsample: 1.5 is not in (0, 1]");
  }
}

}  // namespace
}  // namespace bayestuner::surrogate
