#pragma once
/// From predicted scores and costs to a choice.

#include <Eigen/Core>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "bayestuner/selection/data.hpp"

namespace bayestuner::selection {

/// What a selector optimises. Made by the functions below.
struct Policy {
  enum class Kind : std::uint8_t { optimum, max_score, min_cost, per_input, trade_off };
  Kind kind = Kind::max_score;
  double value = std::numeric_limits<double>::infinity();
  bool relative = true;  ///< of min_cost: `value` is a share of the best single model's score

  /// The first model, in a cascade's order, that is expected to answer: the paper's rule.
  static Policy optimum() { return {.kind = Kind::optimum, .value = 0.0}; }
  /// The best score at a mean cost of at most `max_mean_cost`: argmax score - lambda * cost.
  static Policy max_score(double max_mean_cost = std::numeric_limits<double>::infinity()) {
    return {.kind = Kind::max_score, .value = max_mean_cost};
  }
  /// The least mean cost whose score is still at least `min_score`: of the best single model's, or absolute.
  static Policy min_cost(double min_score, bool relative = true) {
    return {.kind = Kind::min_cost, .value = min_score, .relative = relative};
  }
  /// The cheapest model that answers with at least this probability.
  static Policy per_input(double min_probability) { return {.kind = Kind::per_input, .value = min_probability}; }
  /// argmax score - lambda * cost for a given lambda >= 0.
  static Policy trade_off(double lambda) { return {.kind = Kind::trade_off, .value = lambda}; }

  /// Whether it keeps a mean cost.
  bool has_budget() const { return kind == Kind::max_score && std::isfinite(value); }
  /// Throws InvalidArgument for a value out of range.
  void require_valid() const;
  std::string to_text() const;
  friend bool operator==(const Policy&, const Policy&) = default;
};

/// The model of the greatest score - lambda * cost among those `available` (empty: all); equal to 1e-12, the cheaper,
/// then the earlier. -1 where none is available.
Eigen::Index pick(std::span<const double> scores, std::span<const double> cost, double lambda,
                  std::span<const char> available = {});
/// The cheapest model of a score of at least `least` among those `available`; of equally cheap ones the earlier. -1
/// where there is none.
Eigen::Index pick_cheapest(std::span<const double> scores, std::span<const double> cost, double least,
                           std::span<const char> available = {});
/// The same as pick for every row of `scores` (n, m).
std::vector<Eigen::Index> pick_all(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, double lambda);

/// Throws InvalidArgument, naming the cheapest cost, where no model that is `usable` (m; empty: all) costs at most
/// `max_mean_cost`.
void require_affordable(const Eigen::VectorXd& cost, double max_mean_cost, std::span<const char> usable = {});

/// The least lambda >= 0 at which the picks' mean cost is at most `max_mean_cost`.
/// Throws InvalidArgument, naming the cheapest model's cost, where no lambda gets there.
double lambda_for(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, double max_mean_cost);

/// Two lambdas and how often the lesser is to be used. Where many inputs look alike (calibrated probabilities do), the
/// picks' mean cost jumps at one lambda; a share of the inputs on the dear side of the jump spends the budget in full.
struct BudgetLambda {
  double lambda = 0.0;  ///< mean cost at most the budget
  double dear = 0.0;    ///< just below it, mean cost above the budget
  double share = 0.0;   ///< of inputs chosen by `dear`, in [0, 1)
};
/// As lambda_for.
BudgetLambda budget_lambda(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, double max_mean_cost);

/// One choice a row with the best sum of predicted scores at a mean cost of at most `max_mean_cost`, to the last
/// affordable upgrade: the steps of every row's upper hull of (cost, score), the steepest first. Rows with equal steps
/// come in an order drawn by `seed`. Throws as lambda_for.
std::vector<Eigen::Index> fill_budget(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, double max_mean_cost,
                                      std::uint64_t seed = 0);

/// A vertex of the trade-off between score and cost.
struct TradeOff {
  double lambda = 0.0;  ///< from which on it is chosen
  double score = 0.0, score_se = 0.0, cost = 0.0;
  std::vector<double> share;  ///< of inputs given to each model
};
/// Every vertex that `predicted` (n, m; best out of fold) leads to, dearest first, judged by the known scores.
std::vector<TradeOff> tradeoff_curve(const Eigen::MatrixXd& predicted, const ScoreMatrix& scores,
                                     const Eigen::VectorXd& cost);

/// The cheapest lambda of a fine grid whose score, less one standard error of the paired difference, reaches `share` of
/// the model `single` (relative) or `share` itself. Throws InvalidArgument with the attainable value where none does.
double lambda_reaching(const Eigen::MatrixXd& predicted, const ScoreMatrix& scores, const Eigen::VectorXd& cost,
                       double share, bool relative, Eigen::Index single);

}  // namespace bayestuner::selection
