#include "bayestuner/core/normal.hpp"

#include "golden.hpp"

namespace bayestuner {
namespace {

TEST(Normal, GoldenTails) {
  const auto file = golden("acquisition.json");
  for (const auto& row : file["log_h"]) {
    const double z = row["z"];
    const std::string at = "z = " + std::to_string(z);
    if (std::abs(z) < 1e3)
      EXPECT_NEAR(log_h(z), row["log_h"].get<double>(), 1e-10) << at;
    else
      expect_close(log_h(z), row["log_h"], 1e-14, at);
    expect_close(log_normal_cdf(z), row["log_ndtr"], 1e-10, at);
    expect_close(log_h_derivative(z), row["dlogh_dz"], 1e-10, at);
  }
  for (const auto& row : file["log1mexp"]) expect_close(log1mexp(row["x"]), row["log1mexp"], 1e-12, "log1mexp");
  for (const auto& row : file["erfcx"]) expect_close(erfcx(row["x"]), row["erfcx"], 1e-12, "erfcx");
  for (const auto& row : file["log_prob_normal_in"]) {
    expect_close(log_prob_normal_in(row["a"], row["b"]), row["log_prob"], 1e-10, "log_prob_normal_in");
  }
}

TEST(Normal, VectorFormsAgreeWithScalarOnes) {
  const Eigen::VectorXd z = Eigen::VectorXd::LinSpaced(20'001, -60.0, 60.0);
  const Eigen::VectorXd v = log_normal_cdf(z);
  for (Eigen::Index i = 0; i < z.size(); ++i) {
    ASSERT_NEAR(v[i], log_normal_cdf(z[i]), 1e-12 * std::max(1.0, std::abs(v[i]))) << z[i];
  }
}

}  // namespace
}  // namespace bayestuner
