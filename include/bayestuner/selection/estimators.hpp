#pragma once
/// Estimators of what each model would score. Their formulas are compiled once, in src/selection.

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/selection/concepts.hpp"
#include "bayestuner/selection/detail/archive.hpp"
#include "bayestuner/surrogate/detail/tree_ensemble.hpp"

namespace bayestuner::selection {

/// The mean of every model, whatever the input: the reference that a selector must beat.
class ConstantEstimator {
 public:
  void fit(const TrainingSet& data);
  int neighbours() const { return 0; }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a) {
    a(mean_);
  }

 private:
  std::vector<double> mean_;
};

/// Mean over the nearest training rows. How many is chosen by the least mean squared error (for success scores: Brier
/// score) of predicting training rows from the others.
class KnnEstimator {
 public:
  /// `neighbours`: 0: chosen among 5, 10, 20, 50, 100, 200, 400 below 0.8 n.
  explicit KnnEstimator(int neighbours = 0) : wanted_(neighbours) {}
  void fit(const TrainingSet& data);
  int neighbours() const { return neighbours_; }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a) {
    a(wanted_), a(neighbours_), a(y_), a(known_), a(mean_);
  }

 private:
  int wanted_, neighbours_ = 0;
  std::vector<double> y_;    // (n, m), row after row
  std::vector<char> known_;  // the same; empty: all
  std::vector<double> mean_;
};

/// One linear model per candidate: logistic with an L2 penalty of 1 on the weights for success scores, by Newton's
/// method; ridge regression otherwise.
class LogisticEstimator {
 public:
  void fit(const TrainingSet& data);
  int neighbours() const { return 0; }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a) {
    a(success_), a(weights_);
  }

 private:
  bool success_ = true;
  Eigen::MatrixXd weights_;  // (p + 1, m), intercept last
};

/// A forest whose trees serve all candidates at once: a tree splits by a random mixture of the scores, and each of its
/// leaves holds the mean of every candidate. Candidates that fare alike on the same inputs so make the same error,
/// which a choice among them does not see; and one walk answers for all. Source: Joly, Geurts & Wehenkel 2014, "Random
/// forests with random projections of the output space".
class JointForest {
 public:
  explicit JointForest(std::uint64_t seed = 0) : seed_(seed) {}
  void fit(const TrainingSet& data);
  int neighbours() const { return 0; }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a);

 private:
  std::uint64_t seed_;
  bool success_ = true;
  surrogate::detail::TreeEnsemble trees_;
  std::vector<double> mean_;    // (m)
  std::vector<double> values_;  // (nodes, m): of a leaf its share of the deviation from the mean
};

/// A tree, or boosted trees, on each candidate's score.
class TreesEstimator {
 public:
  enum class Kind : std::uint8_t { tree, boosting };
  explicit TreesEstimator(Kind kind = Kind::boosting, std::uint64_t seed = 0) : kind_(kind), seed_(seed) {}
  void fit(const TrainingSet& data);
  int neighbours() const { return 0; }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a) {
    a(kind_), a(seed_), a(success_), a(models_);
  }

  /// shift + factor * (sum of the trees' values).
  struct Sum {
    double shift = 0.0, factor = 1.0;
    surrogate::detail::TreeEnsemble trees;

    double operator()(std::span<const double> x) const;
    template <class A>
    void archive(A& a);
  };

 private:
  Kind kind_;
  std::uint64_t seed_;
  bool success_ = true;
  std::vector<Sum> models_;
};

/// For every pair of models a forest that says which of them scores better, learning from every input in proportion to
/// how much is at stake; a model's score is the share of pairs that it wins. For cost-like scores what is at stake is
/// the difference of the scores themselves. Source: Xu, Hutter, Hoos & Leyton-Brown 2012, "SATzilla2012".
class PairwiseForest {
 public:
  explicit PairwiseForest(std::uint64_t seed = 0) : seed_(seed) {}
  void fit(const TrainingSet& data);
  int neighbours() const { return 0; }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a) {
    a(seed_), a(count_), a(pairs_);
  }

 private:
  std::uint64_t seed_;
  int count_ = 0;                           // models
  std::vector<TreesEstimator::Sum> pairs_;  // (0, 1), (0, 2), …: probability that the first is better
};

/// Holds any estimator; copies share nothing that changes.
class AnyEstimator {
 public:
  AnyEstimator() : AnyEstimator(ConstantEstimator()) {}
  template <class E>
    requires(!std::same_as<std::remove_cvref_t<E>, AnyEstimator> && Estimator<std::remove_cvref_t<E>>)
  AnyEstimator(E&& estimator)  // NOLINT: implicit on purpose
      : model_(std::make_unique<Holder<std::remove_cvref_t<E>>>(std::forward<E>(estimator))) {}
  AnyEstimator(const AnyEstimator& other) : model_(other.model_->clone()) {}
  AnyEstimator(AnyEstimator&&) noexcept = default;
  AnyEstimator& operator=(AnyEstimator other) noexcept {
    model_ = std::move(other.model_);
    return *this;
  }
  ~AnyEstimator() = default;

