// What a selector that has learnt does with inputs.
#include <bit>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/selection/detail/scratch.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace bayestuner::selection {

void ModelSelector::require_available(std::span<const char> available) const {
  if (available.empty() || available.size() == usable_.size()) return;
  throw InvalidArgument("available: " + std::to_string(available.size()) + " entries for " +
                        std::to_string(usable_.size()) + " models");
}

// Finds the neighbours of a coded input.
void ModelSelector::locate(Decision& d) const {
  const int wanted = std::max(support_neighbours_, estimator_.neighbours());
  data_.index.nearest(d.coded, static_cast<std::size_t>(wanted), d.neighbours);
  const std::size_t k = std::min(d.neighbours.size(), static_cast<std::size_t>(support_neighbours_));
  d.distance = mean_distance(std::span<const Neighbour>(d.neighbours).first(k));
  d.supported = !(d.distance > support_distance_);
}

// The lambda for this input: which of the two is a draw that the input itself decides, so that equal inputs are chosen
// for alike.
double ModelSelector::lambda_for(const Decision& d) const {
  if (!(lambda_.share > 0.0)) return lambda_.lambda;
  std::uint64_t hash = options_.seed;
  for (const double value : d.coded) hash = mix64(hash ^ std::bit_cast<std::uint64_t>(value));
  return static_cast<double>(hash >> 11U) * 0x1p-53 < lambda_.share ? lambda_.dear : lambda_.lambda;
}

Eigen::Index ModelSelector::choose(Decision& d, std::span<const char> available) const {
  d.stage = -1;
  d.votes.clear();
  if (options_.policy.kind == Policy::Kind::optimum) {
    const std::vector<Eigen::Index>& models = cascade_.models();
    if (estimator_name_ == "cascade") {
      d.stage = cascade_.decide(d.neighbours, d.votes);
      if (d.stage >= 0 && !offers(models[static_cast<std::size_t>(d.stage)], available)) d.stage = -1;
    } else {
      for (std::size_t s = 0; s < models.size() && d.stage < 0; ++s) {
        if (offers(models[s], available) && answers(d.scores[static_cast<std::size_t>(models[s])])) {
          d.stage = static_cast<int>(s);
        }
      }
    }
    return d.stage < 0 ? -1 : models[static_cast<std::size_t>(d.stage)];
  }
  const std::size_t m = usable_.size();
  const std::span<const double> cost(cost_.data(), m);
  detail::Scratch<char, 64> mask(m);
  for (std::size_t j = 0; j < m; ++j) mask[j] = offers(static_cast<Eigen::Index>(j), available) ? 1 : 0;
  if (options_.policy.kind == Policy::Kind::per_input) {
    return pick_cheapest(d.scores, cost, options_.policy.value, mask);
  }
  return pick(d.scores, cost, d.lambda, mask);
}

void ModelSelector::put(Decision& d, Eigen::Index model, Status status) const {
  d.model = model;
  d.status = status;
  d.probability = model < 0 ? 0.0 : d.scores[static_cast<std::size_t>(model)];
  d.expected_cost = model < 0 ? 0.0 : cost_[model];
}

void ModelSelector::fall_back(Decision& d, std::span<const char> available) const {
  const bool may = fallback_ >= 0 && (available.empty() || available[static_cast<std::size_t>(fallback_)] != 0);
  put(d, may ? fallback_ : -1, may ? Status::fallback : Status::declined);
}

// From what the estimator said of a located input to a model.
void ModelSelector::decide(Decision& d, std::span<const char> available) const {
  shrink(d.scores);
  for (std::size_t j = 0; j < calibration_.size(); ++j) d.scores[j] = calibration_[j](d.scores[j]);
  d.lambda = lambda_for(d);
  const Eigen::Index model = choose(d, available);
  if (model < 0 || (options_.unsupported_to_fallback && !d.supported)) {
    fall_back(d, available);
  } else {
    put(d, model, Status::chosen);
  }
}

void ModelSelector::select(std::span<const double> x, Decision& d, std::span<const char> available) const {
  require_fitted();
  require_available(available);
  d.coded.resize(static_cast<std::size_t>(coder_.width()));
  d.coding = coder_(x, d.coded);
  locate(d);
  d.scores.resize(usable_.size());
  estimator_.predict(d.coded, d.neighbours, d.scores);
  decide(d, available);
}

Batch ModelSelector::select(const FeatureMatrix& x, bool exact, std::span<const char> available) const {
  require_fitted();
  require_available(available);
  const Eigen::MatrixXd coded = coder_(x);  // refuses what cannot be coded, naming the row
  Batch out;
  const auto m = static_cast<Eigen::Index>(usable_.size());
  const bool together = x.rows() > 0 && estimator_.predict_rows(coded, out.scores);
  if (!together) out.scores.resize(x.rows(), m);
  out.model.resize(static_cast<std::size_t>(x.rows()));
  out.status.resize(out.model.size());
  out.supported.resize(out.model.size());
  Decision d;
  d.scores.resize(usable_.size());
  d.coded.resize(static_cast<std::size_t>(coded.cols()));
  for (const Eigen::Index i : along_curve(coded)) {
    Eigen::RowVectorXd::Map(d.coded.data(), coded.cols()) = coded.row(i);
    locate(d);
    if (together) {
      Eigen::RowVectorXd::Map(d.scores.data(), m) = out.scores.row(i);
    } else {
      estimator_.predict(d.coded, d.neighbours, d.scores);
    }
    decide(d, available);
    const auto at = static_cast<std::size_t>(i);
    out.model[at] = d.model;
    out.status[at] = d.status;
    out.supported[at] = d.supported;
    out.scores.row(i) = Eigen::RowVectorXd::Map(d.scores.data(), m);
  }
  if (!exact || !options_.policy.has_budget() || x.rows() == 0) return out;
  const std::vector<Eigen::Index> filled =
      fill_budget(offered(out.scores, available), cost_, options_.policy.value, options_.seed);
  for (std::size_t i = 0; i < filled.size(); ++i) {
    if (out.status[i] == Status::chosen && (available.empty() || available[static_cast<std::size_t>(filled[i])] != 0)) {
      out.model[i] = filled[i];
    }
  }
  return out;
}

Eigen::MatrixXd ModelSelector::predict(const FeatureMatrix& x) const {
  return select(x, false).scores;
}

}  // namespace bayestuner::selection
