#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/search/acquisition_choice.hpp"
#include "bayestuner/search/concepts.hpp"
#include "bayestuner/search/detail/candidates.hpp"
#include "bayestuner/search/detail/catalogue.hpp"
#include "bayestuner/search/detail/front_to_beat.hpp"
#include "bayestuner/search/detail/kernel_rows.hpp"
#include "bayestuner/search/detail/metric_model.hpp"
#include "bayestuner/search/detail/pooled.hpp"
#include "bayestuner/search/detail/scorer.hpp"
#include "bayestuner/search/detail/unmeasured.hpp"
#include "bayestuner/search/front_choice.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "bayestuner/search/latin_hypercube.hpp"
#include "bayestuner/surrogate/gaussian_process.hpp"
#include "bayestuner/surrogate/random_forest.hpp"

namespace bayestuner::search {

struct BayesianOptions {
  std::size_t initial_points = 5;      ///< maximin Latin hypercube, at most half of the budget
  std::size_t points_after_start = 2;  ///< the same where the history begins with a row of the user's
  AcquisitionChoice acquisition = choose_log_expected_improvement();  ///< one objective
  FrontChoice front_acquisition = choose_expected_hypervolume();      ///< two or three objectives
  bool logarithm = true;                                              ///< positive metrics are learnt as logarithms
  bool compress = true;        ///< values far from where they matter are drawn nearer
  bool learn_failures = true;  ///< a model of its own says where trials fail
  bool learn_names = true;     ///< labels with like names are expected to do alike, where there are more than 16
  /// Second opinions to a Gaussian process, for one objective in a space that is scored as a whole: every so many
  /// trials a random forest says what the objective is, and every so many the search stays one parameter away from the
  /// best that it knows. A smooth model is wrong in its own way about a jagged metric; neither of these is wrong in the
  /// same. 0: never.
  std::size_t forest_every = 2, local_every = 3;
  std::size_t forest_after = 15, local_after = 10;  ///< trials before the first
  /// Rows that a model is fitted to; of more, those that matter most and a spread of the others. Bounds memory and
  /// time.
  std::size_t max_rows = 1000;
  /// Readings of the incumbent that are asked for, one after the other and before anything new, while its known
  /// standard errors leave open whether it is feasible. 1: a configuration is never asked for twice.
  std::size_t readings = 1;
};

namespace detail {

/// The surrogate of the recipe; other types are default-constructed.
template <class S>
struct DefaultSurrogate {
  static constexpr bool is_smooth = false;
  static S make() { return S{}; }
};
template <surrogate::Kernel K>
struct DefaultSurrogate<surrogate::GaussianProcess<K>> {
  static constexpr bool is_smooth = true;
  static surrogate::GaussianProcess<K> make() {
    surrogate::GaussianProcessOptions options;
    options.starts = 1;
    options.max_fit_rows = 200;
    options.tolerance = 1e-5;     // half the evaluations of 1e-10; on the recorded tables no result differs for it
    options.standardise = false;  // the targets are
    return surrogate::GaussianProcess<K>(std::move(options));
  }
};

}  // namespace detail

/// Bayesian optimisation: a Latin hypercube first, then the unmeasured point with the highest acquisition under one
/// surrogate for every objective, constraint and the occurrence of failures. Looks for feasibility alone until
/// something feasible is known. One objective: LogEI plus ln P(feasible); two or three: exact EHVI. Spaces of up to 20
/// 000 rows are scored as a whole, larger and continuous ones by sampling and climbing. Source: Jones, Schonlau & Welch
/// 1998, doi:10.1023/A:1008306431147; constraints: Gardner et al. 2014, ICML.
template <surrogate::Surrogate S = surrogate::GaussianProcess<>>
class BayesianOptimisation {
 public:
  explicit BayesianOptimisation(BayesianOptions options = {}, S prototype = detail::DefaultSurrogate<S>::make())
      : options_(std::move(options)), prototype_(std::move(prototype)) {}

