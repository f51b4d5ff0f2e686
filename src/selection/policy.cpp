#include "bayestuner/selection/policy.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::selection {

void Policy::require_valid() const {
  const auto refuse = [&](const char* name, const char* allowed) {
    throw InvalidArgument(std::string(name) + ": " + bayestuner::to_text(value) + " is not " + allowed);
  };
  if (kind == Kind::max_score && !(value >= 0.0)) refuse("max_mean_cost", "at least 0");
  if (kind == Kind::min_cost && !(std::isfinite(value) && value > 0.0)) refuse("min_score", "above 0");
  if (kind == Kind::per_input && !(value > 0.0 && value <= 1.0)) refuse("min_probability", "in (0, 1]");
  if (kind == Kind::trade_off && !(std::isfinite(value) && value >= 0.0)) refuse("lambda", "in [0, inf)");
}

std::string Policy::to_text() const {
  const std::string v = bayestuner::to_text(value);
  switch (kind) {
    case Kind::optimum:
      return "optimum";
    case Kind::max_score:
      return std::isinf(value) ? "max_score" : "max_score(max_mean_cost=" + v + ")";
    case Kind::min_cost:
      return "min_cost(min_score=" + v + (relative ? " of the best single model" : "") + ")";
    case Kind::per_input:
      return "per_input(min_probability=" + v + ")";
    case Kind::trade_off:
      return "trade_off(lambda=" + v + ")";
  }
  return {};
}

Eigen::Index pick(std::span<const double> scores, std::span<const double> cost, double lambda,
                  std::span<const char> available) {
  Eigen::Index best = -1;
  double best_value = 0.0;
  for (std::size_t j = 0; j < scores.size(); ++j) {
    if (!available.empty() && available[j] == 0) continue;
    const double value = scores[j] - (lambda > 0.0 ? lambda * cost[j] : 0.0);
    const bool better = best < 0 || value > best_value + 1e-12 ||
                        (value >= best_value - 1e-12 && cost[j] < cost[static_cast<std::size_t>(best)]);
    if (!better) continue;
    best = static_cast<Eigen::Index>(j);
    best_value = value;
  }
  return best;
}

Eigen::Index pick_cheapest(std::span<const double> scores, std::span<const double> cost, double least,
                           std::span<const char> available) {
  Eigen::Index best = -1;
  for (std::size_t j = 0; j < scores.size(); ++j) {
    if ((!available.empty() && available[j] == 0) || scores[j] < least) continue;
    if (best < 0 || cost[j] < cost[static_cast<std::size_t>(best)]) best = static_cast<Eigen::Index>(j);
  }
  return best;
}

void require_affordable(const Eigen::VectorXd& cost, double max_mean_cost, std::span<const char> usable) {
  double cheapest = std::numeric_limits<double>::infinity();
  for (Eigen::Index j = 0; j < cost.size(); ++j) {
    if (usable.empty() || usable[static_cast<std::size_t>(j)] != 0) cheapest = std::min(cheapest, cost[j]);
  }
  if (max_mean_cost >= cheapest) return;
  throw InvalidArgument("max_mean_cost: " + to_text(max_mean_cost) + " is below the cheapest model's cost, " +
                        to_text(cheapest));
}

std::vector<Eigen::Index> pick_all(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, double lambda) {
  std::vector<Eigen::Index> out(static_cast<std::size_t>(scores.rows()));
  std::vector<double> row(static_cast<std::size_t>(scores.cols()));
  const std::span<const double> costs(cost.data(), row.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    Eigen::RowVectorXd::Map(row.data(), scores.cols()) = scores.row(static_cast<Eigen::Index>(i));
    out[i] = pick(row, costs, lambda);
  }
  return out;
}

