#include "bayestuner/selection/optimum_estimators.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/selection/candidates.hpp"
#include "bayestuner/selection/detail/scratch.hpp"
#include "bayestuner/selection/support_vectors.hpp"

namespace bayestuner::selection {

namespace {

constexpr int votes = 5;  // the paper's K

AnyEstimator classifier(const std::string& kind, std::uint64_t seed) {
  if (kind == "knn") return KnnEstimator(votes);
  if (kind == "svm") return SvmEstimator({}, seed);
  if (kind == "dt") return TreesEstimator(TreesEstimator::Kind::tree, seed);
  throw InvalidArgument("stage: '" + kind + "' is none of knn, svm, dt");
}

ScoreMatrix scores_of(const TrainingSet& data, const char* who) {
  if (!data.success) throw InvalidArgument(std::string(who) + ": the scores are no successes");
  return {.models = {}, .values = data.y, .known = data.known};
}

Eigen::VectorXd cost_of(const TrainingSet& data) {
  return data.cost.size() != 0 ? data.cost : Eigen::VectorXd::Zero(data.y.cols());
}

// The same rows with other scores, all known.
TrainingSet with_scores(const TrainingSet& data, Eigen::MatrixXd y) {
  return {.x = data.x, .y = std::move(y), .known = {}, .index = data.index};
}

// n times the Gini impurity, up to the sum of counts: what a split makes greater.
double purity(const std::vector<double>& count, double n) {
  double squares = 0.0;
  for (const double c : count) squares += c * c;
  return n > 0.0 ? squares / n : 0.0;
}

}  // namespace

StagedEstimator::StagedEstimator(std::vector<std::string> kinds, std::uint64_t seed)
    : kinds_(std::move(kinds)), seed_(seed) {
  if (kinds_.empty()) throw InvalidArgument("stage: none is given");
  for (const std::string& kind : kinds_) classifier(kind, seed);
}

void StagedEstimator::make_stages() {
  stages_.clear();
  for (std::size_t s = 0; s < models_.size(); ++s) {
    stages_.push_back(classifier(kinds_[std::min(s, kinds_.size() - 1)], seed_));
  }
}

void StagedEstimator::fit(const TrainingSet& data) {
  const ScoreMatrix scores = scores_of(data, "stages");
  const Eigen::VectorXd cost = cost_of(data);
  models_ = choose_candidates(scores, cost).models;
  make_stages();
  const std::vector<int> optimum = optimum_of(scores, cost, models_);
  TrainingSet labels = with_scores(data, Eigen::MatrixXd(data.y.rows(), 1));
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    for (std::size_t i = 0; i < optimum.size(); ++i) {
      labels.y(static_cast<Eigen::Index>(i), 0) = optimum[i] == static_cast<int>(s) ? 1.0 : 0.0;
    }
    stages_[s].fit(labels);
  }
}

int StagedEstimator::neighbours() const {
  int most = 0;
  for (const AnyEstimator& stage : stages_) most = std::max(most, stage.neighbours());
  return most;
}

void StagedEstimator::predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const {
  std::fill(out.begin(), out.end(), 0.0);
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    stages_[s].predict(x, near, out.subspan(static_cast<std::size_t>(models_[s]), 1));
  }
}

ClassTree::Split ClassTree::best_split(const Eigen::MatrixXd& x, const std::vector<int>& label,
                                       std::vector<Eigen::Index>& rows, Eigen::Index min_leaf) const {
  const auto n = static_cast<Eigen::Index>(rows.size());
  const auto class_of = [&](Eigen::Index row) {
    return static_cast<std::size_t>(label[static_cast<std::size_t>(row)]);
  };
  std::vector<double> all(static_cast<std::size_t>(classes_), 0.0);
  for (const Eigen::Index row : rows) ++all[class_of(row)];
  Split best{.impurity = purity(all, static_cast<double>(n)) + 1e-9};
  if (n < 2 * min_leaf) return best;
  for (Eigen::Index column = 0; column < x.cols(); ++column) {
    std::sort(rows.begin(), rows.end(), [&](Eigen::Index a, Eigen::Index b) {
      return x(a, column) < x(b, column) || (x(a, column) == x(b, column) && a < b);
    });
    std::vector<double> below(all.size(), 0.0), above = all;
    for (Eigen::Index k = 1; k < n; ++k) {
      const Eigen::Index row = rows[static_cast<std::size_t>(k - 1)];
      ++below[class_of(row)];
      --above[class_of(row)];
      const double here = x(row, column), next = x(rows[static_cast<std::size_t>(k)], column);
      if (k < min_leaf || n - k < min_leaf || here == next) continue;
      const double pure = purity(below, static_cast<double>(k)) + purity(above, static_cast<double>(n - k));
      if (pure <= best.impurity) continue;
      const double middle = 0.5 * (here + next);
      best = {static_cast<int>(column), middle < next ? middle : here, pure};
    }
  }
  return best;
}