  /// Throws InvalidArgument for an invalid task or one of more than three objectives.
  std::optional<space::Point> suggest(const History& history);

  /// What the next trial promises; nullopt before there is a model, or where nothing is left.
  std::optional<Prospect> prospect(const History& history);

  /// Prospect::expected_gain alone.
  std::optional<double> expected_gain(const History& history) {
    const auto found = prospect(history);
    return found ? std::optional<double>(found->expected_gain) : std::nullopt;
  }

 private:
  struct Design {
    std::uint64_t seed;
    std::size_t size;
    std::vector<space::Point> anchors, points;
  };

  void attach(const space::DynamicSpace& space);
  const std::vector<space::Point>& design(std::uint64_t seed, std::size_t size, std::vector<space::Point> anchors);
  std::optional<space::Point> initial_point(const History& history, const detail::Unmeasured& unmeasured);
  std::optional<space::Point> away_from_failures(const History& history, const detail::Unmeasured& unmeasured,
                                                 Random& random) const;
  std::vector<detail::Role> roles(const History& history) const;
  std::size_t rows_of_a_fit() const;
  detail::MetricData data_of(const History& history, const detail::Role& role) const;
  bool learn(const History& history);
  void set_targets_to_beat(const History& history);
  double incumbent_among(const std::vector<std::pair<double, Eigen::Index>>& feasible) const;
  std::optional<space::Point> doubtful_incumbent(const History& history) const;
  std::vector<space::Point> best_points(const History& history) const;
  std::vector<Posterior> beliefs(const std::vector<space::Point>& points) const;
  std::vector<Posterior> beliefs_of_catalogue();
  bool is_turn(const History& history, std::size_t every, std::size_t after) const;
  Posterior belief_of_forest(const History& history) const;
  space::Point best_of_catalogue(const History& history, const detail::Unmeasured& unmeasured, Random& random);
  space::Point best_of_samples(const History& history, const detail::Unmeasured& unmeasured, Random& random);

  BayesianOptions options_;
  S prototype_;

