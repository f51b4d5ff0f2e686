#include "bayestuner/selection/data.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::selection {

namespace {

void require_distinct(const char* what, const std::vector<std::string>& names) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (name.empty()) throw InvalidArgument(std::string(what) + ": a name is empty");
    if (!seen.insert(name).second) throw InvalidArgument(std::string(what) + ": '" + name + "' is there twice");
  }
}

}  // namespace

std::vector<std::string> FeatureMatrix::names() const {
  std::vector<std::string> out;
  for (const FeatureColumn& c : columns) out.push_back(c.name);
  return out;
}

FeatureMatrix FeatureMatrix::take(const std::vector<Eigen::Index>& rows) const {
  return {.columns = columns, .values = values(rows, Eigen::all)};
}

void FeatureMatrix::require_valid() const {
  if (static_cast<Eigen::Index>(columns.size()) != values.cols()) {
    throw InvalidArgument("features: " + std::to_string(values.cols()) + " columns of values, " +
                          std::to_string(columns.size()) + " descriptions");
  }
  require_distinct("features", names());
  for (std::size_t j = 0; j < columns.size(); ++j) {
    if (!columns[j].category) continue;
    const auto most = static_cast<double>(columns[j].levels.size());
    for (Eigen::Index i = 0; i < rows(); ++i) {
      const double v = values(i, static_cast<Eigen::Index>(j));
      if (v == std::floor(v) && v >= -1.0 && v < most) continue;
      throw InvalidArgument("feature '" + columns[j].name + "', row " + std::to_string(i) + ": " + to_text(v) +
                            " is no index of its " + std::to_string(columns[j].levels.size()) + " levels (or -1)");
    }
  }
}

FeatureMatrix features(Eigen::MatrixXd values, std::vector<std::string> names) {
  FeatureMatrix out{.columns = {}, .values = std::move(values)};
  if (names.empty()) {
    for (Eigen::Index j = 0; j < out.values.cols(); ++j) names.push_back("x" + std::to_string(j));
  }
  for (std::string& name : names) out.columns.push_back({.name = std::move(name)});
  out.require_valid();
  return out;
}

Eigen::MatrixXd ScoreMatrix::utilities() const {
  if (kind != ScoreKind::cost_like) return values;
  return values.unaryExpr([](double v) { return -std::log10(std::max(v, 0.01)); });
}

bool ScoreMatrix::is_right_or_wrong() const {
  if (kind != ScoreKind::success) return false;
  for (Eigen::Index j = 0; j < values.cols(); ++j) {
    for (Eigen::Index i = 0; i < values.rows(); ++i) {
      if (is_known(i, j) && values(i, j) != 0.0 && values(i, j) != 1.0) return false;
    }
  }
  return true;
}

Eigen::VectorXd ScoreMatrix::means() const {
  Eigen::VectorXd out(values.cols());
  for (Eigen::Index j = 0; j < values.cols(); ++j) {
    double sum = 0.0, n = 0.0;
    for (Eigen::Index i = 0; i < values.rows(); ++i) {
      if (!is_known(i, j)) continue;
      sum += values(i, j);
      n += 1.0;
    }
    out[j] = n > 0.0 ? sum / n : std::numeric_limits<double>::quiet_NaN();
  }
  return out;
}

Eigen::Index ScoreMatrix::best_single() const {
  const Eigen::VectorXd mean = means();
  Eigen::Index best = 0;
  for (Eigen::Index j = 1; j < mean.size(); ++j) {
    const bool better = kind == ScoreKind::cost_like ? mean[j] < mean[best] : mean[j] > mean[best];
    if (better || std::isnan(mean[best])) best = j;
  }
  return best;
}

std::vector<Eigen::Index> ScoreMatrix::known_rows(Eigen::Index model) const {
  std::vector<Eigen::Index> rows;
  for (Eigen::Index i = 0; i < values.rows(); ++i) {
    if (is_known(i, model)) rows.push_back(i);
  }
  return rows;
}

