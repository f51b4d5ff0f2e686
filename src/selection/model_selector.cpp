#include "bayestuner/selection/model_selector.hpp"

#include <algorithm>
#include <cmath>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/quantile.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/surrogate/detail/folds.hpp"

namespace bayestuner::selection {

namespace {

constexpr double prior_rows = 24.0;  // a model with few known scores is drawn to its mean by so many of them

std::vector<std::string> names_of(const FeatureCoder& coder) {
  std::vector<std::string> names;
  for (const auto& c : coder.coded()) names.push_back(c.name);
  return names;
}

// A share of the rows that are right out of fold, by k-NN over some of the columns: what backward removal compares.
Eigen::VectorXd judge_columns(const TrainingSet& data, const std::vector<Eigen::Index>& columns,
                              const ReductionOptions& options) {
  Eigen::VectorXd score(data.x.rows());
  for (const auto& fold : surrogate::detail::seeded_folds(data.x.rows(), options.folds, options.seed)) {
    TrainingSet part{.x = data.x(fold.train, columns), .y = data.y(fold.train, Eigen::all), .success = data.success};
    if (data.known.size() != 0) part.known = data.known(fold.train, Eigen::all);
    part.index = NeighbourIndex(part.x);
    AnyEstimator knn = KnnEstimator(options.neighbours);
    knn.fit(part);
    const Eigen::MatrixXd p = predict_all(knn, part.index, data.x(fold.test, columns), data.y.cols());
    for (std::size_t k = 0; k < fold.test.size(); ++k) {
      Eigen::Index best = 0;
      p.row(static_cast<Eigen::Index>(k)).maxCoeff(&best);
      score[fold.test[k]] = data.is_known(fold.test[k], best) ? data.y(fold.test[k], best) : 0.0;
    }
  }
  return score;
}

// Coder and reduction, from these rows alone.
std::pair<FeatureCoder, Reduction> learn_features(const FeatureMatrix& x, const ScoreMatrix& scores,
                                                  const SelectorOptions& options) {
  FeatureCoder coder(x, options.coder);
  Reduction reduction;
  for (Eigen::Index k = 0; k < coder.width(); ++k) reduction.kept.push_back(k);
  if (options.reduction.most_correlation < 1.0) {
    reduction = drop_correlated(coder(x), names_of(coder), options.reduction.most_correlation);
  }
  if (options.reduction.backward) {
    const TrainingSet data = make_training_set(coder, x, scores);
    remove_backward(reduction, names_of(coder), [&](const std::vector<Eigen::Index>& columns) {
      return judge_columns(data, columns, options.reduction);
    });
  }
  coder.keep(reduction.kept);
  return {std::move(coder), std::move(reduction)};
}

}  // namespace

ModelSelector::ModelSelector(SelectorOptions options) : options_(std::move(options)) {
  options_.policy.require_valid();
  const auto require = [](bool valid, const char* name, const std::string& value, const char* allowed) {
    if (!valid) throw InvalidArgument(std::string(name) + ": " + value + " is not " + allowed);
  };
  require(options_.folds >= 2, "folds", std::to_string(options_.folds), "at least 2");
  require(options_.support_quantile > 0.0 && options_.support_quantile <= 1.0, "support_quantile",
          to_text(options_.support_quantile), "in (0, 1]");
  require(options_.cascade.neighbours >= 1, "neighbours", std::to_string(options_.cascade.neighbours), "at least 1");
  require(options_.reduction.most_correlation > 0.0, "most_correlation", to_text(options_.reduction.most_correlation),
          "above 0");
  if (options_.estimator == "auto") return;
  estimator_name_ = options_.estimator;
  blank_ = make_estimator(options_.estimator, options_.seed);
  if (options_.estimator == "cascade") blank_ = KnnEstimator(options_.cascade.neighbours);
}

ModelSelector::ModelSelector(AnyEstimator estimator, SelectorOptions options)
    : ModelSelector([&] {
        options.estimator = "constant";
        return std::move(options);
      }()) {
  own_estimator_ = true;
  options_.estimator = estimator_name_ = "own";
  blank_ = std::move(estimator);
}

void ModelSelector::require_fitted() const {
  if (!fitted_) throw InvalidArgument("selector: nothing has been learnt yet; call fit first");
}

void ModelSelector::require_features_version(std::string_view version) const {
  const std::string& learnt = options_.features_version;
  if (learnt.empty() || version.empty() || learnt == version) return;
  throw InvalidArgument("features: of version '" + std::string(version) + "', the selector learnt '" + learnt + "'");
}

void ModelSelector::require_enough_data() {
  const Eigen::Index n = x_.rows(), m = scores_.values.cols();
  const Eigen::Index least = std::max<Eigen::Index>(options_.cascade.neighbours + 1, 30);
  weight_.assign(static_cast<std::size_t>(m), 1.0);
  mean_.assign(weight_.size(), 0.0);
  usable_.assign(weight_.size(), 1);
  const auto few = [&](const std::string& what, const std::string& needed) {
    if (options_.small == SmallData::refuse) throw InvalidArgument(what + ", and at least " + needed + " are needed");
    warnings_.push_back(what + ": the mean stands for an estimate");
  };
  if (n < least) {
    few("rows: " + std::to_string(n) + " given", std::to_string(least));
    std::fill(weight_.begin(), weight_.end(), 0.0);
  }
  const Eigen::MatrixXd utility = scores_.utilities();
  Eigen::Index offered = 0;
  for (Eigen::Index j = 0; j < m; ++j) {
    const auto s = static_cast<std::size_t>(j);
    double known = 0.0, right = 0.0;
    for (Eigen::Index i = 0; i < n; ++i) {
      if (!scores_.is_known(i, j)) continue;
      known += 1.0;
      mean_[s] += utility(i, j);
      right += scores_.values(i, j) > 0.0;
    }
    if (known > 0.0) mean_[s] /= known;
    const std::string& name = scores_.models[s];
    if (scores_.kind == ScoreKind::success && right == 0.0) {
      warnings_.push_back("model '" + name + "' is never right: left out");
      usable_[s] = 0;
      continue;
    }
    ++offered;
    if (known < static_cast<double>(n)) {
      weight_[s] *= known / (known + prior_rows);
    } else if (scores_.kind == ScoreKind::success && right < 5.0 && n >= least) {
      few("model '" + name + "' is right on " + to_text(right) + " rows", "5");
      weight_[s] = 0.0;
    }
  }
  if (offered == 0) throw InvalidArgument("scores: no model is ever right");
}

void ModelSelector::fit(const FeatureMatrix& x, const ScoreMatrix& scores, const CostModel& costs) {
  require_alike(x, scores, costs);
  ModelSelector next = *this;  // what was learnt before stays where something is refused
  next.warnings_.clear();
  next.trials_.clear();
  next.x_ = x;
  next.scores_ = scores;
  next.costs_ = costs;
  next.cost_ = costs.empty() ? Eigen::VectorXd::Zero(scores.values.cols()) : costs.means();
  next.learn();
  *this = std::move(next);
}

void ModelSelector::learn() {
  require_enough_data();
  std::tie(coder_, reduction_) = learn_features(x_, scores_, options_);
  warnings_.insert(warnings_.end(), coder_.warnings().begin(), coder_.warnings().end());
  data_ = make_training_set(coder_, x_, scores_, cost_);
  out_of_fold_.resize(0, 0);
  if (options_.estimator == "auto") choose_estimator();
  finish();
}

void ModelSelector::partial_fit(const FeatureMatrix& x, const ScoreMatrix& scores, const CostModel& costs) {
  require_fitted();
  x.require_valid();
  const FeatureMatrix more = coder_.aligned(x);
  if (x.rows() != scores.values.rows() || static_cast<Eigen::Index>(scores.models.size()) != scores.values.cols()) {
    throw InvalidArgument("partial_fit: " + std::to_string(x.rows()) + " rows of features, scores " +
                          std::to_string(scores.values.rows()) + " x " + std::to_string(scores.values.cols()) +
                          " for " + std::to_string(scores.models.size()) + " models");
  }
  scores.require_mask();
  if (scores.kind != scores_.kind) {
    throw InvalidArgument("partial_fit: the scores are of another kind than those learnt");
  }
  // A place for every model, old and new.
  ScoreMatrix all = scores_;
  const Eigen::Index before = x_.rows(), total = before + x.rows();
  std::vector<Eigen::Index> place;
  for (const std::string& name : scores.models) {
    const auto it = std::find(all.models.begin(), all.models.end(), name);
    place.push_back(static_cast<Eigen::Index>(it - all.models.begin()));
    if (it == all.models.end()) all.models.push_back(name);
  }
  const auto m = static_cast<Eigen::Index>(all.models.size()), old = scores_.values.cols();
  if (m != old && costs.empty() && !costs_.empty()) {
    throw InvalidArgument("partial_fit: model '" + all.models.back() + "' is new: give the costs of all " +
                          std::to_string(m) + " models");
  }
  all.values.setZero(total, m);
  all.known = Mask::Constant(total, m, false);
  all.values.topLeftCorner(before, old) = scores_.values;
  all.known.topLeftCorner(before, old) = scores_.known.size() != 0 ? scores_.known : Mask::Constant(before, old, true);
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    for (std::size_t k = 0; k < place.size(); ++k) {
      const auto j = static_cast<Eigen::Index>(k);
      if (!scores.is_known(i, j)) continue;
      all.values(before + i, place[k]) = scores.values(i, j);
      all.known(before + i, place[k]) = true;
    }
  }
  if (all.known.all()) all.known.resize(0, 0);
  all.require_valid();
  FeatureMatrix joined{.columns = x_.columns, .values = Eigen::MatrixXd(total, x_.values.cols())};
  joined.values << x_.values, more.values;
  CostModel price = costs.empty() ? costs_ : costs;
  if (price.per_input.size() != 0) price = {.per_call = price.means(), .per_input = {}, .unit = price.unit};
  if (!price.empty()) price.require_valid(all.models, total);
  coder_(more);  // refuses what cannot be coded before anything changes
  if (options_.max_rows > 0 && total > static_cast<Eigen::Index>(options_.max_rows)) {
    std::vector<Eigen::Index> kept;
    for (Eigen::Index i = total - static_cast<Eigen::Index>(options_.max_rows); i < total; ++i) kept.push_back(i);
    joined = joined.take(kept);
    all = all.take(kept);
  }
  ModelSelector next = *this;
  next.x_ = std::move(joined);
  next.scores_ = std::move(all);
  next.costs_ = std::move(price);
  next.cost_ = next.costs_.empty() ? Eigen::VectorXd::Zero(m) : next.costs_.means();
  next.warnings_.clear();
  next.require_enough_data();
  next.data_ = make_training_set(coder_, next.x_, next.scores_, next.cost_);
  next.out_of_fold_.resize(0, 0);
  next.finish();
  *this = std::move(next);
}

