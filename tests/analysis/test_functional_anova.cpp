#include "bayestuner/analysis/functional_anova.hpp"

#include "analysis/fixtures.hpp"
#include "analysis/variance_split.hpp"
#include "bayestuner/analysis/importance.hpp"
#include "bayestuner/analysis/partial_dependence.hpp"
#include "bayestuner/core/error.hpp"
#include "golden.hpp"

namespace bayestuner::analysis {

namespace {

// The golden 3 x 4 x 2 table as measurements in any order.
Sample golden_table(const nlohmann::json& table) {
  const space::DynamicSpace space(
      {space::integer("a", 0, 2), space::integer("b", 0, 3), space::categorical("c", {"x", "y"})});
  Sample sample{.space = space, .metric = "power_w"};
  std::vector<double> y;
  for (std::uint64_t k = 0; k < *space.count(); ++k) {
    const space::Point point = space.at((k * 7) % *space.count());
    sample.points.push_back(point);
    y.push_back(table[static_cast<std::size_t>(point[0])][static_cast<std::size_t>(point[1])]
                     [static_cast<std::size_t>(point[2])]);
  }
  sample.y = Eigen::VectorXd::Map(y.data(), static_cast<Eigen::Index>(y.size()));
  return sample;
}

const ParameterShare& share(const FunctionalAnova& all, const std::string& name) {
  for (const auto& p : all.parameters) {
    if (p.parameter == name) return p;
  }
  throw std::runtime_error("no parameter " + name);
}

double pair(const FunctionalAnova& all, const std::string& a, const std::string& b) {
  for (const auto& p : all.pairs) {
    if (p.first == a && p.second == b) return p.share.value;
  }
  throw std::runtime_error("no pair " + a + ", " + b);
}

}  // namespace

TEST(FunctionalAnova, OfAFullTableIsExact) {
  const auto expected = golden("misc.json")["functional_anova"];
  const auto found = functional_anova(golden_table(expected["table"]), {.surrogate = ""});
  const double variance = expected["variance"];
  EXPECT_NEAR(found.variance, variance, 1e-9 * variance);
  const auto component = [&](const char* key) { return expected["component_variances"][key].get<double>() / variance; };
  int i = 0;
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_NEAR(share(found, name).first.value, expected["first_order"][i], 1e-9) << name;
    EXPECT_NEAR(share(found, name).total.value, expected["total_order"][i], 1e-9) << name;
    EXPECT_EQ(share(found, name).total.low, share(found, name).total.value) << name;
    ++i;
  }
  EXPECT_NEAR(pair(found, "a", "b"), component("0,1"), 1e-9);
  EXPECT_NEAR(pair(found, "a", "c"), component("0,2"), 1e-9);
  EXPECT_NEAR(pair(found, "b", "c"), component("1,2"), 1e-9);
  EXPECT_NEAR(found.higher, component("0,1,2"), 1e-9);
  EXPECT_EQ(found.parameters[0].parameter, "a");
  EXPECT_EQ(nlohmann::json::parse(found.to_json())["parameters"][0]["parameter"], "a");
}

TEST(FunctionalAnova, SamplingAgreesWithTheTable) {
  const auto space = server();
  const Grid grid = make_grid(space, 64);
  const auto f = [](const Eigen::MatrixXd& x) {
    Eigen::VectorXd y(x.rows());
    for (Eigen::Index i = 0; i < x.rows(); ++i) y[i] = power(x.row(i));
    return y;
  };
  const VarianceSplit exact = split_table(grid, f(grid.rows())), sampled = split_sampled(grid, 8192, 3, f);
  EXPECT_NEAR(sampled.variance, exact.variance, 0.02 * exact.variance);
  for (Eigen::Index i = 0; i < 3; ++i) {
    EXPECT_NEAR(sampled.first[i], exact.first[i], 0.02) << i;
    EXPECT_NEAR(sampled.total[i], exact.total[i], 0.02) << i;
  }
  EXPECT_NEAR(sampled.pairs(0, 1), exact.pairs(0, 1), 0.03);
  EXPECT_GT(exact.pairs(0, 1), 0.05);
  EXPECT_NEAR(exact.pairs(0, 2), 0.0, 1e-12);
}

