#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "bayestuner/surrogate/detail/boosting_loss.hpp"
#include "bayestuner/surrogate/detail/boosting_run.hpp"
#include "bayestuner/surrogate/detail/folds.hpp"
#include "bayestuner/surrogate/detail/training_data.hpp"
#include "bayestuner/surrogate/tree.hpp"

namespace bayestuner::surrogate {

struct GradientBoostingOptions {
  BoostingLoss loss = BoostingLoss::squared;
  double alpha = 0.9;  ///< the quantile, or Huber's share of residuals that count squared; in (0, 1)
  int trees = 100;     ///< stages, at most
  double rate = 0.1;   ///< share of every step that is taken
  TreeOptions tree{.max_depth = 3};
  double subsample = 1.0;  ///< share of the rows that each tree learns from
  int patience = 0;        ///< > 0: stop where cross-validation has not gained for so many stages
  int folds = 5;           ///< of that cross-validation
  int members = 8;         ///< models on bootstrap samples, whose spread is the belief's deviation; 0: the residuals'
  std::uint64_t seed = 0;  ///< same seed, same data: same model
};

/// Gradient-boosted regression trees: each tree follows the gradient of the loss that the trees before it left, and its
/// leaves take the best constant step. NaN in a row is a missing value. Known noise variances are checked and not used.
/// Source: Friedman 2001, doi:10.1214/aos/1013203451; subsampling: Friedman 2002, doi:10.1016/S0167-9473(01)00065-2.
class GradientBoosting {
 public:
  static constexpr bool takes_missing_values = true;

  /// Throws InvalidArgument for options out of range.
  explicit GradientBoosting(GradientBoostingOptions options = {});

  /// Learns rows `x` (n, d; NaN: missing) with targets `y` (n). `noise` (n, or empty). Throws InvalidArgument.
  void fit(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
           const Eigen::Ref<const Eigen::VectorXd>& noise = Eigen::VectorXd());

  /// Belief about the metric (with the quantile loss: about its quantile) at rows `x` (m, d). Throws InvalidArgument
  /// where the columns differ in number.
  Posterior predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const;

  /// Predictions (m) alone, several times cheaper, by the first `stages` trees (more than there are: all).
  Eigen::VectorXd predict_mean(const Eigen::Ref<const Eigen::MatrixXd>& x,
                               std::size_t stages = static_cast<std::size_t>(-1)) const;

  double initial() const { return std::ldexp(model_.initial, exponent_); }  ///< the prediction before the first tree
  std::size_t stages() const { return model_.trees.trees(); }
  /// Mean loss on the training rows (with subsampling: on those learnt from) after every stage (stages()).
  const Eigen::VectorXd& training_loss() const { return training_loss_; }
  /// Cross-validated mean loss after every stage tried; empty without patience.
  const Eigen::VectorXd& validation_loss() const { return validation_loss_; }
  /// Share of every column (d) in the error that splits took away, summing to 1; zeros where nothing was split.
  const Eigen::VectorXd& importances() const { return importances_; }

  Eigen::Index dimension() const { return columns_; }
  const GradientBoostingOptions& options() const { return options_; }
  const detail::TreeEnsemble& trees() const { return model_.trees; }  ///< values in units of 2^exponent()
  int exponent() const { return exponent_; }

 private:
  std::unique_ptr<detail::BoostingRun> start(const Eigen::MatrixXd& x, Eigen::VectorXd y, std::uint64_t stream) const {
    return std::make_unique<detail::BoostingRun>(x, std::move(y), detail::LossFunction(options_.loss, options_.alpha),
                                                 options_.tree, options_.rate, options_.subsample,
                                                 Random(options_.seed, stream));
  }
  void grow_members(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, int stages);
  int stages_by_validation(const Eigen::MatrixXd& x, const Eigen::VectorXd& y);

