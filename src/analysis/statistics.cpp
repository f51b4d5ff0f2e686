#include "bayestuner/analysis/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/normal.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

namespace {

// P(range of k standard normal variables <= q): Simpson's rule over where the largest lies.
double studentised_range_cdf(int k, double q) {
  constexpr double low = -9.0, high = 9.0;
  constexpr int steps = 4000;
  const double h = (high - low) / steps;
  double sum = 0.0;
  for (int i = 0; i <= steps; ++i) {
    const double z = low + h * i, weight = i == 0 || i == steps ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
    sum += weight * normal_pdf(z) * std::pow(normal_cdf(z) - normal_cdf(z - q), k - 1);
  }
  return k * sum * h / 3.0;
}

double studentised_range_quantile(int k, double p) {
  double low = 0.0, high = 20.0;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (studentised_range_cdf(k, middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

// P(sum of the doubled ranks that fall positive <= limit), every sign being as likely as the other.
double signed_rank_cdf(const std::vector<std::size_t>& doubled, std::size_t limit) {
  std::vector<double> mass{1.0};
  for (const std::size_t rank : doubled) {
    std::vector<double> next(mass.size() + rank, 0.0);
    for (std::size_t s = 0; s < mass.size(); ++s) {
      next[s] += 0.5 * mass[s];
      next[s + rank] += 0.5 * mass[s];
    }
    mass = std::move(next);
  }
  return std::accumulate(mass.begin(), mass.begin() + static_cast<std::ptrdiff_t>(std::min(limit + 1, mass.size())),
                         0.0);
}

}  // namespace

Eigen::VectorXd midranks(const Eigen::Ref<const Eigen::VectorXd>& values, double tie) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(values.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) { return values[a] < values[b]; });
  Eigen::VectorXd ranks(values.size());
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    for (end = begin + 1; end < order.size() && values[order[end]] - values[order[end - 1]] <= tie;) ++end;
    const double shared = 0.5 * static_cast<double>(begin + 1 + end);
    for (std::size_t i = begin; i < end; ++i) ranks[order[i]] = shared;
  }
  return ranks;
}

SignedRank wilcoxon_signed_rank(const Eigen::Ref<const Eigen::VectorXd>& differences, double tie) {
  std::vector<double> kept;
  for (const double d : differences) {
    if (std::abs(d) > tie) kept.push_back(d);
  }
  if (kept.empty()) return {};
  const auto n = static_cast<Eigen::Index>(kept.size());
  const Eigen::VectorXd d = Eigen::VectorXd::Map(kept.data(), n), ranks = midranks(d.cwiseAbs(), tie);
  const double positive = (d.array() > 0.0).select(ranks, 0.0).sum(), total = ranks.sum();
  SignedRank out{.statistic = std::min(positive, total - positive)};
  if (n <= 300) {
    std::vector<std::size_t> doubled;
    for (const double r : ranks) doubled.push_back(static_cast<std::size_t>(std::lround(2.0 * r)));
    out.p_value =
        std::min(1.0, 2.0 * signed_rank_cdf(doubled, static_cast<std::size_t>(std::lround(2.0 * out.statistic))));
    return out;
  }
  const double deviation = 0.5 * ranks.norm();
  const double z = std::min(0.0, (out.statistic - 0.5 * total + 0.5) / deviation);
  out.p_value = std::min(1.0, 2.0 * normal_cdf(z));
  return out;
}

Friedman friedman(const Eigen::Ref<const Eigen::MatrixXd>& table, double tie) {
  const auto n = static_cast<double>(table.rows()), k = static_cast<double>(table.cols());
  Friedman out{.mean_ranks = Eigen::VectorXd::Zero(table.cols())};
  double squares = 0.0;
  for (Eigen::Index i = 0; i < table.rows(); ++i) {
    const Eigen::VectorXd ranks = midranks(table.row(i).transpose(), tie);
    out.mean_ranks += ranks / n;
    squares += ranks.squaredNorm();
  }
  if (table.rows() < 2 || table.cols() < 2) return out;
  const double centre = n * k * (k + 1.0) * (k + 1.0) / 4.0, spread = squares - centre;
  if (spread <= 1e-9 * centre) return out;
  out.statistic = (k - 1.0) * n * (n * out.mean_ranks.squaredNorm() - centre) / spread;
  out.p_value =
      boost::math::cdf(boost::math::complement(boost::math::chi_squared(k - 1.0), std::max(out.statistic, 0.0)));
  const double left = n * (k - 1.0) - out.statistic;
  out.f_statistic =
      left > 1e-9 * n ? std::max(0.0, (n - 1.0) * out.statistic / left) : std::numeric_limits<double>::infinity();
  out.f_p_value = std::isinf(out.f_statistic)
                      ? 0.0
                      : boost::math::cdf(boost::math::complement(boost::math::fisher_f(k - 1.0, (k - 1.0) * (n - 1.0)),
                                                                 out.f_statistic));
  return out;
}

std::vector<double> holm(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> out(p_values.size());
  double largest = 0.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - i) * p_values[order[i]]));
    out[order[i]] = largest;
  }
  return out;
}

double nemenyi_critical_difference(int k, std::size_t n, double alpha) {
  if (k < 2) throw InvalidArgument("nemenyi_critical_difference: k: " + to_text(k) + " is not at least 2");
  if (n < 1) throw InvalidArgument("nemenyi_critical_difference: n: 0 is not at least 1");
  if (!(alpha > 0.0 && alpha < 1.0)) {
    throw InvalidArgument("nemenyi_critical_difference: alpha: " + to_text(alpha) + " is not in (0, 1)");
  }
  const double q = studentised_range_quantile(k, 1.0 - alpha) / std::sqrt(2.0);
  return q * std::sqrt(k * (k + 1.0) / (6.0 * static_cast<double>(n)));
}

}  // namespace bayestuner::analysis