namespace {

double mean_cost(const std::vector<Eigen::Index>& chosen, const Eigen::VectorXd& cost) {
  double sum = 0.0;
  for (const Eigen::Index j : chosen) sum += cost[j];
  return chosen.empty() ? 0.0 : sum / static_cast<double>(chosen.size());
}

// One upgrade of a row along its upper hull of (cost, score).
struct Step {
  double slope;
  std::uint64_t tie;
  Eigen::Index row, from, to;
};

// The cheapest best start of a row and the steps from it, steepest first.
Eigen::Index hull_of(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, Eigen::Index row, std::uint64_t tie,
                     std::vector<Step>& steps) {
  const Eigen::Index m = scores.cols();
  Eigen::Index at = 0;
  for (Eigen::Index j = 1; j < m; ++j) {
    if (cost[j] < cost[at] || (cost[j] == cost[at] && scores(row, j) > scores(row, at))) at = j;
  }
  const Eigen::Index start = at;
  while (true) {
    Eigen::Index next = -1;
    double steepest = 0.0;
    for (Eigen::Index j = 0; j < m; ++j) {
      const double rise = scores(row, j) - scores(row, at), run = cost[j] - cost[at];
      if (!(run > 0.0) || !(rise > 1e-12)) continue;
      const double slope = rise / run;
      if (next < 0 || slope > steepest || (slope == steepest && cost[j] < cost[next])) {
        steepest = slope;
        next = j;
      }
    }
    if (next < 0) return start;
    steps.push_back({steepest, tie, row, at, next});
    at = next;
  }
}

struct Upgrades {
  std::vector<Eigen::Index> start;
  std::vector<Step> steps;  // in the order in which they are taken
};

Upgrades upgrades_of(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, std::uint64_t seed) {
  Upgrades out;
  out.start.resize(static_cast<std::size_t>(scores.rows()));
  for (std::size_t i = 0; i < out.start.size(); ++i) {
    const std::uint64_t tie = mix64(mix64(seed) ^ i);
    out.start[i] = hull_of(scores, cost, static_cast<Eigen::Index>(i), tie, out.steps);
  }
  std::stable_sort(out.steps.begin(), out.steps.end(), [](const Step& a, const Step& b) {
    return a.slope > b.slope || (a.slope == b.slope && a.tie < b.tie);
  });
  return out;
}

}  // namespace

BudgetLambda budget_lambda(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, double max_mean_cost) {
  require_affordable(cost, max_mean_cost);
  const auto cost_at = [&](double lambda) { return mean_cost(pick_all(scores, cost, lambda), cost); };
  double dear_cost = cost_at(0.0);
  if (dear_cost <= max_mean_cost) return {};
  double low = 0.0, high = 1.0;
  while (cost_at(high) > max_mean_cost) {
    high *= 2.0;
    if (high > 1e300) return {.lambda = high, .dear = high, .share = 0.0};
  }
  double cheap_cost = cost_at(high);
  for (int k = 0; k < 60; ++k) {
    const double middle = 0.5 * (low + high), spent = cost_at(middle);
    (spent > max_mean_cost ? low : high) = middle;
    (spent > max_mean_cost ? dear_cost : cheap_cost) = spent;
  }
  return {.lambda = high, .dear = low, .share = (max_mean_cost - cheap_cost) / (dear_cost - cheap_cost)};
}

double lambda_for(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, double max_mean_cost) {
  return budget_lambda(scores, cost, max_mean_cost).lambda;
}

std::vector<Eigen::Index> fill_budget(const Eigen::MatrixXd& scores, const Eigen::VectorXd& cost, double max_mean_cost,
                                      std::uint64_t seed) {
  require_affordable(cost, max_mean_cost);
  Upgrades upgrades = upgrades_of(scores, cost, seed);
  std::vector<Eigen::Index>& chosen = upgrades.start;
  const double budget = max_mean_cost * static_cast<double>(chosen.size()), slack = 1e-12 * budget;
  double room = budget;
  for (const Eigen::Index j : chosen) room -= cost[j];
  std::vector<const Step*> taken;
  for (const Step& step : upgrades.steps) {
    Eigen::Index& now = chosen[static_cast<std::size_t>(step.row)];
    const double price = cost[step.to] - cost[step.from];
    if (now != step.from || price > room + slack) continue;  // a step that was left out ends its row
    now = step.to;
    room -= price;
    taken.push_back(&step);
  }
  // The slack forgives rounding on the way; what is handed out is within the budget as its mean is computed.
  for (; !taken.empty() && mean_cost(chosen, cost) > max_mean_cost; taken.pop_back()) {
    chosen[static_cast<std::size_t>(taken.back()->row)] = taken.back()->from;
  }
  return std::move(upgrades.start);
}

