#include "bayestuner/analysis/statistics.hpp"

#include "bayestuner/core/error.hpp"
#include "golden.hpp"

namespace bayestuner::analysis {

TEST(Statistics, MidranksShareWhatIsEqual) {
  EXPECT_EQ(midranks(Eigen::Vector4d(3, 1, 3, 2)), Eigen::Vector4d(3.5, 1, 3.5, 2));
  EXPECT_EQ(midranks(Eigen::Vector3d(1.0, 1.05, 2.0), 0.1), Eigen::Vector3d(1.5, 1.5, 3));
  EXPECT_EQ(midranks(Eigen::VectorXd()).size(), 0);
}

TEST(Statistics, AgreeWithKnownValues) {
  const auto known = golden("misc.json")["statistics"];
  const SignedRank test = wilcoxon_signed_rank(vector_in(known["a"]) - vector_in(known["b"]));
  EXPECT_DOUBLE_EQ(test.statistic, known["wilcoxon_two_sided"]["statistic"]);
  EXPECT_NEAR(test.p_value, known["wilcoxon_two_sided"]["p"], 1e-12);
  const Friedman ranks = friedman(matrix_in(known["friedman"]["table"]));
  EXPECT_NEAR(ranks.statistic, known["friedman"]["statistic"], 1e-12);
  EXPECT_NEAR(ranks.p_value, known["friedman"]["p"], 1e-12);
  expect_close(ranks.mean_ranks, known["friedman"]["mean_ranks"], 1e-12, "mean ranks");
}

// Demsar 2006, section 3.2.4: C4.5 with three tunings on 14 data sets.
TEST(Statistics, RepeatAPublishedExample) {
  Eigen::MatrixXd loss(14, 4);
  loss << .763, .768, .771, .798, .599, .591, .590, .569, .954, .971, .968, .967, .628, .661, .654, .657, .882, .888,
      .886, .898, .936, .931, .916, .931, .661, .668, .609, .685, .583, .583, .563, .625, .775, .838, .866, .875, 1, 1,
      1, 1, .940, .962, .965, .962, .619, .666, .614, .669, .972, .981, .9751, .975, .957, .978, .946, .970;
  const Friedman test = friedman(-loss);
  EXPECT_NEAR(test.mean_ranks[0], 3.143, 5e-4);
  EXPECT_NEAR(test.mean_ranks[1], 2.000, 5e-4);
  EXPECT_NEAR(test.mean_ranks[2], 2.893, 5e-4);
  EXPECT_NEAR(test.mean_ranks[3], 1.964, 5e-4);
  EXPECT_NEAR(nemenyi_critical_difference(4, 14), 1.25, 5e-3);
  EXPECT_NEAR(nemenyi_critical_difference(4, 14, 0.10), 1.12, 5e-3);
}

TEST(Statistics, NemenyiQuantilesAreThoseOfTheTable) {  // Demsar 2006, table 5a
  const double q05[] = {1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164};
  for (int k = 2; k <= 10; ++k) {
    EXPECT_NEAR(nemenyi_critical_difference(k, 1) / std::sqrt(k * (k + 1) / 6.0), q05[k - 2], 1.1e-3) << k;
  }
}

TEST(Statistics, SignedRankIsExactWithSharedRanksAndNormalFarOut) {
  // |d| all equal: the number of positive ones is binomial.
  EXPECT_NEAR(wilcoxon_signed_rank(Eigen::VectorXd::Ones(8)).p_value, 2.0 / 256.0, 1e-15);
  EXPECT_EQ(wilcoxon_signed_rank(Eigen::VectorXd::Zero(8)).p_value, 1.0);
  EXPECT_EQ(wilcoxon_signed_rank(Eigen::Vector2d(1.0, -1.0)).p_value, 1.0);
  const auto wave = [](Eigen::Index n) { return Eigen::VectorXd(Eigen::ArrayXd::LinSpaced(n, 0, 40.0).sin() + 0.1); };
  const double exact = wilcoxon_signed_rank(wave(300)).p_value, normal = wilcoxon_signed_rank(wave(301)).p_value;
  EXPECT_NEAR(std::log(exact), std::log(normal), 0.3);
}

TEST(Statistics, HolmStepsDownAndNeverFalls) {
  EXPECT_EQ(holm({0.01, 0.04, 0.03}), (std::vector<double>{0.03, 0.06, 0.06}));
  EXPECT_EQ(holm({0.9, 0.8}), (std::vector<double>{1.0, 1.0}));
  EXPECT_TRUE(holm({}).empty());
}

TEST(Statistics, SayNothingWhereNothingDiffers) {
  EXPECT_EQ(friedman(Eigen::MatrixXd::Ones(5, 3)).p_value, 1.0);
  EXPECT_EQ(friedman(Eigen::MatrixXd::Random(1, 3)).p_value, 1.0);
  EXPECT_EQ(friedman(Eigen::MatrixXd::Random(4, 1)).p_value, 1.0);
  Eigen::MatrixXd agreed(6, 2);
  agreed.col(0).setZero();
  agreed.col(1).setOnes();
  EXPECT_EQ(friedman(agreed).f_p_value, 0.0);
}

TEST(Statistics, RefuseWhatHasNoMeaning) {
  EXPECT_THROW((void)nemenyi_critical_difference(1, 5), InvalidArgument);
  EXPECT_THROW((void)nemenyi_critical_difference(3, 0), InvalidArgument);
  EXPECT_THROW((void)nemenyi_critical_difference(3, 5, 1.0), InvalidArgument);
}

}  // namespace bayestuner::analysis
