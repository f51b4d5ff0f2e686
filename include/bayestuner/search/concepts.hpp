#pragma once

#include <concepts>
#include <optional>

#include "bayestuner/search/history.hpp"

namespace bayestuner::search {

// The half of SearchStrategy beside copying, named so that a compiler's refusal says what is missing.
template <class S>
concept SuggestsPoints = requires(S s, const History& h) {
                           { s.suggest(h) } -> std::same_as<std::optional<space::Point>>;
                         };

/// Proposes what to measure next. `s.suggest(h)`: a point of the space that is neither measured nor pending in `h`,
/// nullopt once no such point is left. The answer is a function of `h` alone: what a model keeps between calls is a
/// cache that changes no bit of it, so any history may follow any other and a resumed run goes on as the first one.
/// Models: BayesianOptimisation, SimulatedAnnealing, LocalSearch, PseudoBinarySearch, RandomSearch, Exhaustive,
/// LatinHypercube, SobolSearch.
/// Checked by conformance/search_strategy.hpp.
template <class S>
concept SearchStrategy = std::copyable<S> && SuggestsPoints<S>;

/// What a further trial promises, for rules that stop a study.
struct Prospect {
  double expected_gain = 0.0;         ///< best expected feasible gain, relative to the best value found
  double probability_feasible = 1.0;  ///< that of the most promising candidate
};

/// A strategy that can also tell what to expect. `s.prospect(h)`: nullopt while it has no model to judge by.
/// Models: BayesianOptimisation.
template <class S>
concept ForesightedStrategy = SearchStrategy<S> && requires(S s, const History& h) {
                                                     { s.prospect(h) } -> std::same_as<std::optional<Prospect>>;
                                                   };

}  // namespace bayestuner::search
