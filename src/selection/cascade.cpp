#include "bayestuner/selection/cascade.hpp"

#include <algorithm>

#include "bayestuner/core/error.hpp"

namespace bayestuner::selection {

Cascade::Cascade(const ScoreMatrix& scores, const Eigen::VectorXd& cost, const CascadeOptions& options)
    : options_(options), candidates_(choose_candidates(scores, cost, options.threshold_points)) {
  if (options.neighbours < 1) {
    throw InvalidArgument("cascade: neighbours: " + std::to_string(options.neighbours) + " is not at least 1");
  }
  models_ = candidates_.models;
  if (options.order == StageOrder::cost) {
    std::stable_sort(models_.begin(), models_.end(), [&](auto a, auto b) { return cost[a] < cost[b]; });
  }
  const std::vector<int> optimum = optimum_of(scores, cost, models_);
  const std::size_t stages = models_.size();
  yes_.resize(optimum.size() * stages);
  for (std::size_t i = 0; i < optimum.size(); ++i) {
    for (std::size_t s = 0; s < stages; ++s) {
      const auto row = static_cast<Eigen::Index>(i);
      const bool yes = options.label == StageLabel::optimal
                           ? optimum[i] == static_cast<int>(s)
                           : scores.is_known(row, models_[s]) && answers(scores.values(row, models_[s]));
      yes_[i * stages + s] = yes ? 1 : 0;
    }
  }
}

int Cascade::decide(std::span<const Neighbour> near, std::vector<int>& votes) const {
  const std::size_t stages = models_.size(), k = std::min(near.size(), static_cast<std::size_t>(options_.neighbours));
  votes.assign(stages, 0);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t s = 0; s < stages; ++s) votes[s] += yes_[near[i].row * stages + s];
  }
  for (std::size_t s = 0; s < stages; ++s) {
    if (2 * static_cast<std::size_t>(votes[s]) > k) return static_cast<int>(s);
  }
  return -1;
}

}  // namespace bayestuner::selection