  GradientBoostingOptions options_;
  Eigen::Index columns_ = -1;  // -1: nothing learnt
  int exponent_ = 0;           // targets are learnt in units of 2^exponent: exact, and no square overflows
  detail::BoostedTrees model_;
  std::vector<detail::BoostedTrees> members_;
  double deviation_ = 1.0;  // of the residuals, in that unit
  double unexplained_ = 0.0, floor_ = 1e-5;
  Eigen::VectorXd training_loss_, validation_loss_, importances_;
};
static_assert(Surrogate<GradientBoosting>);

inline GradientBoosting::GradientBoosting(GradientBoostingOptions options) : options_(options) {
  const auto require = [](bool valid, const char* name, double value, const char* allowed) {
    if (!valid) {
      throw InvalidArgument(std::string("GradientBoosting: ") + name + ": " + to_text(value) + " is not " + allowed);
    }
  };
  require(options.alpha > 0.0 && options.alpha < 1.0, "alpha", options.alpha, "in (0, 1)");
  require(options.trees >= 1, "trees", options.trees, "at least 1");
  require(options.rate > 0.0 && options.rate <= 1.0, "rate", options.rate, "in (0, 1]");
  require(options.subsample > 0.0 && options.subsample <= 1.0, "subsample", options.subsample, "in (0, 1]");
  require(options.patience >= 0, "patience", options.patience, "0 (no early stop) or more");
  require(options.folds >= 2, "folds", options.folds, "at least 2");
  require(options.members >= 0, "members", options.members, "0 or more");
  require_valid("GradientBoosting", options.tree);
}

/// The number of stages with the least cross-validated loss; keeps the curve.
inline int GradientBoosting::stages_by_validation(const Eigen::MatrixXd& x, const Eigen::VectorXd& y) {
  struct Part {
    Eigen::MatrixXd learnt, held;
    Eigen::VectorXd residual;  // of the rows held out
    std::unique_ptr<detail::BoostingRun> run;
  };
  const auto folds = detail::seeded_folds(x.rows(), options_.folds, options_.seed);
  std::vector<Part> parts(folds.size());  // never resized: the runs refer to the rows
  for (std::size_t k = 0; k < folds.size(); ++k) {
    parts[k] = {x(folds[k].train, Eigen::all), x(folds[k].test, Eigen::all), y(folds[k].test), nullptr};
    parts[k].run = start(parts[k].learnt, y(folds[k].train), 0x100 + k);
    parts[k].residual.array() -= parts[k].run->model().initial;
  }
  std::vector<double> curve;
  int best = 0;
  for (int stage = 0; stage < options_.trees && stage - best < options_.patience; ++stage) {
    double loss = 0.0;
    for (Part& part : parts) {
      part.run->advance();
      part.run->subtract_tree(part.held, static_cast<std::size_t>(stage), part.residual);
      loss += part.run->loss().total(part.residual) / static_cast<double>(y.size());
    }
    curve.push_back(loss);
    if (loss < curve[static_cast<std::size_t>(best)]) best = stage;
  }
  validation_loss_ = Eigen::VectorXd::Map(curve.data(), static_cast<Eigen::Index>(curve.size()));
  return best + 1;
}

/// Models on bootstrap samples. Where all of them learnt the same row they agree, however wrong they are beside it: the
/// error on rows that they did not learn, as far as their spread does not account for it, is kept for everywhere.
inline void GradientBoosting::grow_members(const Eigen::MatrixXd& x, const Eigen::VectorXd& y, int stages) {
  const Eigen::Index n = x.rows();
  const Random base(options_.seed, 0xb005);
  Eigen::ArrayXd votes = Eigen::ArrayXd::Zero(n), sum = votes, squares = votes;  // of errors on rows not learnt
  for (int m = 0; m < options_.members; ++m) {
    Random random = base.fork(static_cast<std::uint64_t>(m));
    std::vector<Eigen::Index> drawn(static_cast<std::size_t>(n)), others;
    std::vector<char> learnt(static_cast<std::size_t>(n), 0);
    for (Eigen::Index& i : drawn) {
      i = static_cast<Eigen::Index>(random.below(static_cast<std::uint64_t>(n)));
      learnt[static_cast<std::size_t>(i)] = 1;
    }
    for (Eigen::Index i = 0; i < n; ++i) {
      if (learnt[static_cast<std::size_t>(i)] == 0) others.push_back(i);
    }
    const Eigen::MatrixXd sample = x(drawn, Eigen::all);
    const auto member = start(sample, y(drawn), 1 + static_cast<std::uint64_t>(m));
    for (int stage = 0; stage < stages; ++stage) member->advance();
    members_.push_back(member->model());
    const Eigen::ArrayXd error =
        y(others).array() - members_.back().predict(x(others, Eigen::all), members_.back().trees.trees());
    for (std::size_t k = 0; k < others.size(); ++k) {
      const double e = error[static_cast<Eigen::Index>(k)];
      votes[others[k]] += 1.0;
      sum[others[k]] += e;
      squares[others[k]] += e * e;
    }
  }
  double total = 0.0, counted = 0.0;
  for (Eigen::Index i = 0; i < n; ++i) {
    if (votes[i] < 2.0) continue;
    const double mean = sum[i] / votes[i], spread = (squares[i] - sum[i] * mean) / (votes[i] - 1.0);
    total += mean * mean - spread / votes[i];
    counted += 1.0;
  }
  unexplained_ = counted > 0.0 ? std::max(total / counted, 0.0) : 0.0;
}

inline void GradientBoosting::fit(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                  const Eigen::Ref<const Eigen::VectorXd>& y,
                                  const Eigen::Ref<const Eigen::VectorXd>& noise) {
  detail::require_training_data("GradientBoosting", x, y, noise, detail::MissingValues::allowed);
  const Eigen::Index n = x.rows();
  columns_ = n > 0 ? x.cols() : -1;
  model_ = {};
  members_.clear();
  unexplained_ = 0.0;
  training_loss_.resize(0);
  validation_loss_.resize(0);
  importances_ = Eigen::VectorXd::Zero(x.cols());
  exponent_ = 0;
  deviation_ = 1.0;
  if (n == 0) return;
  if (const double size = y.cwiseAbs().maxCoeff(); size > 0.0) exponent_ = std::ilogb(size);
  const Eigen::VectorXd targets = y.unaryExpr([this](double value) { return std::ldexp(value, -exponent_); });
  const Eigen::MatrixXd rows = x;  // contiguous, and outlives the runs
  const int stages = options_.patience > 0 && n > 3 ? stages_by_validation(rows, targets) : options_.trees;

  const auto run = start(rows, targets, 0);
  training_loss_.resize(stages);
  for (int stage = 0; stage < stages; ++stage) training_loss_[stage] = run->advance();
  model_ = run->model();
  if (const double total = run->gains().sum(); total > 0.0) importances_ = run->gains() / total;
  deviation_ = std::sqrt(run->residual().squaredNorm() / static_cast<double>(n));
  floor_ = 1e-5 * (n > 1 ? detail::TargetScale(targets).scale : 1.0);

  grow_members(rows, targets, stages);
  const double unit = run->loss().in_unit(std::ldexp(1.0, exponent_));
  training_loss_ *= unit;
  validation_loss_ *= unit;
}

inline Eigen::VectorXd GradientBoosting::predict_mean(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                                      std::size_t stages) const {
  detail::require_inputs("GradientBoosting", x, detail::MissingValues::allowed);
  if (columns_ < 0) return Eigen::VectorXd::Zero(x.rows());
  detail::require_columns("GradientBoosting", x, columns_);
  return model_.predict(x, std::min(stages, model_.trees.trees())) * std::ldexp(1.0, exponent_);
}

inline Posterior GradientBoosting::predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  const double unit = std::ldexp(1.0, exponent_);
  Posterior out{.mean = predict_mean(x),
                .stddev = Eigen::VectorXd::Constant(x.rows(), std::max(deviation_, floor_) * unit)};
  if (members_.empty()) return out;
  Eigen::ArrayXXd all(x.rows(), static_cast<Eigen::Index>(members_.size()));
  for (std::size_t m = 0; m < members_.size(); ++m) {
    all.col(static_cast<Eigen::Index>(m)) = members_[m].predict(x, members_[m].trees.trees());
  }
  const auto count = static_cast<double>(members_.size());
  const Eigen::ArrayXd centre = all.rowwise().mean();
  const Eigen::ArrayXd variance = (all.colwise() - centre).square().rowwise().sum() / std::max(count - 1.0, 1.0);
  out.stddev = (variance + unexplained_).sqrt().max(floor_) * unit;
  return out;
}

}  // namespace bayestuner::surrogate
