#pragma once
/// Why a selector names the model that it names.

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bayestuner/selection/decision.hpp"
#include "bayestuner/selection/model_selector.hpp"

namespace bayestuner::selection {

/// One decision taken apart. Made by `explain`; equal for a selector and what was loaded from its file.
struct Explanation {
  /// What was expected of one model.
  struct Model {
    std::string name;
    double score = 0.0;    ///< predicted: a probability of success, or the utility of another score
    double cost = 0.0;     ///< mean cost of a call; 0 where costs are not known
    double value = 0.0;    ///< score - lambda * cost
    bool offered = false;  ///< false: was never right in training, or is forbidden for this call
    friend bool operator==(const Model&, const Model&) = default;
  };
  /// A training row near the input.
  struct Near {
    std::uint32_t row = 0;
    double distance = 0.0;                      ///< Euclidean, features scaled
    std::vector<std::optional<double>> scores;  ///< what every model did there, in the scores' own unit; none: unknown
    friend bool operator==(const Near&, const Near&) = default;
  };
  /// A feature unlike anything learnt.
  struct Unusual {
    enum class Kind : std::uint8_t { out_of_range, unseen, missing } kind = Kind::out_of_range;
    std::string name;
    double value = 0.0;            ///< as given; of a category its place in the levels, NaN where missing
    double low = 0.0, high = 0.0;  ///< least and greatest value learnt
    friend bool operator==(const Unusual& a, const Unusual& b) {
      return a.kind == b.kind && a.name == b.name && a.low == b.low && a.high == b.high &&
             (a.value == b.value || (a.value != a.value && b.value != b.value));
    }
  };
  /// A stage of the cascade, in the order in which they are asked; with policy `optimum` only.
  struct Stage {
    std::string model;
    std::optional<int> votes;  ///< of the neighbours; none where the estimator is no cascade: Model::score decides
    bool says_yes = false;     ///< the first of these is taken, unless its model is not offered
    friend bool operator==(const Stage&, const Stage&) = default;
  };

  std::string policy, estimator;
  std::string model;  ///< chosen; empty: none is to run
  Status status = Status::declined;
  std::string reason;  ///< of the status, in words
  double lambda = 0.0;
  std::vector<Model> models;
  std::string runner_up;   ///< what would be chosen if `model` were forbidden; empty: none
  double shortfall = 0.0;  ///< by how much the runner-up's value is below the chosen model's; negative: above
  bool supported = true;   ///< `distance` is at most `support_distance`
  double distance = 0.0, support_distance = 0.0;
  int neighbours_read = 0;       ///< by the estimator or for the distance; `neighbours` are the nearest of them
  std::vector<Near> neighbours;  ///< nearest first
  std::vector<Unusual> unusual;
  std::vector<Stage> stages;

  std::string to_text() const;  ///< lines for people
  std::string to_json() const;  ///< one line
  friend bool operator==(const Explanation&, const Explanation&) = default;
};

/// Explains what `selector` chooses for `x` (d), with at most `neighbours` of the nearest training rows. `available`
/// as in ModelSelector::select, and throws as that does.
Explanation explain(const ModelSelector& selector, std::span<const double> x, std::size_t neighbours = 10,
                    std::span<const char> available = {});

}  // namespace bayestuner::selection