  // Caches: each is keyed by what it depends on, and none changes an answer.
  std::shared_ptr<const detail::Catalogue> catalogue_;
  std::shared_ptr<const detail::KernelRows> kernel_rows_;
  std::shared_ptr<const Eigen::MatrixXd> encoded_;  // (N, axes)
  std::optional<Design> design_[2];
  std::vector<detail::MetricModel<S>> models_;
  // The round in hand.
  Eigen::MatrixXd rows_;  // (observations, axes)
  detail::Scorer scorer_;
  double best_raw_ = 0.0, front_volume_ = 0.0;
};

/// Coordinates of the catalogue, encoded for kernels. Axes that the prototype names are those of the space alone.
template <surrogate::Surrogate S>
void BayesianOptimisation<S>::attach(const space::DynamicSpace& space) {
  if (catalogue_ && detail::is_same_space(catalogue_->space(), space)) return;
  catalogue_ = std::make_shared<const detail::Catalogue>(space);
  bool names = options_.learn_names;
  if constexpr (requires { prototype_.options().axes; }) names = names && prototype_.options().axes.empty();
  kernel_rows_ = std::make_shared<const detail::KernelRows>(space, names);
  encoded_ = std::make_shared<const Eigen::MatrixXd>(catalogue_->empty() ? Eigen::MatrixXd()
                                                                         : (*kernel_rows_)(catalogue_->points()));
  for (auto& kept : design_) kept.reset();
  models_.clear();
}

template <surrogate::Surrogate S>
const std::vector<space::Point>& BayesianOptimisation<S>::design(std::uint64_t seed, std::size_t size,
                                                                 std::vector<space::Point> anchors) {
  std::optional<Design>& kept = design_[anchors.empty() ? 0 : 1];
  const bool same = kept && kept->seed == seed && kept->size == size && kept->anchors.size() == anchors.size() &&
                    std::equal(anchors.begin(), anchors.end(), kept->anchors.begin(), space::same_point);
  if (!same) {
    auto points = detail::maximin_design(catalogue_->space(), catalogue_->empty() ? nullptr : catalogue_.get(), size,
                                         anchors, Random(seed, 0xde51));
    kept = Design{seed, size, std::move(anchors), std::move(points)};
  }
  return kept->points;
}

/// The next point of the initial design; nullopt once it is through. A history that begins with a point of somebody
/// else's choice needs fewer.
template <surrogate::Surrogate S>
std::optional<space::Point> BayesianOptimisation<S>::initial_point(const History& history,
                                                                   const detail::Unmeasured& unmeasured) {
  const std::size_t n = history.observations.size();
  const std::size_t most = std::max<std::size_t>(history.budget.value_or(1000) / 2, 1);
  const std::size_t size = std::min(std::max<std::size_t>(options_.initial_points, 1), most);
  if (n >= std::max(size, 1 + options_.points_after_start)) return std::nullopt;
  const std::vector<space::Point>* points = &design(history.seed, size, {});
  std::size_t until = size;
  if (n > 0) {
    const space::Point& first = history.observations.front().point;
    if (std::none_of(points->begin(), points->end(),
                     [&](const space::Point& point) { return space::same_point(point, first); })) {
      until = std::min(1 + options_.points_after_start, most);
      if (n >= until) return std::nullopt;
      points = &design(history.seed, options_.points_after_start, {first});
    }
  }
  if (n >= until) return std::nullopt;
  for (const space::Point& point : *points) {
    if (!unmeasured.is_taken(point)) return point;
  }
  return std::nullopt;
}

/// Of 32 random points the one farthest from all that failed or is pending.
template <surrogate::Surrogate S>
std::optional<space::Point> BayesianOptimisation<S>::away_from_failures(const History& history,
                                                                        const detail::Unmeasured& unmeasured,
                                                                        Random& random) const {
  const space::DynamicSpace& space = *history.space;
  std::optional<space::Point> farthest;
  double largest = -1.0;
  for (int draw = 0; draw < 32; ++draw) {
    std::optional<space::Point> point = unmeasured.random(random);
    if (!point) break;
    const Eigen::VectorXd x = space.coordinates(*point);
    double nearest = std::numeric_limits<double>::infinity();
    for (const Observation& observation : history.observations) {
      if (observation.outcome == Outcome::ok) continue;
      nearest = std::min(nearest, (space.coordinates(observation.point) - x).squaredNorm());
    }
    if (nearest > largest) {
      largest = nearest;
      farthest = std::move(point);
    }
  }
  return farthest;
}

/// Objectives, then one role for every constrained metric (its bounds together), then the failures.
template <surrogate::Surrogate S>
std::vector<detail::Role> BayesianOptimisation<S>::roles(const History& history) const {
  using detail::TargetSpec;
  std::vector<detail::Role> out;
  for (const Objective& objective : history.task.objectives) {
    detail::Role role;
    role.metric = objective.metric;
    role.spec = {.role = TargetSpec::Role::objective,
                 .maximise = objective.maximise,
                 .logarithm = options_.logarithm,
                 .compress = options_.compress && history.task.objectives.size() == 1};
    out.push_back(role);
  }
  const std::size_t objectives = out.size();
  for (const Constraint& constraint : history.task.constraints) {
    const bool above = constraint.bound == Bound::at_least;
    const auto fits = [&](const detail::Role& role) {
      return role.metric == constraint.metric &&
             (above ? constraint.threshold < role.spec.high : constraint.threshold > role.spec.low);
    };
    auto place = std::find_if(out.begin() + static_cast<std::ptrdiff_t>(objectives), out.end(), fits);
    if (place == out.end()) {
      detail::Role role;
      role.metric = constraint.metric;
      role.spec = {
          .role = TargetSpec::Role::constraint, .logarithm = options_.logarithm, .compress = options_.compress};
      place = out.insert(out.end(), role);
    }
    double& bound = above ? place->spec.low : place->spec.high;
    bound = above ? std::max(bound, constraint.threshold) : std::min(bound, constraint.threshold);
  }
  const auto failed = [](const Observation& observation) { return observation.outcome == Outcome::failed; };
  if (options_.learn_failures && std::any_of(history.observations.begin(), history.observations.end(), failed)) {
    detail::Role role;
    role.spec.role = TargetSpec::Role::label;
    out.push_back(role);
  }
  return out;
}

template <surrogate::Surrogate S>
detail::MetricData BayesianOptimisation<S>::data_of(const History& history, const detail::Role& role) const {
  std::vector<Eigen::Index> chosen;
  std::vector<double> raw, known;
  for (std::size_t i = 0; i < history.observations.size(); ++i) {
    const Observation& observation = history.observations[i];
    if (observation.outcome == Outcome::pending) continue;
    double value = observation.outcome == Outcome::ok ? 1.0 : -1.0, error = 0.0;
    if (role.metric >= 0) {
      value = value_of(observation, role.metric);
      if (!std::isfinite(value)) continue;
      if (role.metric < observation.standard_errors.size()) error = observation.standard_errors[role.metric];
    }
    chosen.push_back(static_cast<Eigen::Index>(i));
    raw.push_back(value);
    known.push_back(std::isfinite(error) && error > 0.0 ? error : 0.0);
  }
  detail::MetricData out;
  out.x = rows_(chosen, Eigen::all);
  out.raw = Eigen::VectorXd::Map(raw.data(), static_cast<Eigen::Index>(raw.size()));
  if (std::any_of(known.begin(), known.end(), [](double error) { return error > 0.0; })) {
    out.variance = Eigen::VectorXd::Map(known.data(), static_cast<Eigen::Index>(known.size())).cwiseAbs2();
  }
  return out;
}

template <surrogate::Surrogate S>
std::size_t BayesianOptimisation<S>::rows_of_a_fit() const {
  constexpr std::size_t floats = 12'000'000, least = 200;
  const std::size_t across = static_cast<std::size_t>(catalogue_->rows()) * models_.size();
  const std::size_t room = across > 0 ? std::max(floats / across, least) : options_.max_rows;
  return std::max<std::size_t>(std::min(options_.max_rows, room), 1);
}

/// Brings the models to the history. False where there is nothing to learn from.
template <surrogate::Surrogate S>
bool BayesianOptimisation<S>::learn(const History& history) {
  std::size_t ok = 0, failed = 0;
  std::vector<space::Point> points;
  std::vector<Eigen::Index> pending;
  for (const Observation& observation : history.observations) {
    ok += observation.outcome == Outcome::ok ? 1 : 0;
    failed += observation.outcome == Outcome::failed ? 1 : 0;
    if (observation.outcome == Outcome::pending) pending.push_back(static_cast<Eigen::Index>(points.size()));
    points.push_back(observation.point);
  }
  if (ok == 0 || (failed > 0 && ok < 3)) return false;
  rows_ = (*kernel_rows_)(points);
  scorer_.roles = roles(history);
  scorer_.objectives = history.task.objectives.size();
  models_.resize(scorer_.roles.size());
  S prototype = prototype_;
  if constexpr (requires { prototype.options().axes; }) {
    if (prototype.options().axes.empty()) prototype.options().axes = kernel_rows_->axes();
  } else if constexpr (requires { prototype.declare_axes(kernel_rows_->axes()); }) {
    prototype.declare_axes(kernel_rows_->axes());
  }
  for (std::size_t k = 0; k < models_.size(); ++k) {
    detail::Role& role = scorer_.roles[k];
    const double phase = static_cast<double>(k) / static_cast<double>(models_.size());
    models_[k].learn(prototype, role.spec, data_of(history, role), phase, rows_of_a_fit());
    role.low = models_[k].transform()(role.spec.low);
    role.high = models_[k].transform()(role.spec.high);
    const double success = 1.0;
    models_[k].believe(rows_(pending, Eigen::all), role.metric < 0 ? &success : nullptr);
  }
  set_targets_to_beat(history);
  return true;
}

/// The best of `feasible` (target, row) whose feasibility the models do not contradict: a lucky reading of an
/// infeasible configuration must not set a target that nothing feasible can beat. The best of all where they contradict
/// every one, or the first ten.
template <surrogate::Surrogate S>
double BayesianOptimisation<S>::incumbent_among(const std::vector<std::pair<double, Eigen::Index>>& feasible) const {
  constexpr std::size_t most = 10;
  if (scorer_.roles.size() > scorer_.objectives) {
    for (std::size_t i = 0; i < std::min(most, feasible.size()); ++i) {
      std::vector<Posterior> beliefs;
      for (const auto& model : models_) beliefs.push_back(model.belief(rows_.row(feasible[i].second)));
      if (scorer_.log_feasible(beliefs, 1)[0] >= std::log(0.5)) return feasible[i].first;
    }
  }
  return feasible.front().first;
}

/// Incumbent or front of the feasible configurations, in targets.
template <surrogate::Surrogate S>
void BayesianOptimisation<S>::set_targets_to_beat(const History& history) {
  scorer_.incumbent.reset();
  scorer_.front.reset();
  if (scorer_.objectives == 0) return;
  std::vector<std::pair<double, Eigen::Index>> ranked;
  double lowest = std::numeric_limits<double>::infinity();
  for (const detail::Pooled& row : detail::pooled(history)) {
    if (!is_feasible(row.mean, history.task)) continue;
    const double raw = value_of(row.mean, scorer_.roles[0].metric), target = models_[0].transform()(raw);
    if (target < lowest) {
      lowest = target;
      best_raw_ = raw;
    }
    ranked.emplace_back(target, row.first);
  }
  if (ranked.empty()) return;
  std::sort(ranked.begin(), ranked.end());
  scorer_.incumbent = incumbent_among(ranked);
  if (scorer_.objectives < 2) return;
  // Volume is counted in the metrics' own values, though their logarithms are learnt.
  const detail::FrontToBeat front = detail::front_to_beat(history);
  std::vector<acquisition::OutcomeScale> scales;
  scorer_.outcomes.clear();
  for (std::size_t k = 0; k < scorer_.objectives; ++k) {
    const detail::OutputTransform& transform = models_[k].transform();
    scales.push_back(transform.outcome_scale());
    scorer_.outcomes.push_back({transform, front.unit[static_cast<Eigen::Index>(k)]});
  }
  scorer_.front.emplace(front.points, front.reference, std::move(scales));
  scorer_.front_score = options_.front_acquisition(*scorer_.front);
  front_volume_ = hypervolume(front.points, front.reference.transpose());
}

template <surrogate::Surrogate S>
std::vector<Posterior> BayesianOptimisation<S>::beliefs(const std::vector<space::Point>& points) const {
  const Eigen::MatrixXd x = (*kernel_rows_)(points);
  std::vector<Posterior> out;
  for (const auto& model : models_) out.push_back(model.belief(x));
  return out;
}

template <surrogate::Surrogate S>
std::vector<Posterior> BayesianOptimisation<S>::beliefs_of_catalogue() {
  std::vector<Posterior> out;
  for (auto& model : models_) out.push_back(model.cached_belief(*encoded_));
  return out;
}

/// Whether the next trial is one of those that a second opinion decides.
template <surrogate::Surrogate S>
bool BayesianOptimisation<S>::is_turn(const History& history, std::size_t every, std::size_t after) const {
  const std::size_t n = history.observations.size();
  return detail::DefaultSurrogate<S>::is_smooth && scorer_.objectives == 1 && scorer_.incumbent && every > 0 &&
         n >= after && n % every == 0;
}

/// What a random forest believes of the objective, in the target's unit, at the rows of the catalogue.
template <surrogate::Surrogate S>
Posterior BayesianOptimisation<S>::belief_of_forest(const History& history) const {
  const detail::MetricData data = data_of(history, scorer_.roles.front());
  const Eigen::VectorXd targets = models_.front().transform()(data.raw);
  const auto chosen =
      detail::rows_to_learn(targets, -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity(),
                            std::min<std::size_t>(options_.max_rows, 300));
  surrogate::RandomForest forest({.trees = 30, .seed = history.observations.size()});
  forest.fit(data.x(chosen, Eigen::all), targets(chosen));
  return forest.predict(*encoded_);
}

template <surrogate::Surrogate S>
space::Point BayesianOptimisation<S>::best_of_catalogue(const History& history, const detail::Unmeasured& unmeasured,
                                                        Random& random) {
  std::vector<Posterior> believed = beliefs_of_catalogue();
  if (is_turn(history, options_.forest_every, options_.forest_after)) believed.front() = belief_of_forest(history);
  Eigen::VectorXd scores = scorer_.scores(believed, catalogue_->rows(), options_.acquisition);
  constexpr double never = -std::numeric_limits<double>::infinity();
  for (const std::uint64_t taken : unmeasured.taken_indices()) scores[static_cast<Eigen::Index>(taken)] = never;
  if (is_turn(history, options_.local_every, options_.local_after)) {
    const Eigen::VectorXd near = catalogue_->one_away(best_points(history).front())
                                     .select(scores, Eigen::VectorXd::Constant(scores.size(), never));
    if (near.maxCoeff() > never) scores = near;  // else all of them are measured
  }
  const double top = scores.maxCoeff();
  std::vector<Eigen::Index> tied;
  for (Eigen::Index i = 0; i < scores.size(); ++i) {
    if (scores[i] >= top - 1e-9 && scores[i] > never) tied.push_back(i);
  }
  return catalogue_->space().at(static_cast<std::uint64_t>(tied[random.below(tied.size())]));
}

/// Up to five measured points around which to look: the best, or those on the front.
template <surrogate::Surrogate S>
std::vector<space::Point> BayesianOptimisation<S>::best_points(const History& history) const {
  std::vector<std::pair<double, std::size_t>> ranked;
  if (scorer_.seeks_feasibility()) {
    std::vector<space::Point> points;
    for (const Observation& observation : history.observations) points.push_back(observation.point);
    const Eigen::VectorXd feasible = scorer_.log_feasible(beliefs(points), static_cast<Eigen::Index>(points.size()));
    for (std::size_t i = 0; i < points.size(); ++i) ranked.emplace_back(-feasible[static_cast<Eigen::Index>(i)], i);
  } else {
    for (const detail::Pooled& row : detail::pooled(history)) {
      if (!is_feasible(row.mean, history.task)) continue;
      double rank = 0.0;
      for (std::size_t k = 0; k < scorer_.objectives; ++k) {
        rank += models_[k].transform()(value_of(row.mean, scorer_.roles[k].metric));
      }
      ranked.emplace_back(rank, static_cast<std::size_t>(row.first));
    }
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<space::Point> out;
  for (std::size_t i = 0; i < std::min<std::size_t>(5, ranked.size()); ++i) {
    out.push_back(history.observations[ranked[i].second].point);
  }
  return out;
}

template <surrogate::Surrogate S>
space::Point BayesianOptimisation<S>::best_of_samples(const History& history, const detail::Unmeasured& unmeasured,
                                                      Random& random) {
  const space::DynamicSpace& space = catalogue_->space();
  const auto score = [&](const std::vector<space::Point>& points) {
    return scorer_.scores(beliefs(points), static_cast<Eigen::Index>(points.size()), options_.acquisition);
  };
  const auto candidates = detail::sample_candidates(space, unmeasured, best_points(history), random);
  if (candidates.empty()) throw NumericalError("BayesianOptimisation: no candidate was found");
  return detail::climb(space, unmeasured, candidates, score(candidates), score);
}

/// The best feasible configuration, if it has too few readings for its feasibility to be sure.
template <surrogate::Surrogate S>
std::optional<space::Point> BayesianOptimisation<S>::doubtful_incumbent(const History& history) const {
  if (options_.readings < 2 || history.task.objectives.size() != 1) return std::nullopt;
  const Objective& objective = history.task.objectives.front();
  std::optional<detail::Pooled> best;
  double lowest = std::numeric_limits<double>::infinity();
  for (detail::Pooled& row : detail::pooled(history)) {
    if (!is_feasible(row.mean, history.task)) continue;
    const double value = (objective.maximise ? -1.0 : 1.0) * value_of(row.mean, objective.metric);
    if (value >= lowest) continue;
    lowest = value;
    best = std::move(row);
  }
  if (!best || best->measured_now || best->readings >= options_.readings) return std::nullopt;
  if (!detail::is_doubtful(*best, history.task)) return std::nullopt;
  return best->mean.point;
}

template <surrogate::Surrogate S>
std::optional<space::Point> BayesianOptimisation<S>::suggest(const History& history) {
  require_valid(history.task);
  if (history.task.objectives.size() > 3) {
    throw InvalidArgument("BayesianOptimisation: " + std::to_string(history.task.objectives.size()) +
                          " objectives; one to three are supported");
  }
  const detail::Unmeasured unmeasured(history);
  if (unmeasured.exhausted()) return std::nullopt;
  attach(space_of(history));
  if (auto point = initial_point(history, unmeasured)) return point;
  if (auto point = doubtful_incumbent(history)) return point;
  Random random = Random(history.seed, 0xb0).fork(history.observations.size());
  try {
    if (!learn(history)) return away_from_failures(history, unmeasured, random);
    return catalogue_->empty() ? best_of_samples(history, unmeasured, random)
                               : best_of_catalogue(history, unmeasured, random);
  } catch (const NumericalError&) {  // numbers that no model can take: go on without one
    return unmeasured.random(random);
  }
}

template <surrogate::Surrogate S>
std::optional<Prospect> BayesianOptimisation<S>::prospect(const History& history) {
  require_valid(history.task);
  const detail::Unmeasured unmeasured(history);
  if (history.task.objectives.size() > 3 || unmeasured.exhausted()) return std::nullopt;
  attach(space_of(history));
  if (initial_point(history, unmeasured)) return std::nullopt;
  try {
    if (!learn(history)) return std::nullopt;
    std::vector<space::Point> points;
    std::vector<Posterior> believed;
    Eigen::Index n = catalogue_->rows();
    if (catalogue_->empty()) {
      Random random = Random(history.seed, 0xb0).fork(history.observations.size());
      points = detail::sample_candidates(catalogue_->space(), unmeasured, best_points(history), random);
      n = static_cast<Eigen::Index>(points.size());
      believed = beliefs(points);
    } else {
      believed = beliefs_of_catalogue();
    }
    const auto best_free = [&](Eigen::VectorXd logs) {
      if (!catalogue_->empty()) {
        for (const std::uint64_t i : unmeasured.taken_indices()) {
          logs[static_cast<Eigen::Index>(i)] = -std::numeric_limits<double>::infinity();
        }
      }
      return logs.size() > 0 ? std::exp(logs.maxCoeff()) : 0.0;
    };
    Prospect out{.expected_gain = 1.0, .probability_feasible = best_free(scorer_.log_feasible(believed, n))};
    if (scorer_.seeks_feasibility()) return out;
    const double gain = best_free(scorer_.log_gain(believed, n));
    out.expected_gain = scorer_.objectives > 1 ? gain / std::max(front_volume_, 1e-12)
                                               : models_[0].transform().relative(gain, best_raw_);
    return out;
  } catch (const NumericalError&) {
    return std::nullopt;
  }
}

static_assert(ForesightedStrategy<BayesianOptimisation<>>);

}  // namespace bayestuner::search
