// Gradients against differences, identities against brute force, and data that breaks careless arithmetic.
#include "bayestuner/surrogate/gaussian_process.hpp"
#include "golden.hpp"
#include "surrogate/draw.hpp"

namespace bayestuner::surrogate {
namespace {

// Two numbers and a label of three values.
Eigen::MatrixXd mixed_rows(Eigen::Index n, std::uint64_t seed) {
  Eigen::MatrixXd x = draw(n, 3, seed);
  for (Eigen::Index i = 0; i < n; ++i) x(i, 2) = std::floor(3.0 * x(i, 2));
  return x;
}

Eigen::VectorXd wave(const Eigen::MatrixXd& x) {
  return ((x.col(0) * 5).array().sin() + 0.3 * x.rowwise().sum().array()).matrix();
}

template <class K>
void check_gradient(CategoricalForm form, bool profiled, bool known_noise) {
  const Eigen::MatrixXd x = mixed_rows(25, 3);
  GaussianProcessOptions options;
  options.axes = {space::AxisKind::numeric, space::AxisKind::numeric, space::AxisKind::categorical};
  options.categorical = form;
  options.profile_mean = profiled;
  options.mean = 0.4;
  options.standardise = false;
  GaussianProcess<K> gp(options);
  gp.condition(
      x, wave(x),
      known_noise ? Eigen::VectorXd(0.01 * draw(25, 1, 4).col(0)) : Eigen::VectorXd(Eigen::VectorXd::Zero(25)));
  const Eigen::VectorXd at = (Eigen::VectorXd(5) << -0.7, 0.2, -0.3, 0.4, -3.0).finished();
  gp.set_hyperparameters(Hyperparameters::unpack(at));
  const Eigen::VectorXd gradient = gp.log_marginal_likelihood_gradient();
  for (Eigen::Index j = 0; j < at.size(); ++j) {
    constexpr double h = 1e-5;
    double side[2];
    for (const int sign : {0, 1}) {
      Eigen::VectorXd moved = at;
      moved[j] += sign == 0 ? -h : h;
      gp.set_hyperparameters(Hyperparameters::unpack(moved));
      side[sign] = gp.log_marginal_likelihood();
    }
    EXPECT_NEAR(gradient[j], (side[1] - side[0]) / (2.0 * h), 1e-5 * (1.0 + std::abs(gradient[j])))
        << K::name << ", hyperparameter " << j << ", factor " << (form == CategoricalForm::as_factor) << ", profiled "
        << profiled << ", known noise " << known_noise;
  }
}

TEST(GaussianProcess, GradientsAreThoseOfDifferences) {
  for (const CategoricalForm form : {CategoricalForm::in_distance, CategoricalForm::as_factor}) {
    for (const bool profiled : {false, true}) {
      for (const bool known : {false, true}) {
        check_gradient<Matern12>(form, profiled, known);
        check_gradient<Matern32>(form, profiled, known);
        check_gradient<Matern52>(form, profiled, known);
        check_gradient<SquaredExponential>(form, profiled, known);
      }
    }
  }
}

TEST(Priors, GoldenLogDensities) {
  const auto file = golden("gp.json");
  for (const auto& c : file["log_priors"]) {
    const double log_x = std::log(c["x"].get<double>());
    if (c["kind"] == "lognormal") {
      expect_close(LogNormalPrior{c["mu"], c["sigma"]}(log_x).value, c["logpdf"], 1e-12, "lognormal");
      if (c.contains("dim") && c["sigma"].get<double>() > 1.5) {
        expect_close(dimension_scaled_lengthscale_prior(c["dim"].get<Eigen::Index>())(log_x).value, c["logpdf"], 1e-12,
                     "dimension scaled");
      }
    } else {
      ASSERT_EQ(c["kind"], "gamma");
      expect_close(GammaPrior{c["concentration"], c["rate"]}(log_x).value, c["logpdf"], 1e-12, "gamma");
    }
  }
}

TEST(Priors, SlopesAreThoseOfDifferences) {
  for (const Prior& prior : {Prior(NormalPrior{-0.3, 0.8}), Prior(LogNormalPrior{0.2, 1.3}),
                             Prior(GammaPrior{3.0, 6.0}), Prior(FlatPrior{})}) {
    constexpr double h = 1e-6;
    for (const double at : {-3.0, 0.1, 2.0}) {
      const double difference = (log_density(prior, at + h).value - log_density(prior, at - h).value) / (2.0 * h);
      EXPECT_NEAR(log_density(prior, at).slope, difference, 1e-6 * (1.0 + std::abs(difference)));
    }
  }
}

TEST(GaussianProcess, GoldenFactorAndPredictiveVariance) {
  const auto file = golden("gp.json");
  for (const auto& c : file["cases"]) {
    if (c["kernel"] != "matern52") continue;
    GaussianProcessOptions options;
    options.optimise = options.standardise = options.profile_mean = false;
    options.jitter = 0.0;
    Hyperparameters h;
    h.log_lengthscales = vector_in(c["lengthscales"]).array().log();
    h.log_signal_variance = std::log(c["signal_variance"].get<double>());
    h.log_noise_variance = std::log(c["noise_variance"].get<double>());
    options.start = h;
    GaussianProcess<> gp(options);
    gp.fit(matrix_in(file["X"]), vector_in(file["y"]));
    const Eigen::MatrixXd l = gp.factor();
    for (std::size_t i = 0; i < c["cholesky_rows"].size(); ++i) {
      const auto n = static_cast<Eigen::Index>(c["cholesky_rows"][i].size());
      expect_close(l.row(static_cast<Eigen::Index>(i)).head(n).transpose(), c["cholesky_rows"][i], 1e-10, "factor");
    }
    const Eigen::VectorXd variance =
        gp.predict(matrix_in(file["X_test"])).stddev.array().square() + c["noise_variance"].get<double>();
    expect_close(variance, c["predictive_variance"], 1e-8, "predictive variance");
  }
}

TEST(GaussianProcess, LeavingOneOutIsConditioningWithoutIt) {
  const Eigen::MatrixXd x = draw(15, 2, 5);
  const Eigen::VectorXd y = wave(x);
  GaussianProcessOptions options;
  options.standardise = options.profile_mean = false;
  GaussianProcess<> gp(options);
  gp.condition(x, y);
  const LeaveOneOut loo = gp.leave_one_out();
  const double noise = std::exp(gp.hyperparameters().log_noise_variance) + gp.jitter();
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    std::vector<Eigen::Index> others;
    for (Eigen::Index k = 0; k < x.rows(); ++k) {
      if (k != i) others.push_back(k);
    }
    GaussianProcess<> without(options);
    without.condition(x(others, Eigen::all), y(others));
    const Posterior p = without.predict(x.row(i));
    EXPECT_NEAR(loo.mean[i], p.mean[0], 1e-7);
    EXPECT_NEAR(loo.variance[i], p.stddev[0] * p.stddev[0] + noise, 1e-7);
  }
}

TEST(GaussianProcess, RepeatsAreOneObservationOfTheirMeanWithLessNoise) {
  const Eigen::MatrixXd x = draw(6, 2, 6);
  const Eigen::VectorXd y = wave(x);
  GaussianProcessOptions options;
  options.standardise = false;
  const double noise = 0.3;
  GaussianProcess<> merged(options), twice(options);
  Eigen::VectorXd known = Eigen::VectorXd::Zero(6);
  known[2] = noise / 2.0;
  merged.condition(x, y, known);
  Eigen::MatrixXd rows(7, 2);
  rows << x, x.row(2);
  Eigen::VectorXd targets(7), noises = Eigen::VectorXd::Zero(7);
  targets << y, y[2] + 0.2;
  targets[2] -= 0.2;
  noises[2] = noises[6] = noise;
  twice.condition(rows, targets, noises);
  ASSERT_EQ(twice.size(), 6);
  const Eigen::MatrixXd at = draw(20, 2, 7);
  // Their own noise counts half as well: the difference that is left is 1e-3 / 2 of the default noise.
  EXPECT_LT((twice.predict(at).mean - merged.predict(at).mean).cwiseAbs().maxCoeff(), 2e-3);

  GaussianProcess<> grown(options);
  grown.condition(rows.topRows(6), targets.head(6), noises.head(6));
  grown.update(rows.row(6).transpose(), targets[6], noises[6]);
  EXPECT_LT((grown.predict(at).mean - twice.predict(at).mean).cwiseAbs().maxCoeff(), 1e-10);
}

TEST(GaussianProcess, ScalesAndShiftsChangeNothingButTheUnit) {
  const Eigen::MatrixXd x = draw(20, 2, 8), at = draw(30, 2, 9);
  const Eigen::VectorXd y = wave(x);
  GaussianProcess<> plain;
  plain.fit(x, y);
  const Posterior p = plain.predict(at);
  for (const double scale : {1e150, 1e-150, 1e-8, -3.0}) {
    GaussianProcess<> gp;
    gp.fit(x, scale * y);
    const Posterior q = gp.predict(at);
    EXPECT_LT((q.mean / scale - p.mean).cwiseAbs().maxCoeff(), 1e-6) << scale;
    EXPECT_LT((q.stddev / std::abs(scale) - p.stddev).cwiseAbs().maxCoeff(), 1e-6) << scale;
    EXPECT_TRUE(gp.leave_one_out().mean.allFinite()) << scale;
    EXPECT_TRUE(std::isfinite(gp.log_marginal_likelihood())) << scale;
  }
  GaussianProcess<> shifted;
  shifted.fit(x, (y.array() + 1e6).matrix());
  EXPECT_LT(((shifted.predict(at).mean.array() - 1e6).matrix() - p.mean).cwiseAbs().maxCoeff(), 1e-4);
}

TEST(GaussianProcess, StandsRowsThatNearlyCoincide) {
  Eigen::MatrixXd x = draw(40, 2, 10);
  for (Eigen::Index i = 20; i < 40; ++i) x.row(i) = x.row(i - 20).array() + 1e-13;
  GaussianProcessOptions options;
  options.jitter = 0.0;
  Hyperparameters h = default_hyperparameters(2);
  h.log_noise_variance = -std::numeric_limits<double>::infinity();
  options.start = h;
  options.optimise = false;
  GaussianProcess<> gp(options);
  gp.fit(x, wave(x));
  EXPECT_GT(gp.jitter(), 0.0);
  const Posterior p = gp.predict(draw(50, 2, 11));
  EXPECT_TRUE(p.mean.allFinite() && p.stddev.allFinite());
  Random random(1);
  Eigen::MatrixXd same(30, 2);
  same.rowwise() = x.row(0);
  EXPECT_TRUE(gp.sample(same, random, 5).allFinite());
}

TEST(GaussianProcess, ErrorsSayWhichNumberIsNone) {
  Eigen::MatrixXd x = draw(5, 2, 12);
  Eigen::VectorXd y = x.col(0);
  const auto message = [&](const Eigen::MatrixXd& rows, const Eigen::VectorXd& targets, const Eigen::VectorXd& noise) {
    try {
      GaussianProcess<>().fit(rows, targets, noise);
    } catch (const InvalidArgument& e) {
      return std::string(e.what());
    }
    return std::string("no error");
  };
  const Eigen::VectorXd none = Eigen::VectorXd::Zero(5);
  Eigen::VectorXd bad = y;
  bad[3] = std::nan("");
  EXPECT_EQ(message(x, bad, none), "GaussianProcess: y[3]: nan is not finite");
  Eigen::VectorXd negative = none;
  negative[1] = -1.0;
  EXPECT_EQ(message(x, y, negative), "GaussianProcess: noise variance [1]: -1 is not in [0, inf)");
  x(4, 1) = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message(x, y, none), "GaussianProcess: x(4, 1): inf is not finite");
  GaussianProcess<> gp;
  EXPECT_THROW(gp.predict(x), InvalidArgument);
  GaussianProcessOptions options;
  options.tolerance = -1.0;
  EXPECT_THROW(GaussianProcess<>{options}, InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::surrogate
