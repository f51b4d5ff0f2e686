#include <algorithm>
#include <cmath>
#include <numeric>

#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/estimators.hpp"
#include "bayestuner/surrogate/detail/boosting_run.hpp"
#include "bayestuner/surrogate/detail/tree_builder.hpp"

namespace bayestuner::selection {

namespace {

namespace trees = surrogate::detail;
using Sum = TreesEstimator::Sum;
using Rows = std::vector<std::uint32_t>;

constexpr Eigen::Index histogram_bins = 64;

// Rows that were drawn at all, in their order.
Rows drawn(const std::vector<double>& draws) {
  Rows rows;
  for (std::uint32_t i = 0; i < draws.size(); ++i) {
    if (draws[i] > 0.0) rows.push_back(i);
  }
  return rows;
}

// A forest whose trees learn `rows` drawn with replacement, in proportion to the `weight` of each.
Sum grow_weighted_forest(const trees::FeatureTable& table, const surrogate::TreeOptions& options, const Rows& rows,
                         const Eigen::VectorXd& targets, const std::vector<double>& weight, int count,
                         const Random& base) {
  Sum out{.shift = 0.0, .factor = 1.0 / count, .trees = {}};
  trees::TreeBuilder builder(table, options, trees::Ties::any_column);
  std::vector<double> upto(weight.size());
  std::partial_sum(weight.begin(), weight.end(), upto.begin());
  std::vector<double> draws(static_cast<std::size_t>(table.rows()));
  for (int t = 0; t < count; ++t) {
    Random random = base.fork(static_cast<std::uint64_t>(t));
    std::fill(draws.begin(), draws.end(), 0.0);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const auto at = std::upper_bound(upto.begin(), upto.end() - 1, random.uniform() * upto.back()) - upto.begin();
      draws[rows[static_cast<std::size_t>(at)]] += 1.0;
    }
    builder.grow(drawn(draws), targets.data(), draws.data(), random, out.trees);
  }
  return out;
}

Eigen::Index share(Eigen::Index n, Eigen::Index part, Eigen::Index least, Eigen::Index most) {
  return std::clamp(n / part, least, most);
}

}  // namespace

double TreesEstimator::Sum::operator()(std::span<const double> x) const {
  double sum = 0.0;
  trees.for_leaves(Eigen::Map<const Eigen::MatrixXd>(x.data(), 1, static_cast<Eigen::Index>(x.size())), 0,
                   trees.trees(),
                   [&](Eigen::Index, Eigen::Index, const std::int32_t* leaf) { sum += trees.value(*leaf); });
  return shift + factor * sum;
}

void JointForest::fit(const TrainingSet& data) {
  const Eigen::Index n = data.x.rows(), p = data.x.cols(), m = data.y.cols();
  constexpr int count = 150;
  success_ = data.success;
  trees_ = {};
  values_.clear();
  mean_.assign(static_cast<std::size_t>(m), 0.0);
  Eigen::MatrixXd off = Eigen::MatrixXd::Zero(n, m);  // of each known score from its model's mean
  for (Eigen::Index j = 0; j < m; ++j) {
    const std::vector<Eigen::Index> rows = data.known_rows(j);
    double& mean = mean_[static_cast<std::size_t>(j)];
    for (const Eigen::Index i : rows) mean += data.y(i, j) / static_cast<double>(rows.size());
    for (const Eigen::Index i : rows) off(i, j) = data.y(i, j) - mean;
  }
  const trees::FeatureTable table(data.x, histogram_bins);
  const surrogate::TreeOptions options{.min_leaf = share(n, 100, 1, 20), .features = std::max<Eigen::Index>(1, p / 2)};
  trees::TreeBuilder builder(table, options, trees::Ties::any_column);
  std::vector<double> draws(static_cast<std::size_t>(n));
  Eigen::VectorXd direction(m);
  for (int t = 0; t < count; ++t) {
    Random random = Random(seed_, 0x5e1e).fork(static_cast<std::uint64_t>(t));
    for (double& d : direction) d = random.normal();
    const Eigen::VectorXd target = off * direction;
    std::fill(draws.begin(), draws.end(), 0.0);
    for (Eigen::Index k = 0; k < n; ++k) draws[random.below(draws.size())] += 1.0;
    builder.grow(drawn(draws), target.data(), draws.data(), random, trees_);
    values_.resize(trees_.nodes().size() * static_cast<std::size_t>(m), 0.0);
    for (const trees::TreeBuilder::Leaf& leaf : builder.leaves()) {
      double* const value = values_.data() + static_cast<std::ptrdiff_t>(leaf.node * m);
      for (Eigen::Index j = 0; j < m; ++j) {
        double sum = 0.0, weight = 0.0;
        for (std::size_t k = leaf.begin; k < leaf.end; ++k) {
          const std::uint32_t row = builder.order()[k];
          if (!data.is_known(row, j)) continue;
          sum += draws[row] * off(row, j);
          weight += draws[row];
        }
        value[j] = weight > 0.0 ? sum / (weight * count) : 0.0;
      }
    }
  }
}