TEST(FunctionalAnova, OfAModelFindsWhatTheSampleCameFrom) {
  const Sample sample = sample_from(server(), 60, power, 0.1);
  for (const char* name : {"gp", "forest", "polynomial"}) {
    const auto found = functional_anova(sample, {.surrogate = name, .resamples = 10});
    EXPECT_EQ(found.parameters[0].parameter, "cores") << name;
    EXPECT_GT(share(found, "cores").total.value, 0.7) << name;
    EXPECT_LE(share(found, "cores").total.low, share(found, "cores").total.high) << name;
    EXPECT_EQ(found.evaluations, 16u * 10u * 3u) << name;
  }
  // Beyond max_cells the same by sampling.
  const auto sampled = functional_anova(sample, {.max_cells = 100, .resamples = 0});
  const auto whole = functional_anova(sample, {.resamples = 0});
  EXPECT_NEAR(share(sampled, "cores").total.value, share(whole, "cores").total.value, 0.05);
  EXPECT_EQ(sampled.evaluations, 1024u * (2u + 3u + 3u));
}

TEST(FunctionalAnova, SaysWhatItCannotDo) {
  const Sample sample = sample_from(server(), 30, power);
  try {
    (void)functional_anova(sample, {.surrogate = ""});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("every combination of values must be measured"), std::string::npos);
  }
  EXPECT_THROW((void)functional_anova(sample, {.surrogate = "oracle"}), InvalidArgument);
  EXPECT_THROW((void)functional_anova(sample, {.confidence = 1.0}), InvalidArgument);
  EXPECT_THROW((void)functional_anova(sample_from(server(), 2, power)), InvalidArgument);
  const auto constant = functional_anova(sample_from(server(), 20, [](const auto&) { return 3.0; }));
  EXPECT_NE(constant.note.find("nothing depends on anything"), std::string::npos) << constant.to_text();
}

TEST(Importance, OrdersParametersByEveryMeasure) {
  const auto found = importance(sample_from(server(), 80, power, 0.1), {.resamples = 5});
  ASSERT_EQ(found.parameters.size(), 3u);
  EXPECT_EQ(found.parameters[0].parameter, "cores");
  EXPECT_GT(found.parameters[0].permutation.low, found.parameters[2].permutation.high);
  EXPECT_GT(found.parameters[0].impurity, 0.5);
}

TEST(PartialDependence, FollowsTheFunction) {
  const Sample sample = sample_from(server(), 120, power, 0.05);
  const auto cores = partial_dependence(sample, {"cores"});
  ASSERT_EQ(cores.points.size(), 16u);
  EXPECT_EQ(cores.points[0].values, (std::vector<std::string>{"1"}));
  // 10 cores on [-1, 1], and what the rest adds on average.
  EXPECT_NEAR(cores.points[15].mean.value - cores.points[0].mean.value, 20.0, 1.0);
  for (const auto& p : cores.points) EXPECT_LE(p.mean.low, p.mean.high);
  const auto both = partial_dependence(sample, {"runtime", "batch"}, {.resamples = 0});
  ASSERT_EQ(both.points.size(), 30u);
  EXPECT_EQ(both.points[10].values, (std::vector<std::string>{"tvm", "1"}));
  EXPECT_NEAR(both.points[10].mean.value - both.points[0].mean.value, 5.0, 0.7);
  EXPECT_EQ(nlohmann::json::parse(both.to_json())["points"].size(), 30u);
}

TEST(PartialDependence, RefusesWhatItDoesNotKnow) {
  const Sample sample = sample_from(server(), 30, power);
  EXPECT_THROW((void)partial_dependence(sample, {"clock"}), InvalidArgument);
  EXPECT_THROW((void)partial_dependence(sample, {}), InvalidArgument);
  EXPECT_THROW((void)partial_dependence(sample, {"cores", "cores"}), InvalidArgument);
  EXPECT_THROW((void)partial_dependence(sample, {"cores"}, {.max_values = 1}), InvalidArgument);
}

}  // namespace bayestuner::analysis
