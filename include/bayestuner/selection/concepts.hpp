#pragma once

#include <Eigen/Core>
#include <concepts>
#include <span>
#include <vector>

#include "bayestuner/selection/decision.hpp"
#include "bayestuner/selection/neighbours.hpp"
#include "bayestuner/selection/training_set.hpp"

namespace bayestuner::selection {

// The parts of Estimator, named so that a compiler's refusal says which one is missing.
template <class E>
concept LearnsScores = requires(E e, const TrainingSet& data) { e.fit(data); };
template <class E>
concept SaysHowManyNeighbours = requires(const E e) {
                                  { e.neighbours() } -> std::convertible_to<int>;
                                };
template <class E>
concept PredictsScores = requires(const E e, std::span<const double> x, std::span<const Neighbour> near,
                                  std::span<double> out) { e.predict(x, near, out); };

/// Predicts what each model would score on an input.
/// `e.fit(data)`: learns `data`, n > 0; replaces what was learnt before.
/// `e.neighbours()`: how many of the nearest training rows `predict` reads; 0: none. One search serves all.
/// `e.predict(x, near, out)`: utility of every model (m) in `out` for coded features `x` (p) whose nearest training
/// rows are `near`, nearest first; for success scores a probability in [0, 1]. Finite; pure.
/// Models: ConstantEstimator, KnnEstimator, LogisticEstimator, JointForest, TreesEstimator, PairwiseForest,
/// MixEstimator, SvmEstimator, StagedEstimator, MultiClassEstimator, AnyEstimator. Checked by
/// conformance/selection.hpp.
template <class E>
concept Estimator = std::copyable<E> && LearnsScores<E> && SaysHowManyNeighbours<E> && PredictsScores<E>;

/// Chooses a model for an input.
/// `s.select(x, decision)`: `x` (d) features as they were learnt; everything in `decision` is set. Pure: equal input,
/// equal decision. Throws InvalidArgument for a wrong number of features.
/// `s.models()`: names; Decision::model is a place in them, or -1 where none is to run.
/// Models: ModelSelector, BasicSelector, AnySelector. Checked by conformance/selection.hpp.
template <class S>
concept Selector = requires(const S s, std::span<const double> x, Decision& decision) {
                     s.select(x, decision);
                     { s.models() } -> std::convertible_to<const std::vector<std::string>&>;
                   };

}  // namespace bayestuner::selection
