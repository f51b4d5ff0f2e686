#pragma once
/// What a selector learns from: features of inputs, what each model scored on them, what a call costs.

#include <Eigen/Core>
#include <string>
#include <vector>

namespace bayestuner::selection {

/// Which entries of a matrix (n, m) are known; empty: all of them.
using Mask = Eigen::Array<bool, Eigen::Dynamic, Eigen::Dynamic>;

/// One feature. A category's values are indices into `levels`; -1 is a value that is none of them.
struct FeatureColumn {
  std::string name;
  bool category = false;
  std::vector<std::string> levels{};  ///< of a category
  std::string unit{};
};

/// Features, one row an input: `values` (n, d), NaN where a number is missing.
struct FeatureMatrix {
  std::vector<FeatureColumn> columns;
  Eigen::MatrixXd values;

  Eigen::Index rows() const { return values.rows(); }
  std::vector<std::string> names() const;
  /// These rows alone.
  FeatureMatrix take(const std::vector<Eigen::Index>& rows) const;
  /// Throws InvalidArgument unless every column is named, once, and categories are indices into their levels.
  void require_valid() const;
};

/// Numbers alone, named x0, x1, … where no names are given.
FeatureMatrix features(Eigen::MatrixXd values, std::vector<std::string> names = {});

/// How scores are to be read.
enum class ScoreKind {
  success,   ///< in [0, 1]: right or wrong, or a share; higher is better
  graded,    ///< any number, higher is better
  cost_like  ///< a time or the like, at least 0, lower is better; compared on a log scale
};

/// Scores (n, m) of `models` on the inputs. Partial feedback is normal: `known` says which entries were measured.
struct ScoreMatrix {
  std::vector<std::string> models;
  Eigen::MatrixXd values;
  Mask known{};
  ScoreKind kind = ScoreKind::success;

  bool is_known(Eigen::Index row, Eigen::Index model) const { return known.size() == 0 || known(row, model); }
  /// Whether every known score is 0 or 1.
  bool is_right_or_wrong() const;
  /// The scores as utilities, higher is better: themselves, or -log10(max(score, 0.01)) of cost-like ones.
  Eigen::MatrixXd utilities() const;
  /// Mean of every model over the rows where it is known (m), in the scores' own unit; NaN where there is none.
  Eigen::VectorXd means() const;
  /// The model of the best mean, in the score's own sense; of equal ones the first.
  Eigen::Index best_single() const;
  /// Rows on which `model` is known, in their order.
  std::vector<Eigen::Index> known_rows(Eigen::Index model) const;
  ScoreMatrix take(const std::vector<Eigen::Index>& rows) const;
  /// Throws InvalidArgument where `known` is of another size than the scores.
  void require_mask() const;
  /// Throws InvalidArgument for fewer than two models, names that repeat, sizes that differ, or a known score that is
  /// not finite or outside the range of its kind.
  void require_valid() const;
};

/// What a call of each model costs (seconds, joules, money): one number a model, or one an input and model.
struct CostModel {
  Eigen::VectorXd per_call{};   ///< (m)
  Eigen::MatrixXd per_input{};  ///< (n, m); empty: per_call holds for every input
  std::string unit{};

  bool empty() const { return per_call.size() == 0 && per_input.size() == 0; }
  /// Mean cost of every model (m).
  Eigen::VectorXd means() const;
  double of(Eigen::Index row, Eigen::Index model) const {
    return per_input.size() != 0 ? per_input(row, model) : per_call[model];
  }
  CostModel take(const std::vector<Eigen::Index>& rows) const;
  /// Throws InvalidArgument unless there is a finite cost >= 0 for each of `models` (and each of `rows`).
  void require_valid(const std::vector<std::string>& models, Eigen::Index rows) const;
};

/// Throws InvalidArgument where one of these is not valid, or they are of different inputs or models.
void require_alike(const FeatureMatrix& x, const ScoreMatrix& scores, const CostModel& costs);

}  // namespace bayestuner::selection