void ClassTree::fit(const Eigen::MatrixXd& x, const std::vector<int>& label, int classes, Eigen::Index min_leaf) {
  *this = {};
  classes_ = classes;
  std::vector<Eigen::Index> rows(label.size());
  std::iota(rows.begin(), rows.end(), Eigen::Index{0});
  std::vector<std::vector<Eigen::Index>> of_node{std::move(rows)};
  for (std::size_t node = 0; node < of_node.size(); ++node) {  // children are appended: breadth first
    std::vector<Eigen::Index> here = std::move(of_node[node]);
    std::vector<double> share(static_cast<std::size_t>(classes), 0.0);
    for (const Eigen::Index row : here) ++share[static_cast<std::size_t>(label[static_cast<std::size_t>(row)])];
    for (double& count : share) count /= static_cast<double>(here.size());
    share_.insert(share_.end(), share.begin(), share.end());
    const Split split = best_split(x, label, here, min_leaf);
    column_.push_back(split.column);
    threshold_.push_back(split.threshold);
    left_.push_back(split.column < 0 ? -1 : static_cast<int>(of_node.size()));
    right_.push_back(split.column < 0 ? -1 : static_cast<int>(of_node.size() + 1));
    if (split.column < 0) continue;
    const auto middle = std::stable_partition(
        here.begin(), here.end(), [&](Eigen::Index row) { return x(row, split.column) <= split.threshold; });
    of_node.emplace_back(here.begin(), middle);
    of_node.emplace_back(middle, here.end());
  }
}

std::span<const double> ClassTree::operator()(std::span<const double> x) const {
  std::size_t node = 0;
  while (column_[node] >= 0) {
    const bool left = x[static_cast<std::size_t>(column_[node])] <= threshold_[node];
    node = static_cast<std::size_t>(left ? left_[node] : right_[node]);
  }
  const auto classes = static_cast<std::size_t>(classes_);
  return std::span<const double>(share_).subspan(node * classes, classes);
}

MultiClassEstimator::MultiClassEstimator(Kind kind, std::uint64_t seed) : kind_(kind) {
  if (kind != Kind::tree) classes_ = classifier(kind == Kind::knn ? "knn" : "svm", seed);
}

void MultiClassEstimator::fit(const TrainingSet& data) {
  const ScoreMatrix scores = scores_of(data, "multi-class");
  const Eigen::Index n = data.y.rows(), m = data.y.cols();
  count_ = static_cast<std::size_t>(m);
  std::vector<Eigen::Index> all(count_);
  std::iota(all.begin(), all.end(), Eigen::Index{0});
  std::vector<int> label = optimum_of(scores, cost_of(data), all);
  for (int& l : label) l = l < 0 ? static_cast<int>(m) : l;
  if (kind_ == Kind::tree) {
    tree_.fit(data.x, label, static_cast<int>(m) + 1, std::max<Eigen::Index>(20, n / 100));
    return;
  }
  Eigen::MatrixXd one_hot = Eigen::MatrixXd::Zero(n, m + 1);
  for (Eigen::Index i = 0; i < n; ++i) one_hot(i, label[static_cast<std::size_t>(i)]) = 1.0;
  classes_.fit(with_scores(data, std::move(one_hot)));
}

void MultiClassEstimator::predict(std::span<const double> x, std::span<const Neighbour> near,
                                  std::span<double> out) const {
  if (kind_ == Kind::tree) {
    const std::span<const double> share = tree_(x);
    std::copy(share.begin(), share.begin() + static_cast<std::ptrdiff_t>(count_), out.begin());
    return;
  }
  detail::Scratch<double, 33> p(count_ + 1);
  classes_.predict(x, near, p);
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (std::size_t j = 0; j < count_; ++j) out[j] = sum > 0.0 ? p[j] / sum : 0.0;
}

bool predicts_optimum(const std::string& name) {
  return name == "cascade" || name.starts_with("multi-") || name.find('.') != std::string::npos;
}

}  // namespace bayestuner::selection