// Predictions in which a model that may not be chosen is worth nothing.
Eigen::MatrixXd ModelSelector::offered(Eigen::MatrixXd predicted, std::span<const char> available) const {
  for (Eigen::Index j = 0; j < predicted.cols(); ++j) {
    if (!offers(j, available)) predicted.col(j).setConstant(-1e300);
  }
  return predicted;
}

// Draws a model of which little is known to its mean.
void ModelSelector::shrink(std::span<double> scores) const {
  for (std::size_t j = 0; j < scores.size(); ++j) {
    if (weight_[j] < 1.0) scores[j] = weight_[j] * scores[j] + (1.0 - weight_[j]) * mean_[j];
  }
}

Eigen::MatrixXd ModelSelector::predict_out_of_fold(const AnyEstimator& estimator) const {
  const Eigen::Index n = x_.rows(), m = scores_.values.cols();
  Eigen::MatrixXd out(n, m);
  for (const auto& fold : surrogate::detail::seeded_folds(n, options_.folds, options_.seed)) {
    const FeatureMatrix train = x_.take(fold.train);
    const ScoreMatrix scores = scores_.take(fold.train);
    const FeatureCoder coder = learn_features(train, scores, options_).first;
    const TrainingSet data = make_training_set(coder, train, scores, cost_);
    AnyEstimator learnt = estimator;
    learnt.fit(data);
    out(fold.test, Eigen::all) = predict_all(learnt, data.index, coder(x_.take(fold.test)), m);
  }
  std::vector<double> row(static_cast<std::size_t>(m));
  for (Eigen::Index i = 0; i < n; ++i) {
    Eigen::RowVectorXd::Map(row.data(), m) = out.row(i);
    shrink(row);
    out.row(i) = Eigen::RowVectorXd::Map(row.data(), m);
  }
  return out;
}

