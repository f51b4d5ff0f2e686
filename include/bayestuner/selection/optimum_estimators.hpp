#pragma once
/// Estimators of which model is the optimum (the cheapest that answers), where others estimate whether each answers:
/// the alternatives that the paper compares its cascade with. Source: Taylor et al. 2018, doi:10.1145/3211332.3211336,
/// section 5.3.

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bayestuner/selection/concepts.hpp"
#include "bayestuner/selection/estimators.hpp"

namespace bayestuner::selection {

/// A binary classifier for each model of Algorithm 1, each of its own kind: whether that model is the optimum.
///
/// Written `knn.svm.dt`: kinds of the stages in order of inclusion, the last for all that follow. `predict` gives the
/// probability of being the optimum, 0 for models that were not included; policy `optimum` takes the first of at least
/// a half, as a cascade does.
class StagedEstimator {
 public:
  /// `kinds`: of knn (K = 5), svm, dt. Throws InvalidArgument for another, or none at all.
  explicit StagedEstimator(std::vector<std::string> kinds = {"knn"}, std::uint64_t seed = 0);
  /// Throws InvalidArgument for scores that are no successes, or where no model answers any input.
  void fit(const TrainingSet& data);
  int neighbours() const;
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  /// Of the stages, in order of inclusion.
  const std::vector<Eigen::Index>& models() const { return models_; }
  template <class A>
  void archive(A& a) {
    a(models_);
    if constexpr (A::reads) make_stages();
    for (AnyEstimator& stage : stages_) stage.archive(a);
  }

 private:
  void make_stages();

  std::vector<std::string> kinds_;
  std::uint64_t seed_;
  std::vector<Eigen::Index> models_;
  std::vector<AnyEstimator> stages_;
};

/// One tree over classes: splits by the Gini impurity. Source: Breiman, Friedman, Olshen & Stone 1984.
class ClassTree {
 public:
  /// Learns rows `x` (n, p) and the class of each, in [0, classes). A leaf holds at least `min_leaf` rows.
  void fit(const Eigen::MatrixXd& x, const std::vector<int>& label, int classes, Eigen::Index min_leaf);
  /// Shares of the classes in the leaf of `x` (p).
  std::span<const double> operator()(std::span<const double> x) const;
  template <class A>
  void archive(A& a);

 private:
  struct Split {
    int column = -1;
    double threshold = 0.0, impurity = 0.0;
  };
  Split best_split(const Eigen::MatrixXd& x, const std::vector<int>& label, std::vector<Eigen::Index>& rows,
                   Eigen::Index min_leaf) const;

  int classes_ = 0;
  std::vector<int> column_, left_, right_;  // of a node; column -1: a leaf
  std::vector<double> threshold_;           // x[column] <= threshold goes left
  std::vector<double> share_;               // (nodes, classes)
};

/// One classifier over the names of the models, with a class more for inputs that none answers.
///
/// `predict` gives the probability that a model is the optimum. Policy `optimum` takes a model of at least a half,
/// `max_score` the most probable one, whatever is left for none of them.
class MultiClassEstimator {
 public:
  enum class Kind : std::uint8_t {
    knn,  ///< K = 5
    svm,  ///< one against the rest
    tree
  };
  explicit MultiClassEstimator(Kind kind = Kind::knn, std::uint64_t seed = 0);
  /// Throws InvalidArgument for scores that are no successes.
  void fit(const TrainingSet& data);
  int neighbours() const { return kind_ == Kind::tree ? 0 : classes_.neighbours(); }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a) {
    a(count_), a(tree_);
    classes_.archive(a);
  }

 private:
  Kind kind_;
  std::size_t count_ = 0;  // models
  ClassTree tree_;
  AnyEstimator classes_;  // of knn and svm: one score a class, the last for none
};

static_assert(Estimator<StagedEstimator> && Estimator<MultiClassEstimator>);

/// Whether the estimator of this name predicts which model is the optimum: then policy `optimum` is the one to take.
bool predicts_optimum(const std::string& name);

template <class A>
void ClassTree::archive(A& a) {
  a(classes_), a(column_), a(left_), a(right_), a(threshold_), a(share_);
  if constexpr (A::reads) {
    const std::size_t n = column_.size();
    bool whole = classes_ >= 0 && left_.size() == n && right_.size() == n && threshold_.size() == n &&
                 share_.size() == n * static_cast<std::size_t>(classes_);
    for (std::size_t k = 0; whole && k < n; ++k) {
      const auto below = [&](int child) { return child > static_cast<int>(k) && child < static_cast<int>(n); };
      whole = column_[k] < 0 || (below(left_[k]) && below(right_[k]));
    }
    if (!whole) throw InvalidArgument("the file is damaged: its tree does not hang together");
  }
}

}  // namespace bayestuner::selection
