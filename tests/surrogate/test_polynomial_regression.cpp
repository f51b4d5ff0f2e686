#include "bayestuner/surrogate/polynomial_regression.hpp"

#include "bayestuner/conformance/surrogate.hpp"
#include "checks.hpp"

namespace bayestuner::surrogate {
namespace {

PolynomialOptions plain(int degree) {
  return {.degree = degree, .eliminate = false, .scale_inputs = false};
}

TEST(PolynomialRegression, GoldenDegrees) {
  const auto file = golden("polynomial.json");
  const Eigen::MatrixXd x = matrix_in(file["X"]), at = matrix_in(file["X_test"]);
  const Eigen::VectorXd y = vector_in(file["y"]);
  for (const auto& c : file["degrees"]) {
    const int degree = c["degree"];
    const std::string name = "degree " + std::to_string(degree);
    PolynomialOptions options = plain(degree);
    options.fold_of = file["folds"].get<std::vector<int>>();
    PolynomialRegression model(options);
    model.fit(x, y);
    ASSERT_EQ(static_cast<int>(model.terms().size()), c["n_terms"].get<int>()) << name;
    for (std::size_t t = 0; t < model.terms().size(); ++t) {
      EXPECT_EQ(model.terms()[t].exponents, c["powers"][t].get<std::vector<int>>()) << name;
    }
    expect_close(model.training_rmse(), c["train_rmse"].get<double>(), degree == 4 ? 1e-6 : 1e-8, name + " training");
    if (degree == 4) continue;  // 35 terms for 40 rows
    expect_close(model.predict(at).mean, c["test_pred"], 1e-8, name + " test");
    for (std::size_t t = 0; t < model.terms().size(); ++t) {
      expect_close(model.terms()[t].coefficient, c["coefficients"][t].get<double>(), 1e-6, name + " coefficient");
    }
    expect_close(model.cross_validated_rmse()[degree], c["cv5_rmse"].get<double>(), 1e-8, name + " cv");
    expect_close(model.press_rmse(), c["press_rmse"].get<double>(), 1e-8, name + " press");
    expect_close(model.r2(), c["r2"].get<double>(), 1e-8, name + " r2");
    expect_close(model.aic(), c["aic"].get<double>(), 1e-8, name + " aic");
    expect_close(model.bic(), c["bic"].get<double>(), 1e-8, name + " bic");
    if (!c.contains("ridge_alpha_0.5")) continue;
    options.ridge = 0.5;
    PolynomialRegression ridge(options);
    ridge.fit(x, y);
    const auto& expected = c["ridge_alpha_0.5"];
    expect_close(ridge.terms()[0].coefficient, expected["intercept"].get<double>(), 1e-6, "ridge intercept");
    for (std::size_t t = 1; t < ridge.terms().size(); ++t) {
      expect_close(ridge.terms()[t].coefficient, expected["coefficients"][t - 1].get<double>(), 1e-6, "ridge");
    }
  }
}

TEST(PolynomialRegression, GoldenOneDimension) {
  const auto block = golden("polynomial.json")["one_dimensional"];
  const Eigen::VectorXd x = vector_in(block["x"]);
  for (const auto& c : block["fits"]) {
    PolynomialRegression model(plain(c["degree"]));
    model.fit(x, vector_in(block["y"]));
    Eigen::VectorXd coefficients(static_cast<Eigen::Index>(model.terms().size()));
    for (Eigen::Index t = 0; t < coefficients.size(); ++t) {
      coefficients[t] = model.terms()[static_cast<std::size_t>(t)].coefficient;
    }
    expect_close(coefficients, c["coefficients_low_to_high"], 1e-9, "coefficients");
  }
}

TEST(PolynomialRegression, ScalingAndTheOrderOfRowsChangeNothing) {
  const auto file = golden("polynomial.json");
  const Eigen::MatrixXd x = matrix_in(file["X"]), at = matrix_in(file["X_test"]);
  const Eigen::VectorXd y = vector_in(file["y"]);
  PolynomialRegression raw(plain(3)), scaled({.degree = 3, .eliminate = false});
  raw.fit(x, y);
  scaled.fit(x.colwise().reverse(), y.reverse());
  EXPECT_LT((raw.predict(at).mean - scaled.predict(at).mean).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((raw.predict(at).stddev - scaled.predict(at).stddev).cwiseAbs().maxCoeff(), 1e-9);
}

TEST(PolynomialRegression, FindsTheDegreeAndTheTerms) {
  const Eigen::MatrixXd x = drawn_rows(80, 3, 1);
  const Eigen::MatrixXd u = 2.0 * x.array() - 1.0;
  Random random(2);
  const Eigen::VectorXd y =
      (3.0 + 2.0 * u.col(0).array() - 1.5 * u.col(0).array() * u.col(1).array()).matrix().unaryExpr([&](double v) {
        return v + 0.05 * random.normal();
      });
  PolynomialRegression model;
  model.fit(x, y);
  EXPECT_EQ(model.degree(), 2);
  EXPECT_GT(model.r2(), 0.99);
  const auto& terms = model.terms();
  const auto has = [&](const std::vector<int>& e) {
    return std::any_of(terms.begin(), terms.end(), [&](const PolynomialTerm& t) { return t.exponents == e; });
  };
  EXPECT_TRUE(has({1, 0, 0}));
  EXPECT_TRUE(has({1, 1, 0}));
  EXPECT_TRUE(has({0, 1, 0})) << "part of an interaction that stays";
  EXPECT_LT(terms.size(), 10U);
  for (const PolynomialTerm& t : terms) {
    const bool real = t.exponents == std::vector<int>{0, 0, 0} || t.exponents == std::vector<int>{1, 0, 0} ||
                      t.exponents == std::vector<int>{1, 1, 0};
    EXPECT_EQ(t.p_value < 1e-6, real);
  }
}

TEST(PolynomialRegression, EliminationIsThatOfRefitting) {
  const Eigen::MatrixXd x = drawn_rows(40, 2, 3);
  Random random(4);
  const Eigen::VectorXd y = bumps(x).unaryExpr([&](double v) { return v + 0.1 * random.normal(); });
  PolynomialRegression whole({.degree = 3, .eliminate = false}), reduced({.degree = 3});
  whole.fit(x, y);
  reduced.fit(x, y);
  EXPECT_LT(reduced.terms().size(), whole.terms().size());
  EXPECT_LT(reduced.press_rmse(), whole.press_rmse());
  // PRESS is what leaving out and fitting again gives.
  double sum = 0.0;
  const auto terms = whole.terms();
  for (Eigen::Index i = 0; i < 40; ++i) {
    std::vector<Eigen::Index> rest;
    for (Eigen::Index k = 0; k < 40; ++k) {
      if (k != i) rest.push_back(k);
    }
    PolynomialRegression other({.degree = 3, .eliminate = false, .scale_inputs = false});
    other.fit(x(rest, Eigen::all), y(rest));
    sum += std::pow(other.predict(x.row(i)).mean[0] - y[i], 2);
  }
  EXPECT_NEAR(whole.press_rmse(), std::sqrt(sum / 40.0), 1e-9);
}

TEST(PolynomialRegression, DeviationsHoldWhatTheyPromise) {
  const Eigen::MatrixXd at = drawn_rows(500, 2, 99);
  Random random(6);
  double inside = 0.0, covered = 0.0;
  for (int run = 0; run < 20; ++run) {
    const Eigen::MatrixXd x = drawn_rows(30, 2, static_cast<std::uint64_t>(run));
    const auto truth = [](const Eigen::MatrixXd& r) {
      return Eigen::VectorXd(1.0 + r.col(0).array() * r.col(1).array());
    };
    const Eigen::VectorXd y = truth(x).unaryExpr([&](double v) { return v + 0.2 * random.normal(); });
    PolynomialRegression model({.degree = 2, .eliminate = false});
    model.fit(x, y);
    const Posterior p = model.predict(at);
    const Eigen::ArrayXd miss = (p.mean - truth(at)).array();
    inside += (miss.abs() < model.confidence(at, 0.9).array()).cast<double>().mean() / 20.0;
    for (Eigen::Index i = 0; i < 500; ++i) {
      covered += std::abs(miss[i] + 0.2 * random.normal()) < 1.645 * p.stddev[i] ? 1.0 / 10'000.0 : 0.0;
    }
  }
  EXPECT_NEAR(inside, 0.9, 0.06);
  EXPECT_NEAR(covered, 0.9, 0.04);
}

TEST(PolynomialRegression, LabelsAreIndicators) {
  Eigen::MatrixXd x(60, 2);
  Eigen::VectorXd y(60);
  for (Eigen::Index i = 0; i < 60; ++i) {
    x(i, 0) = static_cast<double>(i % 3);
    x(i, 1) = static_cast<double>(i / 3) / 19.0;
    y[i] = (x(i, 0) == 1.0 ? 10.0 : x(i, 0) == 2.0 ? -5.0 : 0.0) + (x(i, 0) == 2.0 ? 3.0 : 1.0) * x(i, 1);
  }
  PolynomialRegression model({.axes = {space::AxisKind::categorical, space::AxisKind::numeric}});
  model.fit(x, y);
  EXPECT_LT((model.predict(x).mean - y).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_NE(model.formula({.inputs = {"runtime", "clock"}}).find("[runtime = 1]"), std::string::npos);
  // Labels alone.
  PolynomialRegression only({.axes = {space::AxisKind::categorical}});
  only.fit(x.leftCols(1), y);
  EXPECT_NEAR(only.predict(Eigen::MatrixXd::Constant(1, 1, 1.0)).mean[0], 10.5, 1e-9);
}

TEST(PolynomialRegression, ReadsAsAFormula) {
  Eigen::MatrixXd x(12, 2);
  for (Eigen::Index i = 0; i < 12; ++i)
    x.row(i) << static_cast<double>(i % 4) + 1.0, static_cast<double>(i / 4) * 100.0;
  const Eigen::VectorXd y = 40.0 + 12.5 * (x.col(0).array() - 2.5) / 1.5 -
                            0.75 * (x.col(0).array() - 2.5) / 1.5 * (x.col(1).array() - 100.0) / 100.0;
  PolynomialRegression model({.degree = 2});
  model.fit(x, y);
  EXPECT_EQ(
      model.formula({.output = "power", .output_unit = "W", .inputs = {"cores", "clock"}, .input_units = {"", "MHz"}})
          .substr(0, 20),
      "power [W] = 40 + 12.");
  EXPECT_NE(model.formula().find("- 0.75 x0 x1\n  x0: -1 at 1, 1 at 4\n  x1: -1 at 0, 1 at 200"), std::string::npos)
      << model.formula();
  EXPECT_THROW(model.formula({.inputs = {"cores"}}), InvalidArgument);
}

TEST(PolynomialRegression, MeetsTheContract) {
  conformance::expect_surrogate(PolynomialRegression());
}

TEST(PolynomialRegression, SurvivesAwkwardData) {
  expect_survives_awkward_data([] { return PolynomialRegression(); }, false);
  expect_survives_awkward_data([] { return PolynomialRegression({.degree = 2, .ridge = 0.1}); }, false);
}

TEST(PolynomialRegression, PowersOfFewLevelsAreLeftOut) {
  // Two levels know no curve: x^2 would repeat the constant.
  const Eigen::MatrixXd x = drawn_rows(30, 2, 7, 2);
  PolynomialRegression model({.degree = 3, .eliminate = false});
  model.fit(x, x.col(0));
  EXPECT_EQ(model.terms().size(), 4U);
}

TEST(PolynomialRegression, RefusesADegreeTooHighForTheSample) {
  PolynomialRegression model({.degree = 4});
  const Eigen::MatrixXd x = drawn_rows(20, 3, 8);
  try {
    model.fit(x, x.col(0));
    FAIL();
  } catch (const InvalidArgument& e) {
    EXPECT_STREQ(e.what(),
                 "PolynomialRegression: degree: 4 has more terms in 3 inputs than the sample has rows, 20; the highest "
                 "possible is 3, or give a ridge");
  }
  EXPECT_THROW(PolynomialRegression({.degree = -1}), InvalidArgument);
  EXPECT_THROW(PolynomialRegression({.ridge = -1.0}), InvalidArgument);
  EXPECT_THROW(PolynomialRegression({.folds = 1}), InvalidArgument);
  PolynomialRegression folds({.fold_of = {0, 1}});
  EXPECT_THROW(folds.fit(x, x.col(0)), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::surrogate
