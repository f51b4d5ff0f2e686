// How "auto" compares estimators: by what the policy makes of their out-of-fold predictions.
#include <algorithm>
#include <cmath>
#include <limits>

#include "bayestuner/core/error.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace bayestuner::selection {

namespace {

// What a model scores on a row, higher is better, in the scores' own unit; its mean where that is not known.
class Worth {
 public:
  explicit Worth(const ScoreMatrix& scores)
      : scores_(scores), mean_(scores.means()), sign_(scores.kind == ScoreKind::cost_like ? -1.0 : 1.0) {}
  double operator()(Eigen::Index row, Eigen::Index model) const {
    return sign_ * (scores_.is_known(row, model) ? scores_.values(row, model) : mean_[model]);
  }

 private:
  const ScoreMatrix& scores_;
  Eigen::VectorXd mean_;
  double sign_;
};

}  // namespace

// What the policy makes of every training row (higher is better) when it goes by these predictions; empty where they do
// not reach what the policy demands.
std::vector<double> ModelSelector::policy_utilities(const Eigen::MatrixXd& predicted) const {
  const Policy& policy = options_.policy;
  const auto n = static_cast<std::size_t>(predicted.rows());
  std::vector<double> out(n, 0.0);
  if (policy.kind == Policy::Kind::optimum || policy.kind == Policy::Kind::per_input) {  // probabilities themselves
    const Eigen::MatrixXd utility = scores_.utilities();
    for (std::size_t i = 0; i < n; ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      for (Eigen::Index j = 0; j < predicted.cols(); ++j) {
        if (scores_.is_known(row, j)) out[i] -= std::pow(predicted(row, j) - utility(row, j), 2);
      }
    }
    return out;
  }
  double lambda = policy.kind == Policy::Kind::trade_off ? policy.value : 0.0;
  std::vector<Eigen::Index> chosen;
  if (policy.kind == Policy::Kind::min_cost) {
    try {
      lambda =
          lambda_reaching(offered(predicted), scores_, cost_, policy.value, policy.relative, scores_.best_single());
    } catch (const InvalidArgument&) {
      return {};
    }
  }
  if (policy.has_budget()) {
    chosen = fill_budget(offered(predicted), cost_, policy.value, options_.seed);
  } else {
    chosen = pick_all(offered(predicted), cost_, lambda);
  }
  const Worth worth(scores_);
  for (std::size_t i = 0; i < n; ++i) {
    const Eigen::Index j = chosen[i];
    out[i] = policy.kind == Policy::Kind::min_cost ? -cost_[j] : worth(static_cast<Eigen::Index>(i), j);
    if (policy.kind == Policy::Kind::trade_off) out[i] -= lambda * cost_[j];
  }
  return out;
}

// The same for predictions that are alike for every row: a budget is then spent on rows at random, of which this is the
// expectation, not one draw.
std::vector<double> ModelSelector::constant_utilities(const Eigen::MatrixXd& predicted) const {
  if (!options_.policy.has_budget()) return policy_utilities(predicted);
  const std::vector<Eigen::Index> chosen = fill_budget(offered(predicted), cost_, options_.policy.value, options_.seed);
  Eigen::VectorXd share = Eigen::VectorXd::Zero(cost_.size());
  for (const Eigen::Index j : chosen) share[j] += 1.0 / static_cast<double>(chosen.size());
  const Worth worth(scores_);
  std::vector<double> out(chosen.size(), 0.0);
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (Eigen::Index j = 0; j < share.size(); ++j) {
      if (share[j] > 0.0) out[i] += share[j] * worth(static_cast<Eigen::Index>(i), j);
    }
  }
  return out;
}

void ModelSelector::choose_estimator() {
  std::vector<std::string> names{"constant", "logistic", "knn", "forest", "mix"};
  if (scores_.kind != ScoreKind::success) names = {"constant", "knn", "forest", "pairwise"};
  std::vector<std::vector<double>> result;
  std::vector<Eigen::MatrixXd> predictions;
  for (const std::string& name : names) {
    if (name == "constant") {  // by fold it would always vote against the rows it is tested on
      predictions.push_back(Eigen::RowVectorXd::Map(mean_.data(), scores_.values.cols()).replicate(x_.rows(), 1));
    } else if (name == "mix") {  // of what is there already, and boosting
      Eigen::MatrixXd sum = predict_out_of_fold(make_estimator("boosting", options_.seed));
      for (std::size_t k = 1; k < predictions.size(); ++k) sum += predictions[k];
      predictions.push_back(sum / static_cast<double>(predictions.size()));
    } else {
      predictions.push_back(predict_out_of_fold(make_estimator(name, options_.seed)));
    }
    result.push_back(name == "constant" ? constant_utilities(predictions.back())
                                        : policy_utilities(predictions.back()));
    double sum = result.back().empty() ? -std::numeric_limits<double>::infinity() : 0.0;
    for (const double utility : result.back()) sum += utility;
    trials_.push_back({.name = name, .utility = sum / static_cast<double>(x_.rows())});
  }
  const auto best =
      static_cast<std::size_t>(std::max_element(trials_.begin(), trials_.end(),
                                                [](const auto& a, const auto& b) { return a.utility < b.utility; }) -
                               trials_.begin());
  std::size_t chosen = best;
  for (std::size_t k = trials_.size(); k-- > 0;) {
    if (result[k].empty()) {
      trials_[k].behind_best = k == best ? 0.0 : std::numeric_limits<double>::infinity();
      continue;
    }
    double sum = 0.0, squares = 0.0;
    const auto n = static_cast<double>(result[k].size());
    for (std::size_t i = 0; i < result[k].size(); ++i) {
      const double d = result[best][i] - result[k][i];
      sum += d;
      squares += d * d;
    }
    trials_[k].behind_best = sum / n;
    trials_[k].behind_best_se = std::sqrt(std::max(squares / n - sum / n * sum / n, 0.0) / n);
    // The best of several is flattered by the choice: to say that features do not help, two errors count.
    const double allowed = (k == 0 ? 2.0 : 1.0) * trials_[k].behind_best_se;
    if (trials_[k].behind_best <= allowed) chosen = k;
  }
  estimator_name_ = names[chosen];
  blank_ = make_estimator(estimator_name_, options_.seed);
  out_of_fold_ = predictions[chosen];
  if (!helps()) warnings_.push_back("no selector beats what needs no features here");
}

}  // namespace bayestuner::selection