std::vector<TradeOff> tradeoff_curve(const Eigen::MatrixXd& predicted, const ScoreMatrix& scores,
                                     const Eigen::VectorXd& cost) {
  const Upgrades upgrades = upgrades_of(predicted, cost, 0);
  const auto n = static_cast<double>(predicted.rows());
  double sum = 0.0, squares = 0.0, known = 0.0, spent = 0.0;
  std::vector<double> count(static_cast<std::size_t>(cost.size()), 0.0);
  const auto add = [&](Eigen::Index i, Eigen::Index j, double sign) {
    count[static_cast<std::size_t>(j)] += sign;
    spent += sign * cost[j];
    if (!scores.is_known(i, j)) return;
    sum += sign * scores.values(i, j);
    squares += sign * scores.values(i, j) * scores.values(i, j);
    known += sign;
  };
  for (std::size_t i = 0; i < upgrades.start.size(); ++i) add(static_cast<Eigen::Index>(i), upgrades.start[i], 1.0);
  std::vector<TradeOff> out;
  const auto vertex = [&](double lambda) {
    TradeOff t{.lambda = lambda, .cost = spent / n, .share = count};
    if (known > 0.0) {
      t.score = sum / known;
      t.score_se = std::sqrt(std::max(squares / known - t.score * t.score, 0.0) / known);
    }
    for (double& c : t.share) c /= n;
    out.push_back(std::move(t));
  };
  for (std::size_t k = 0; k < upgrades.steps.size(); ++k) {
    const Step& step = upgrades.steps[k];
    if (k == 0 || step.slope != upgrades.steps[k - 1].slope) vertex(step.slope);
    add(step.row, step.from, -1.0);
    add(step.row, step.to, 1.0);
  }
  vertex(0.0);
  std::reverse(out.begin(), out.end());
  return out;
}

double lambda_reaching(const Eigen::MatrixXd& predicted, const ScoreMatrix& scores, const Eigen::VectorXd& cost,
                       double share, bool relative, Eigen::Index single) {
  const double dearest = cost.maxCoeff();
  double best_cost = std::numeric_limits<double>::infinity(), best_lambda = -1.0;
  double attainable = -std::numeric_limits<double>::infinity();
  for (int k = -1; k < 120; ++k) {
    const double lambda = k < 0 ? 0.0 : std::pow(10.0, -5.0 + 6.0 * k / 119.0) / (dearest > 0.0 ? dearest : 1.0);
    const std::vector<Eigen::Index> chosen = pick_all(predicted, cost, lambda);
    double sum = 0.0, squares = 0.0, n = 0.0, base = 0.0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      if (!scores.is_known(row, chosen[i]) || (relative && !scores.is_known(row, single))) continue;
      const double reference = relative ? scores.values(row, single) : 1.0;
      const double v = scores.values(row, chosen[i]) - share * reference;
      sum += v;
      squares += v * v;
      base += reference;
      n += 1.0;
    }
    if (n == 0.0) continue;
    const double mean = sum / n, error = std::sqrt(std::max(squares / n - mean * mean, 0.0) / n);
    attainable = std::max(attainable, share + (mean - error) / (base / n));
    const double spent = mean_cost(chosen, cost);
    if (mean - error >= 0.0 && spent < best_cost) {
      best_cost = spent;
      best_lambda = lambda;
    }
  }
  if (best_lambda >= 0.0) return best_lambda;
  throw InvalidArgument("min_score: " + to_text(share) + (relative ? " of the best single model" : "") +
                        " is above what any choice reaches, " + to_text(std::floor(attainable * 1e4 + 1e-6) / 1e4));
}

}  // namespace bayestuner::selection
