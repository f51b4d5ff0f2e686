#include "bayestuner/surrogate/gaussian_process.hpp"

#include "bayestuner/conformance/surrogate.hpp"
#include "bayestuner/surrogate/prediction_cache.hpp"
#include "golden.hpp"
#include "surrogate/draw.hpp"

namespace bayestuner::surrogate {
namespace {

// A process with given hyperparameters and zero mean, as the golden file has it.
template <class K>
GaussianProcess<K> given(const nlohmann::json& block, bool profiled = false, double mean = 0.0) {
  GaussianProcessOptions options;
  options.optimise = false;
  options.standardise = false;
  options.profile_mean = profiled;
  options.mean = mean;
  options.jitter = 0.0;
  Hyperparameters h;
  h.log_lengthscales = vector_in(block["lengthscales"]).array().log();
  h.log_signal_variance = std::log(block["signal_variance"].get<double>());
  h.log_noise_variance = block.contains("noise_variance") ? std::log(block["noise_variance"].get<double>())
                                                          : -std::numeric_limits<double>::infinity();
  options.start = h;
  return GaussianProcess<K>(options);
}

template <class K>
void check_case(const nlohmann::json& file, const nlohmann::json& c) {
  auto gp = given<K>(c);
  gp.fit(matrix_in(file["X"]), vector_in(file["y"]));
  const std::string kernel = c["kernel"];
  const Posterior p = gp.predict(matrix_in(file["X_test"]));
  expect_close(p.mean, c["mean"], 1e-8, kernel + " mean");
  expect_close(p.stddev.cwiseAbs2(), c["latent_variance"], 1e-8, kernel + " variance");
  expect_close(gp.log_marginal_likelihood(), c["log_marginal_likelihood"], 1e-8, kernel + " likelihood");
  const Eigen::VectorXd gradient = gp.log_marginal_likelihood_gradient();
  expect_close(gradient.head(3), c["dlml_dlog_lengthscales"], 1e-7, kernel + " d lengthscales");
  expect_close(gradient[3], c["dlml_dlog_signal_variance"], 1e-7, kernel + " d signal");
  expect_close(gradient[4], c["dlml_dlog_noise_variance"], 1e-7, kernel + " d noise");
  const LeaveOneOut loo = gp.leave_one_out();
  expect_close(loo.mean, c["loo_mean"], 1e-8, kernel + " loo mean");
  expect_close(loo.variance, c["loo_variance"], 1e-8, kernel + " loo variance");
  expect_close(loo.log_predictive_density, c["loo_log_predictive_density_sum"], 1e-8, kernel + " loo density");
}

TEST(GaussianProcess, KeepsTheContractWithEveryKernel) {
  conformance::expect_surrogate(GaussianProcess<Matern12>());
  conformance::expect_surrogate(GaussianProcess<Matern32>());
  conformance::expect_surrogate(GaussianProcess<Matern52>());
  conformance::expect_surrogate(GaussianProcess<SquaredExponential>());
}

TEST(GaussianProcess, GoldenKernels) {
  const auto file = golden("gp.json");
  int seen = 0;
  for (const auto& c : file["cases"]) {
    const std::string kernel = c["kernel"];
    ++seen;
    if (kernel == "matern12")
      check_case<Matern12>(file, c);
    else if (kernel == "matern32")
      check_case<Matern32>(file, c);
    else if (kernel == "matern52")
      check_case<Matern52>(file, c);
    else if (kernel == "rbf")
      check_case<SquaredExponential>(file, c);
    else
      ADD_FAILURE() << "unknown kernel " << kernel;
  }
  EXPECT_EQ(seen, 4);
}

TEST(GaussianProcess, GoldenKnownNoise) {
  const auto file = golden("gp.json");
  const auto& c = file["heteroscedastic"];
  auto gp = given<Matern52>(c);
  gp.fit(matrix_in(file["X"]), vector_in(file["y"]), vector_in(c["noise_variances"]));
  const Posterior p = gp.predict(matrix_in(file["X_test"]));
  expect_close(p.mean, c["mean"], 1e-8, "mean");
  expect_close(p.stddev.cwiseAbs2(), c["latent_variance"], 1e-8, "variance");
  expect_close(gp.log_marginal_likelihood(), c["log_marginal_likelihood"], 1e-8, "likelihood");
}

TEST(GaussianProcess, GoldenConstantMean) {
  const auto file = golden("gp.json");
  const auto& c = file["constant_mean"];
  auto gp = given<Matern52>(c, false, c["constant_mean"]);
  gp.fit(matrix_in(file["X"]), vector_in(file["y"]));
  const Posterior p = gp.predict(matrix_in(file["X_test"]));
  expect_close(p.mean, c["mean"], 1e-8, "mean");
  expect_close(gp.log_marginal_likelihood(), c["log_marginal_likelihood"], 1e-8, "likelihood");
  auto profiled = given<Matern52>(c, true);
  profiled.fit(matrix_in(file["X"]), vector_in(file["y"]));
  expect_close(profiled.mean(), file["gls_constant_mean_matern52"], 1e-8, "profiled mean");
}

TEST(GaussianProcess, GoldenJointCovariance) {
  const auto file = golden("gp.json");
  for (const auto& c : file["cases"]) {
    if (c["kernel"] != "matern52") continue;
    auto gp = given<Matern52>(c);
    gp.fit(matrix_in(file["X"]), vector_in(file["y"]));
    const Eigen::MatrixXd covariance = gp.joint(matrix_in(file["X_test"])).covariance;
    const Eigen::MatrixXd expected = matrix_in(file["joint_posterior_covariance_matern52"]);
    EXPECT_LT((covariance - expected).cwiseAbs().maxCoeff(), 1e-9 * expected.cwiseAbs().maxCoeff());
  }
}

TEST(GaussianProcess, GoldenLabels) {
  const auto file = golden("gp.json");
  const auto& c = file["mixed_categorical"];
  const auto with_label = [](const Eigen::MatrixXd& x, const nlohmann::json& labels) {
    Eigen::MatrixXd all(x.rows(), 3);
    all << x.leftCols(2), vector_in(labels);
    return all;
  };
  auto base = file["cases"][0];
  for (const auto& k : file["cases"]) {
    if (k["kernel"] == "matern52") base = k;
  }
  auto gp = given<Matern52>(base);
  Hyperparameters h = gp.hyperparameters();
  h = *gp.options().start;
  h.log_lengthscales[2] = std::log(c["cat_lengthscale"].get<double>());
  gp.options().start = h;
  gp.options().axes = {space::AxisKind::numeric, space::AxisKind::numeric, space::AxisKind::categorical};
  gp.options().categorical = CategoricalForm::as_factor;
  gp = GaussianProcess<Matern52>(gp.options());
  gp.fit(with_label(matrix_in(file["X"]), c["cat_train"]), vector_in(file["y"]));
  const Posterior p = gp.predict(with_label(matrix_in(file["X_test"]), c["cat_test"]));
  expect_close(p.mean, c["mean"], 1e-8, "mean");
  expect_close(gp.log_marginal_likelihood(), c["log_marginal_likelihood"], 1e-8, "likelihood");
}

void expect_finite(const GaussianProcess<>& gp, const Eigen::MatrixXd& x, const std::string& what) {
  const Posterior p = gp.predict(x);
  EXPECT_TRUE(p.mean.allFinite()) << what;
  EXPECT_TRUE(p.stddev.allFinite()) << what;
  EXPECT_GE(p.stddev.minCoeff(), 0.0) << what;
}

TEST(GaussianProcess, SurvivesAwkwardData) {
  const Eigen::MatrixXd x = draw(20, 3, 1), at = draw(50, 3, 2);
  const Eigen::VectorXd wave = (x.col(0) * 5).array().sin();
  for (const double scale : {1e150, 1e-150, 1.0}) {
    GaussianProcess<> gp;
    gp.fit(x, wave * scale);
    expect_finite(gp, at, "scale " + std::to_string(scale));
    const Posterior p = gp.predict(x);
    EXPECT_LT((p.mean / scale - wave).cwiseAbs().maxCoeff(), 0.2);
  }
  GaussianProcess<> constant;
  constant.fit(x, Eigen::VectorXd::Constant(20, 7.0));
  expect_finite(constant, at, "constant");
  EXPECT_NEAR(constant.predict(at).mean[0], 7.0, 1e-6);
  GaussianProcess<> one;
  one.fit(x.topRows(1), wave.head(1));
  expect_finite(one, at, "one point");
  GaussianProcess<> none;
  none.fit(Eigen::MatrixXd(0, 3), Eigen::VectorXd(0));
  expect_finite(none, at, "no point");
  Eigen::MatrixXd twice(40, 3);
  twice << x, x;
  Eigen::VectorXd both(40);
  both << wave, (wave.array() + 0.1).matrix();
  GaussianProcess<> duplicates;
  duplicates.fit(twice, both);
  expect_finite(duplicates, at, "duplicates");
  EXPECT_EQ(duplicates.size(), 20);
  Eigen::MatrixXd collinear = x;
  collinear.col(1) = collinear.col(0);
  collinear.col(2).setZero();
  GaussianProcess<> flat;
  flat.fit(collinear, wave);
  expect_finite(flat, at, "collinear");
}

TEST(GaussianProcess, RefusesWhatIsNotANumber) {
  Eigen::MatrixXd x = draw(5, 2, 3);
  Eigen::VectorXd y = x.col(0);
  GaussianProcess<> gp;
  EXPECT_THROW(gp.fit(x, y.head(4)), InvalidArgument);
  y[2] = std::nan("");
  EXPECT_THROW(gp.fit(x, y), InvalidArgument);
  x(0, 0) = std::numeric_limits<double>::infinity();
  EXPECT_THROW(gp.fit(x, Eigen::VectorXd::Zero(5)), InvalidArgument);
}

TEST(GaussianProcess, GrowingRowByRowIsTheWholeToTheLastBits) {
  const Eigen::MatrixXd x = draw(60, 3, 4);
  const Eigen::VectorXd y = (x.col(0) * 4).array().sin() + x.col(1).array();
  GaussianProcessOptions options;
  options.standardise = false;
  GaussianProcess<> first(options);
  first.fit(x.topRows(40), y.head(40));
  GaussianProcess<> whole = first;
  whole.condition(x, y);
  GaussianProcess<> grown = first;
  for (Eigen::Index i = 40; i < 60; ++i) grown.update(x.row(i).transpose(), y[i]);
  const Eigen::MatrixXd at = draw(100, 3, 5);
  EXPECT_LT((grown.predict(at).mean - whole.predict(at).mean).cwiseAbs().maxCoeff(), 1e-8);
  EXPECT_LT((grown.predict(at).stddev - whole.predict(at).stddev).cwiseAbs().maxCoeff(), 1e-7);

  // A second history of the same steps gives the same bits: what resuming relies on.
  GaussianProcess<> again = first;
  for (Eigen::Index i = 40; i < 60; ++i) again.update(x.row(i).transpose(), y[i]);
  EXPECT_EQ(again.predict(at).mean, grown.predict(at).mean);
}

TEST(PredictionCache, AgreesWithPredictAndGrowsWithTheProcess) {
  const Eigen::MatrixXd x = draw(50, 3, 6), at = draw(999, 3, 7);
  const Eigen::VectorXd y = (x.col(0) * 4).array().sin() + x.col(1).array();
  GaussianProcess<> gp;
  gp.fit(x.topRows(30), y.head(30));
  PredictionCache cache(at);
  for (Eigen::Index n = 30; n <= 50; ++n) {
    const Posterior fast = cache.posterior(gp), exact = gp.predict(at);
    ASSERT_LT((fast.mean - exact.mean).cwiseAbs().maxCoeff(), 2e-4) << n;
    ASSERT_LT((fast.stddev - exact.stddev).cwiseAbs().maxCoeff(), 2e-3) << n;
    PredictionCache fresh(at);
    ASSERT_EQ(fresh.posterior(gp).mean, fast.mean) << "built at once or grown: the same bits";
    if (n < 50) gp.update(x.row(n).transpose(), y[n]);
  }
}

TEST(GaussianProcess, DrawsHaveTheJointMoments) {
  const Eigen::MatrixXd x = draw(8, 2, 8), at = draw(3, 2, 9);
  GaussianProcess<> gp;
  gp.fit(x, x.col(0));
  Random random(1);
  const Eigen::MatrixXd draws = gp.sample(at, random, 20'000);
  const auto joint = gp.joint(at);
  const Eigen::VectorXd mean = draws.rowwise().mean();
  const double spread = std::sqrt(joint.covariance.diagonal().maxCoeff());
  EXPECT_LT((mean - joint.mean).cwiseAbs().maxCoeff(), 0.05 * spread + 1e-6);
}

}  // namespace
}  // namespace bayestuner::surrogate