void ModelSelector::measure_support() {
  std::vector<Neighbour> near;
  std::vector<double> distances, row(static_cast<std::size_t>(data_.x.cols()));
  support_neighbours_ = static_cast<int>(std::min<Eigen::Index>(options_.cascade.neighbours, data_.x.rows() - 1));
  support_distance_ = 0.0;
  if (support_neighbours_ < 1) return;
  const Eigen::Index n = data_.x.rows(), tests = std::min(n, most_support_rows);
  for (Eigen::Index t = 0; t < tests; ++t) {
    const Eigen::Index i = t * n / tests;
    Eigen::RowVectorXd::Map(row.data(), data_.x.cols()) = data_.x.row(i);
    data_.index.nearest(row, static_cast<std::size_t>(support_neighbours_), near, static_cast<std::uint32_t>(i));
    distances.push_back(mean_distance(near));
  }
  support_distance_ = lower_quantile(distances, options_.support_quantile);
}

void ModelSelector::finish() {
  const Eigen::Index m = scores_.values.cols();
  best_single_ = scores_.best_single();
  fallback_ = best_single_;
  if (options_.fallback.empty()) fallback_ = -1;
  if (!options_.fallback.empty() && options_.fallback != "best") {
    const auto it = std::find(scores_.models.begin(), scores_.models.end(), options_.fallback);
    if (it == scores_.models.end()) {
      throw InvalidArgument("fallback: '" + options_.fallback + "' is none of the models " + join(scores_.models));
    }
    fallback_ = static_cast<Eigen::Index>(it - scores_.models.begin());
  }
  const Policy& policy = options_.policy;
  const bool budget = policy.has_budget();
  // A share (an accuracy, say) is no probability, and a map a model would blur which of them is ahead.
  const bool calibrate = options_.calibrate && scores_.is_right_or_wrong() && policy.kind != Policy::Kind::optimum;
  if ((budget || policy.kind == Policy::Kind::min_cost) && costs_.empty()) {
    throw InvalidArgument("policy: " + policy.to_text() + " needs costs");
  }
  cascade_ = {};
  if (policy.kind == Policy::Kind::optimum) {
    if (scores_.kind != ScoreKind::success) throw InvalidArgument("policy: optimum needs scores of success");
    cascade_ = Cascade(scores_, cost_, options_.cascade);
  }
  calibration_.clear();
  lambda_ = {};
  if (policy.kind == Policy::Kind::trade_off) lambda_.lambda = policy.value;
  estimator_ = blank_;
  estimator_.fit(data_);
  const bool needs = budget || policy.kind == Policy::Kind::min_cost || calibrate;
  const bool constant = std::all_of(weight_.begin(), weight_.end(), [](double w) { return w == 0.0; });
  if (!needs || constant || x_.rows() < Eigen::Index{2} * options_.folds) {
    out_of_fold_.resize(0, 0);
    if (constant) out_of_fold_ = Eigen::RowVectorXd::Map(mean_.data(), m).replicate(x_.rows(), 1);
  } else if (out_of_fold_.size() == 0) {
    out_of_fold_ = predict_out_of_fold(blank_);
  }
  if (calibrate && out_of_fold_.size() != 0 && !constant) {
    for (Eigen::Index j = 0; j < m; ++j) {
      const std::vector<Eigen::Index> known = scores_.known_rows(j);
      const Eigen::VectorXd p = out_of_fold_(known, j), y = scores_.values(known, j);
      calibration_.push_back(static_cast<int>(known.size()) < 10 * options_.folds
                                 ? Calibration()
                                 : choose_calibration(p, y, options_.folds, options_.seed));
      for (Eigen::Index i = 0; i < x_.rows(); ++i) {
        out_of_fold_(i, j) = calibration_.back()(out_of_fold_(i, j));
      }
    }
  }
  if (budget) {
    require_affordable(cost_, policy.value, usable_);
    if (out_of_fold_.size() != 0) lambda_ = budget_lambda(offered(out_of_fold_), cost_, policy.value);
  }
  if (policy.kind == Policy::Kind::min_cost && out_of_fold_.size() != 0) {
    lambda_.lambda =
        lambda_reaching(offered(out_of_fold_), scores_, cost_, policy.value, policy.relative, best_single_);
  }
  measure_support();
  fitted_ = true;
}

std::vector<TradeOff> ModelSelector::tradeoff_curve() const {
  require_fitted();
  if (costs_.empty()) throw InvalidArgument("tradeoff_curve: no costs were given");
  if (out_of_fold_.size() != 0) return selection::tradeoff_curve(offered(out_of_fold_), scores_, cost_);
  return selection::tradeoff_curve(offered(predict_out_of_fold(blank_)), scores_, cost_);
}

std::vector<CalibrationReport> ModelSelector::calibration() const {
  require_fitted();
  if (scores_.kind != ScoreKind::success) throw InvalidArgument("calibration: the scores are no successes");
  const Eigen::MatrixXd p = out_of_fold_.size() != 0 ? out_of_fold_ : predict_out_of_fold(blank_);
  std::vector<CalibrationReport> out;
  for (Eigen::Index j = 0; j < p.cols(); ++j) {
    const std::vector<Eigen::Index> known = scores_.known_rows(j);
    out.push_back(calibration_report(p(known, j), scores_.values(known, j)));
  }
  return out;
}

}  // namespace bayestuner::selection
