#pragma once
/// Rank statistics by which strategies are compared over tasks.

#include <Eigen/Core>
#include <vector>

namespace bayestuner::analysis {

/// Ranks (n) of `values` (n), 1 the smallest; values that differ by at most `tie` share the mean of their ranks.
Eigen::VectorXd midranks(const Eigen::Ref<const Eigen::VectorXd>& values, double tie = 0.0);

struct SignedRank {
  double statistic = 0.0;  ///< the smaller of the rank sums of positive and negative differences
  double p_value = 1.0;    ///< two-sided
};

/// Wilcoxon's signed-rank test of `differences` (n) being symmetric about 0; those within `tie` of 0 are left out.
/// Exact given the ranks, shared ones included, up to 300 differences; beyond by the normal law. Without differences p
/// is 1. Source: Wilcoxon 1945, doi:10.2307/3001968; Hollander, Wolfe & Chicken 2013, section 3.1.
SignedRank wilcoxon_signed_rank(const Eigen::Ref<const Eigen::VectorXd>& differences, double tie = 0.0);

struct Friedman {
  Eigen::VectorXd mean_ranks = {};  ///< (k)
  double statistic = 0.0;           ///< chi-square of k - 1 degrees of freedom, corrected for shared ranks
  double p_value = 1.0;
  double f_statistic = 0.0;  ///< Iman & Davenport 1980, less conservative; infinite where all blocks agree
  double f_p_value = 1.0;
};

/// Friedman's test of k treatments (columns) being alike in n blocks (rows); smaller is better. Where every block ties
/// throughout, or k or n is below 2, p is 1. Source: Friedman 1937, doi:10.1080/01621459.1937.10503522; both forms as
/// in Demsar 2006, section 3.2.2.
Friedman friedman(const Eigen::Ref<const Eigen::MatrixXd>& table, double tie = 0.0);

/// Holm's adjusted p-values, in the order given: at most alpha where the family-wise error rate alpha is kept.
/// Source: Holm 1979, Scand. J. Statist. 6, 65-70.
std::vector<double> holm(const std::vector<double>& p_values);

/// Mean ranks of k >= 2 treatments over n blocks that differ by at least this differ at level `alpha`: q sqrt(k (k + 1)
/// / (6 n)), q the studentised range's upper quantile over sqrt(2). Source: Nemenyi 1963; Demsar 2006, JMLR 7, 1-30.
double nemenyi_critical_difference(int k, std::size_t n, double alpha = 0.05);

}  // namespace bayestuner::analysis