  void fit(const TrainingSet& data) { model_->fit(data); }
  int neighbours() const { return model_->neighbours(); }
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const {
    model_->predict(x, near, out);
  }
  /// Predictions for all rows of `x` (n, p) at once, in `out` (n, m), where the model has a `predict_rows(x)` for that:
  /// what calls another language should. False, and nothing done, where it has none.
  bool predict_rows(const Eigen::Ref<const Eigen::MatrixXd>& x, Eigen::MatrixXd& out) const {
    return model_->predict_rows(x, out);
  }
  /// Throw InvalidArgument for a model that has no `archive`.
  void archive(detail::Writer& writer) const { model_->save(writer); }
  void archive(detail::Reader& reader) { model_->load(reader); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::unique_ptr<Interface> clone() const = 0;
    virtual void fit(const TrainingSet& data) = 0;
    virtual int neighbours() const = 0;
    virtual void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const = 0;
    virtual bool predict_rows(const Eigen::Ref<const Eigen::MatrixXd>& x, Eigen::MatrixXd& out) const = 0;
    virtual void save(detail::Writer& writer) = 0;
    virtual void load(detail::Reader& reader) = 0;
  };
  template <class E>
  struct Holder final : Interface {
    explicit Holder(E e) : estimator(std::move(e)) {}
    std::unique_ptr<Interface> clone() const override { return std::make_unique<Holder>(estimator); }
    void fit(const TrainingSet& data) override { estimator.fit(data); }
    int neighbours() const override { return estimator.neighbours(); }
    void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const override {
      estimator.predict(x, near, out);
    }
    bool predict_rows(const Eigen::Ref<const Eigen::MatrixXd>& x, Eigen::MatrixXd& out) const override {
      if constexpr (requires { estimator.predict_rows(x); }) {
        out = estimator.predict_rows(x);
        return true;
      }
      return false;
    }
    void save(detail::Writer& writer) override { pass(writer); }
    void load(detail::Reader& reader) override { pass(reader); }
    template <class A>
    void pass(A& a) {
      if constexpr (requires { estimator.archive(a); }) {
        estimator.archive(a);
      } else {
        throw InvalidArgument("estimator: one of your own, without archive(), cannot be saved");
      }
    }
    E estimator;
  };
  std::unique_ptr<Interface> model_;
};

/// The mean of several estimators.
class MixEstimator {
 public:
  explicit MixEstimator(std::vector<AnyEstimator> parts = {}) : parts_(std::move(parts)) {}
  void fit(const TrainingSet& data);
  int neighbours() const;
  void predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const;
  template <class A>
  void archive(A& a) {
    for (AnyEstimator& part : parts_) part.archive(a);
  }

 private:
  std::vector<AnyEstimator> parts_;
};

static_assert(Estimator<ConstantEstimator> && Estimator<KnnEstimator> && Estimator<LogisticEstimator>);
static_assert(Estimator<JointForest> && Estimator<TreesEstimator> && Estimator<PairwiseForest> &&
              Estimator<MixEstimator>);
static_assert(Estimator<AnyEstimator>);

/// The names that make_estimator knows, simplest first: constant, logistic, knn, tree, forest, boosting, pairwise, mix
/// (of knn, logistic, forest and boosting), svm, multi-knn, multi-svm and multi-tree (MultiClassEstimator), cascade
/// (k-NN with K = 5). Beside them stages written `knn.svm.dt` (StagedEstimator).
const std::vector<std::string>& estimator_names();

/// Throws InvalidArgument that lists the names.
AnyEstimator make_estimator(const std::string& name, std::uint64_t seed = 0);

/// Utilities (rows, m) of `estimator` for coded rows `x`, whose neighbours are found in `index`.
Eigen::MatrixXd predict_all(const AnyEstimator& estimator, const NeighbourIndex& index,
                            const Eigen::Ref<const Eigen::MatrixXd>& x, Eigen::Index models);

namespace detail {

template <class A>
void archive_trees(A& a, surrogate::detail::TreeEnsemble& trees) {
  // Every tree is a run of nodes that begins at its root.
  std::vector<double> thresholds, values;
  std::vector<std::uint32_t> keys;
  std::vector<std::int32_t> lefts, roots, depths;
  if constexpr (!A::reads) {
    for (std::size_t k = 0; k < trees.nodes().size(); ++k) {
      const auto& node = trees.nodes()[k];
      thresholds.push_back(node.threshold);
      keys.push_back(node.key);
      lefts.push_back(node.left);
      values.push_back(trees.value(static_cast<std::int32_t>(k)));
    }
    for (std::size_t t = 0; t < trees.trees(); ++t) {
      roots.push_back(trees.root(t));
      depths.push_back(trees.depth(t));
    }
  }
  a(thresholds), a(keys), a(lefts), a(values), a(roots), a(depths);
  if constexpr (A::reads) {
    const std::size_t n = values.size();
    bool whole = thresholds.size() == n && keys.size() == n && lefts.size() == n && depths.size() == roots.size();
    for (std::size_t k = 0; whole && k < n; ++k) {
      whole = lefts[k] >= 0 && static_cast<std::size_t>(lefts[k]) + (lefts[k] != static_cast<std::int32_t>(k)) < n;
    }
    for (const std::int32_t root : roots) whole = whole && root >= 0 && static_cast<std::size_t>(root) < n;
    if (!whole) throw InvalidArgument("the file is damaged: its trees do not hang together");
    trees = {};
    for (std::size_t k = 0; k < n; ++k) {
      const std::int32_t node = trees.add_leaf(values[k]);
      if (lefts[k] != node) trees.split(node, keys[k] >> 1, thresholds[k], (keys[k] & 1U) != 0, lefts[k]);
    }
    for (std::size_t t = 0; t < roots.size(); ++t) trees.close_tree(roots[t], depths[t]);
  }
}

}  // namespace detail

template <class A>
void TreesEstimator::Sum::archive(A& a) {
  a(shift), a(factor);
  detail::archive_trees(a, trees);
}

template <class A>
void JointForest::archive(A& a) {
  a(seed_), a(success_), a(mean_), a(values_);
  detail::archive_trees(a, trees_);
  if constexpr (A::reads) {
    if (values_.size() != trees_.nodes().size() * mean_.size()) {
      throw InvalidArgument("the file is damaged: its trees do not hang together");
    }
  }
}

}  // namespace bayestuner::selection