void JointForest::predict(std::span<const double> x, std::span<const Neighbour>, std::span<double> out) const {
  const std::size_t m = mean_.size();
  std::copy(mean_.begin(), mean_.end(), out.begin());
  trees_.for_leaves(Eigen::Map<const Eigen::MatrixXd>(x.data(), 1, static_cast<Eigen::Index>(x.size())), 0,
                    trees_.trees(), [&](Eigen::Index, Eigen::Index, const std::int32_t* leaf) {
                      const double* const value = values_.data() + static_cast<std::size_t>(*leaf) * m;
                      for (std::size_t j = 0; j < m; ++j) out[j] += value[j];
                    });
  if (!success_) return;
  for (double& value : out) value = std::clamp(value, 0.0, 1.0);
}

void TreesEstimator::fit(const TrainingSet& data) {
  const Eigen::Index n = data.x.rows();
  success_ = data.success;
  models_.clear();
  const trees::FeatureTable table(data.x, histogram_bins);
  for (Eigen::Index j = 0; j < data.y.cols(); ++j) {
    const std::vector<Eigen::Index> rows = data.known_rows(j);
    if (rows.empty()) {
      models_.emplace_back();
      continue;
    }
    const Eigen::VectorXd y = data.y.col(j);
    Random random(seed_, 0x5e1e + static_cast<std::uint64_t>(j));
    if (kind_ == Kind::tree) {
      const surrogate::TreeOptions options{.min_leaf = std::max<Eigen::Index>(20, n / 100)};
      trees::TreeBuilder builder(table, options);
      models_.emplace_back();
      builder.grow(Rows(rows.begin(), rows.end()), y.data(), nullptr, random, models_.back().trees);
    } else {
      // Squared loss: on 0/1 its minimiser is the probability too, and the steps stay small.
      const Eigen::MatrixXd x = data.x(rows, Eigen::all);
      const surrogate::TreeOptions options{.max_depth = 3, .min_leaf = share(n, 20, 2, 40), .max_bins = histogram_bins};
      trees::BoostingRun run(x, y(rows), trees::LossFunction(surrogate::BoostingLoss::squared, 0.5), options, 0.05, 1.0,
                             random);
      for (int stage = 0; stage < 120; ++stage) run.advance();
      models_.push_back({.shift = run.model().initial, .factor = run.model().rate, .trees = run.model().trees});
    }
  }
}

void TreesEstimator::predict(std::span<const double> x, std::span<const Neighbour>, std::span<double> out) const {
  for (std::size_t j = 0; j < models_.size(); ++j) {
    const double value = models_[j](x);
    out[j] = success_ ? std::clamp(value, 0.0, 1.0) : value;
  }
}

void PairwiseForest::fit(const TrainingSet& data) {
  const Eigen::Index p = data.x.cols(), m = data.y.cols();
  count_ = static_cast<int>(m);
  pairs_.clear();
  const trees::FeatureTable table(data.x, histogram_bins);
  const auto columns = static_cast<Eigen::Index>(std::ceil(std::sqrt(static_cast<double>(p))));
  for (Eigen::Index a = 0; a < m; ++a) {
    for (Eigen::Index b = a + 1; b < m; ++b) {
      Rows rows;
      std::vector<double> stake;
      Eigen::VectorXd first_wins = Eigen::VectorXd::Zero(data.y.rows());
      for (Eigen::Index i = 0; i < data.y.rows(); ++i) {
        if (!data.is_known(i, a) || !data.is_known(i, b) || data.y(i, a) == data.y(i, b)) continue;
        rows.push_back(static_cast<std::uint32_t>(i));
        // Utilities of cost-like scores are logs; at stake are seconds.
        stake.push_back(data.success || !data.cost_like
                            ? std::abs(data.y(i, a) - data.y(i, b))
                            : std::abs(std::pow(10.0, -data.y(i, a)) - std::pow(10.0, -data.y(i, b))));
        first_wins[i] = data.y(i, a) > data.y(i, b) ? 1.0 : 0.0;
      }
      if (rows.empty()) {
        pairs_.push_back({.shift = 0.5, .factor = 0.0, .trees = {}});
        continue;
      }
      const surrogate::TreeOptions options{.min_leaf = 1, .features = columns};
      const Random random(seed_, 0xba12 + static_cast<std::uint64_t>(a * m + b));
      pairs_.push_back(grow_weighted_forest(table, options, rows, first_wins, stake, m < 12 ? 60 : 30, random));
    }
  }
}

void PairwiseForest::predict(std::span<const double> x, std::span<const Neighbour>, std::span<double> out) const {
  std::fill(out.begin(), out.end(), 0.0);
  const auto m = static_cast<std::size_t>(count_);
  std::size_t pair = 0;
  for (std::size_t a = 0; a < m; ++a) {
    for (std::size_t b = a + 1; b < m; ++b) {
      const double p = pairs_[pair++](x), win = p > 0.5 ? 1.0 : p < 0.5 ? 0.0 : 0.5;
      out[a] += win;
      out[b] += 1.0 - win;
    }
  }
  for (std::size_t j = 0; j < m; ++j) out[j] /= static_cast<double>(m - 1);
}

}  // namespace bayestuner::selection
