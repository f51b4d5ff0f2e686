#pragma once
/// Which acquisition a Bayesian optimisation of several objectives uses.

#include <Eigen/Core>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bayestuner/acquisition/front_improvement.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::search {

/// Scores candidates for several objectives, as logarithms, given the front in the models' own (standardised,
/// minimised) units.
class FrontChoice {
 public:
  using Score = std::function<Eigen::VectorXd(const std::vector<Posterior>&)>;

  /// `make(front)` gives any model of FrontAcquisition whose scores are logarithms: ln PF is added to them.
  template <class Make>
    requires acquisition::FrontAcquisition<
        std::invoke_result_t<const Make&, const acquisition::HypervolumeImprovement&>>
  FrontChoice(Make make)  // NOLINT: meant to convert
      : make_([make = std::move(make)](const acquisition::HypervolumeImprovement& front) {
          return Score(make(front));
        }) {}

  Score operator()(const acquisition::HypervolumeImprovement& front) const { return make_(front); }

 private:
  std::function<Score(const acquisition::HypervolumeImprovement&)> make_;
};

inline FrontChoice choose_expected_hypervolume() {
  return [](const acquisition::HypervolumeImprovement& f) { return acquisition::LogExpectedHypervolumeImprovement(f); };
}
inline FrontChoice choose_hypervolume_probability() {
  return [](const acquisition::HypervolumeImprovement& f) {
    return acquisition::LogHypervolumeProbabilityOfImprovement(f);
  };
}
inline FrontChoice choose_front_probability() {
  return [](const acquisition::HypervolumeImprovement& f) { return acquisition::LogProbabilityOfFrontImprovement(f); };
}

/// A choice by its name: ehvi, hvpoi, poi. Throws InvalidArgument for any other.
inline FrontChoice make_front_choice(const std::string& name) {
  if (name == "ehvi") return choose_expected_hypervolume();
  if (name == "hvpoi") return choose_hypervolume_probability();
  if (name == "poi") return choose_front_probability();
  throw InvalidArgument("criterion: '" + name + "' is none of ehvi, hvpoi, poi");
}

}  // namespace bayestuner::search
