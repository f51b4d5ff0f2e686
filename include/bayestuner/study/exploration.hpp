#pragma once
/// Design-space exploration: the trade-off of two or three objectives, and how well a study has found it.
///
/// The way of the Jetson design-space exploration: a Latin hypercube, then points that a model expects to push the
/// front, against random sampling of the same size. Parameters are discrete where the space says so: every suggestion
/// is the allowed point nearest to what the model or design asks for.

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/search/any_strategy.hpp"
#include "bayestuner/search/front_quality.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/study/problem.hpp"
#include "bayestuner/study/study.hpp"

namespace bayestuner::study {

struct ExplorationOptions {
  std::size_t initial = 10;        ///< Latin-hypercube points, the baseline among them where there is one
  std::size_t guided = 30;         ///< model-guided points after them
  std::string criterion = "ehvi";  ///< what guides: ehvi, hvpoi (the publication's), poi
  search::ReferenceRule rule = search::ReferenceRule::worst;  ///< where the problem states no reference

  std::size_t trials() const { return initial + guided; }
  /// Throws InvalidArgument: no initial point, an unknown criterion.
  void check() const;
};

/// worst, nadir. Throws InvalidArgument for another name.
search::ReferenceRule reference_rule(const std::string& name);

/// Throws InvalidArgument unless `problem` has two or three objectives.
void require_explorable(const Problem& problem);

/// `initial` points of a maximin Latin hypercube, then Bayesian optimisation by the criterion. `strategy`: bo, or
/// bo:SURROGATE; any other name is that strategy as it is. Throws InvalidArgument for a name that is none.
search::AnyStrategy exploration_strategy(const ExplorationOptions& options, const std::string& strategy = "bo");

/// One measured configuration of an exploration.
struct ExploredPoint {
  Trial trial;  ///< its first trial, with the means of all its readings and their standard errors
  bool is_feasible = false;
  bool is_on_front = false;
  /// That nothing measured dominates it, readings taken as normal with their standard errors; 0 where infeasible.
  double probability = 0.0;
  std::size_t finished = 0;  ///< trials finished by then, failures included
  double hypervolume = 0.0;  ///< of this point and those before, in the product of the objectives' units
};

/// Where an objective's reference value came from.
enum class ReferenceSource { stated, worst, nadir };
const char* to_string(ReferenceSource source);

/// What a study of several objectives found.
struct Exploration {
  std::string study;
  Problem problem;
  std::vector<ExploredPoint> points = {};  ///< in order of asking; pooled by configuration
  std::vector<std::size_t> front = {};     ///< places in `points`, by the first objective, best first
  std::optional<std::size_t> knee = {};    ///< place in `points` where the front bends most
  std::vector<double> reference = {};      ///< user's sense; NaN where nothing was measured to guess it from
  std::vector<ReferenceSource> reference_from = {};
  std::size_t finished = 0, failed = 0;  ///< trials, verification excluded; failed ones among them

  double hypervolume() const { return points.empty() ? 0.0 : points.back().hypervolume; }
  /// Numbers of the feasible trials that another dominates.
  std::vector<std::int64_t> dominated() const;
  /// Numbers of the trials that break a constraint.
  std::vector<std::int64_t> infeasible() const;
};

/// One exploration a study, over the same reference point, so that volumes may be compared. Each objective's reference
/// is what the first study's problem states; otherwise a tenth of the range beyond the worst value that any of the
/// studies measured (`worst`), or beyond the worst on the front of all of them (`nadir`). Where the objective's
/// provenance differs, estimates do not compete with measurements. Throws InvalidArgument where a problem has one
/// objective, or other objectives than the first.
std::vector<Exploration> explorations(const std::vector<Study*>& studies,
                                      search::ReferenceRule rule = search::ReferenceRule::worst);

struct ExploreOptions {
  ExplorationOptions how = {};
  std::string name = "study";
  std::filesystem::path store = {};  ///< SQLite file; empty: memory. A study that is there goes on
  std::uint64_t seed = 0;
  std::string strategy = "bo";                        ///< see exploration_strategy()
  std::string against = {};                           ///< a strategy, measured as study NAME-STRATEGY; empty: none
  std::optional<space::Configuration> baseline = {};  ///< in force today: the first trial
  std::function<void(const Study&, const Trial&)> callback = {};  ///< after each told trial
};

/// Explores in this process: what was found, then the same of the strategy it is compared with. Throws InvalidArgument,
/// StoreError, and what `measure` throws beside TrialFailed.
std::vector<Exploration> explore(const space::DynamicSpace& space, const Problem& problem,
                                 const Study::Function& measure, const ExploreOptions& options = {});

}  // namespace bayestuner::study