ScoreMatrix ScoreMatrix::take(const std::vector<Eigen::Index>& rows) const {
  ScoreMatrix out{.models = models, .values = values(rows, Eigen::all), .known = {}, .kind = kind};
  if (known.size() != 0) out.known = known(rows, Eigen::all);
  return out;
}

void ScoreMatrix::require_mask() const {
  if (known.size() == 0 || (known.rows() == values.rows() && known.cols() == values.cols())) return;
  throw InvalidArgument("scores: the mask of known entries is " + std::to_string(known.rows()) + " x " +
                        std::to_string(known.cols()) + ", the scores are " + std::to_string(values.rows()) + " x " +
                        std::to_string(values.cols()));
}

void ScoreMatrix::require_valid() const {
  if (models.size() < 2) {
    throw InvalidArgument("models: " + std::to_string(models.size()) + " given, a choice needs at least 2");
  }
  require_distinct("models", models);
  if (static_cast<Eigen::Index>(models.size()) != values.cols()) {
    throw InvalidArgument("scores: " + std::to_string(values.cols()) + " columns for " + std::to_string(models.size()) +
                          " models");
  }
  require_mask();
  for (Eigen::Index j = 0; j < values.cols(); ++j) {
    for (Eigen::Index i = 0; i < values.rows(); ++i) {
      if (!is_known(i, j)) continue;
      const double v = values(i, j);
      const bool in_range = kind == ScoreKind::success     ? v >= 0.0 && v <= 1.0
                            : kind == ScoreKind::cost_like ? v >= 0.0
                                                           : true;
      if (std::isfinite(v) && in_range) continue;
      throw InvalidArgument("score of '" + models[static_cast<std::size_t>(j)] + "', row " + std::to_string(i) + ": " +
                            to_text(v) + " is not " +
                            (kind == ScoreKind::success     ? "in [0, 1]"
                             : kind == ScoreKind::cost_like ? "finite and at least 0"
                                                            : "finite"));
    }
  }
}

Eigen::VectorXd CostModel::means() const {
  return per_input.size() != 0 ? Eigen::VectorXd(per_input.colwise().mean()) : per_call;
}

CostModel CostModel::take(const std::vector<Eigen::Index>& rows) const {
  CostModel out = *this;
  if (per_input.size() != 0) out.per_input = per_input(rows, Eigen::all);
  return out;
}

void CostModel::require_valid(const std::vector<std::string>& models, Eigen::Index rows) const {
  const auto m = static_cast<Eigen::Index>(models.size());
  if (per_input.size() != 0 && (per_input.rows() != rows || per_input.cols() != m)) {
    throw InvalidArgument("costs: " + std::to_string(per_input.rows()) + " x " + std::to_string(per_input.cols()) +
                          " given for " + std::to_string(rows) + " inputs and " + std::to_string(m) + " models");
  }
  if (per_input.size() == 0 && per_call.size() != m) {
    throw InvalidArgument("costs: " + std::to_string(per_call.size()) + " given for " + std::to_string(m) + " models");
  }
  for (Eigen::Index j = 0; j < m; ++j) {
    for (Eigen::Index i = 0; i < (per_input.size() != 0 ? rows : 1); ++i) {
      const double cost = of(i, j);
      if (std::isfinite(cost) && cost >= 0.0) continue;
      throw InvalidArgument("cost of '" + models[static_cast<std::size_t>(j)] + "'" +
                            (per_input.size() != 0 ? ", row " + std::to_string(i) : std::string()) + ": " +
                            to_text(cost) + " is not in [0, inf)");
    }
  }
}

void require_alike(const FeatureMatrix& x, const ScoreMatrix& scores, const CostModel& costs) {
  x.require_valid();
  scores.require_valid();
  if (x.rows() != scores.values.rows()) {
    throw InvalidArgument("features have " + std::to_string(x.rows()) + " rows, scores " +
                          std::to_string(scores.values.rows()));
  }
  if (!costs.empty()) costs.require_valid(scores.models, x.rows());
}

}  // namespace bayestuner::selection
