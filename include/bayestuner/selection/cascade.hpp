#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bayestuner/selection/candidates.hpp"
#include "bayestuner/selection/data.hpp"
#include "bayestuner/selection/neighbours.hpp"

namespace bayestuner::selection {

/// What a stage's neighbours vote on.
enum class StageLabel : std::uint8_t {
  optimal,  ///< the stage's model is the cheapest right one there
  correct   ///< it is right there
};
/// In which order the stages are asked.
enum class StageOrder : std::uint8_t { inclusion, cost };

struct CascadeOptions {
  int neighbours = 5;
  StageLabel label = StageLabel::optimal;
  StageOrder order = StageOrder::inclusion;
  double threshold_points = 0.5;  ///< of Algorithm 1
};

/// One binary k-NN vote a stage, over neighbours that are searched once; the first stage with a majority gives its
/// model. Source: Taylor et al. 2018, doi:10.1145/3211332.3211336, section 3.1.
class Cascade {
 public:
  Cascade() = default;
  /// Stages for `scores` (n, m) and mean costs (m). Throws InvalidArgument where no model answers any input, or for
  /// fewer than one neighbour.
  Cascade(const ScoreMatrix& scores, const Eigen::VectorXd& cost, const CascadeOptions& options = {});

  int neighbours() const { return options_.neighbours; }
  const CascadeOptions& options() const { return options_; }
  /// Models of the stages, in the order in which they are asked.
  const std::vector<Eigen::Index>& models() const { return models_; }
  const Candidates& candidates() const { return candidates_; }

  /// The stage that says yes, or -1. `votes` (stages): neighbours that said yes.
  int decide(std::span<const Neighbour> near, std::vector<int>& votes) const;

  template <class A>
  void archive(A& a) {
    a(options_.neighbours), a(options_.label), a(options_.order), a(options_.threshold_points), a(models_);
    a(candidates_.models), a(candidates_.gain_points), a(candidates_.unanswered_points), a(yes_);
  }

 private:
  CascadeOptions options_;
  Candidates candidates_;
  std::vector<Eigen::Index> models_;
  std::vector<std::uint8_t> yes_;  // (n, stages), row after row
};

}  // namespace bayestuner::selection
