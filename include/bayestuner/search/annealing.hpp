#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/search/concepts.hpp"
#include "bayestuner/search/detail/unmeasured.hpp"
#include "bayestuner/search/detail/walk.hpp"

namespace bayestuner::search {

struct AnnealingOptions {
  double first_temperature = 0.1;  ///< logarithmic units: 0.1 takes a loss of 10 % with probability 1/e
  double last_temperature = 0.01;  ///< once the budget is used; geometric in between
  double reach = 0.6;              ///< longest move at first, as a share of an axis; it shrinks to 30 % of this
  double second_move = 0.3;        ///< probability that two parameters move at once
  std::size_t restart_after = 0;   ///< trials without a better one until the walk goes back to the best; 0: never
  std::size_t budget = 100;        ///< length of the schedule where the history names none
};

/// Simulated annealing on mixed spaces. From where it stands one parameter (sometimes two) moves: numbers by some
/// levels, labels to any other; the nearest allowed point is taken. Points known already are looked up instead of
/// measured again. Constraints enter the energy as penalties (detail/energy.hpp).
/// Source: Kirkpatrick, Gelatt & Vecchi 1983, doi:10.1126/science.220.4598.671.
class SimulatedAnnealing {
 public:
  /// Throws InvalidArgument unless first >= last temperature > 0, reach is in (0, 1], second_move in [0, 1] and
  /// budget > 0.
  explicit SimulatedAnnealing(AnnealingOptions options = {});

  std::optional<space::Point> suggest(const History& history);

 private:
  struct Schedule {
    double temperature, width;  // width: longest move, share of an axis
  };
  Schedule schedule(std::size_t told, std::size_t budget) const;
  space::Point moved(const space::DynamicSpace& space, const space::Point& point, double width, Random& random) const;
  std::optional<space::Point> wander(detail::Walk& walk, const space::DynamicSpace& space, const Schedule& now,
                                     const detail::Unmeasured* unmeasured, Random& random) const;

  AnnealingOptions options_;
  detail::WalkThrough walk_through_;
};

inline SimulatedAnnealing::SimulatedAnnealing(AnnealingOptions options) : options_(options) {
  const auto refuse = [](const char* name, double value, const char* allowed) {
    throw InvalidArgument(std::string("SimulatedAnnealing: ") + name + ": " + to_text(value) + " is not " + allowed);
  };
  if (!(options.last_temperature > 0.0)) refuse("last_temperature", options.last_temperature, "above 0");
  if (!(options.first_temperature >= options.last_temperature) || std::isinf(options.first_temperature)) {
    refuse("first_temperature", options.first_temperature, "finite and at least last_temperature");
  }
  if (!(options.reach > 0.0 && options.reach <= 1.0)) refuse("reach", options.reach, "in (0, 1]");
  if (!(options.second_move >= 0.0 && options.second_move <= 1.0)) {
    refuse("second_move", options.second_move, "in [0, 1]");
  }
  if (options.budget == 0) refuse("budget", 0.0, "above 0");
}

inline SimulatedAnnealing::Schedule SimulatedAnnealing::schedule(std::size_t told, std::size_t budget) const {
  const double progress = std::min(1.0, static_cast<double>(told) / static_cast<double>(budget));
  return {options_.first_temperature * std::pow(options_.last_temperature / options_.first_temperature, progress),
          options_.reach * (0.3 + 0.7 * (1.0 - progress))};
}

/// The allowed point nearest to `point` with one or two of its parameters moved.
inline space::Point SimulatedAnnealing::moved(const space::DynamicSpace& space, const space::Point& point, double width,
                                              Random& random) const {
  std::vector<std::size_t> movable;
  for (std::size_t j = 0; j < point.size(); ++j) {
    if (!std::isnan(point[j]) && space.parameters()[j].level_count() != 1) movable.push_back(j);
  }
  Eigen::VectorXd x = space.coordinates(point);
  const int moves = random.uniform() < options_.second_move ? 2 : 1;
  for (int k = 0; k < moves && !movable.empty(); ++k) {
    const auto place = movable.begin() + static_cast<std::ptrdiff_t>(random.below(movable.size()));
    const std::size_t j = *place;
    movable.erase(place);
    const space::Parameter& parameter = space.parameters()[j];
    double code = point[j];
    if (!parameter.is_finite()) {
      code = parameter.code_at(parameter.coordinate(code) + width * random.uniform(-1.0, 1.0));
    } else if (const auto levels = parameter.level_count(); !parameter.is_numeric() || levels <= 3) {
      const auto other = static_cast<double>(random.below(static_cast<std::uint64_t>(levels - 1)));
      code = other < code ? other : other + 1.0;
    } else {
      const double longest = std::max(1.0, std::round(width * static_cast<double>(levels)));
      const double step = 1.0 + static_cast<double>(random.below(static_cast<std::uint64_t>(longest)));
      code = std::clamp(code + (random.below(2) == 0 ? step : -step), 0.0, static_cast<double>(levels - 1));
    }
    x[static_cast<Eigen::Index>(j)] = parameter.coordinate(code);
  }
  return space.nearest(x);
}

/// Moves over known points, by their energies, until a new one is met; nullopt where none turns up. `unmeasured`: what
/// must not be proposed beyond the known points (pending ones).
inline std::optional<space::Point> SimulatedAnnealing::wander(detail::Walk& walk, const space::DynamicSpace& space,
                                                              const Schedule& now, const detail::Unmeasured* unmeasured,
                                                              Random& random) const {
  for (int attempt = 0; attempt < 100; ++attempt) {
    space::Point point = moved(space, *walk.current, now.width, random);
    const auto known = walk.known.find(point);
    if (known == walk.known.end()) {
      if (unmeasured == nullptr || !unmeasured->is_taken(point)) return point;
    } else if (random.uniform() < std::exp((walk.energy - known->second) / now.temperature)) {
      walk.stand_at(point, known->second);
    }
  }
  return std::nullopt;
}

inline std::optional<space::Point> SimulatedAnnealing::suggest(const History& history) {
  require_valid(history.task);
  const space::DynamicSpace& space = space_of(history);
  const detail::Unmeasured unmeasured(history);
  if (unmeasured.exhausted()) return std::nullopt;
  const std::size_t budget = std::max<std::size_t>(history.budget.value_or(options_.budget), 1);
  const Random random(history.seed, 0xa44ea1);
  const auto step = [&](detail::Walk& walk, const space::Point& point, double energy) {
    if (!walk.current) return walk.stand_at(point, energy);
    const Schedule now = schedule(walk.told, budget);
    Random here = random.fork(walk.told);
    (void)wander(walk, space, now, nullptr, here);  // over the known points, as when `point` was suggested
    if (here.uniform() < std::exp((walk.energy - energy) / now.temperature)) walk.stand_at(point, energy);
    if (options_.restart_after > 0 && walk.since_best + 1 >= options_.restart_after) {
      walk.stand_at(walk.best, walk.best_energy);
      walk.since_best = 0;
    }
  };
  const std::uint64_t key = mix64(history.seed ^ mix64(budget));
  detail::Walk walk = walk_through_(history, key, step);
  Random here = random.fork(walk.told);
  const std::size_t pending = history.observations.size() - walk.told;
  if (pending > 0) here = here.fork(pending);
  if (walk.current) {
    if (auto point = wander(walk, space, schedule(walk.told, budget), &unmeasured, here)) return point;
  }
  return unmeasured.random(here);
}
static_assert(SearchStrategy<SimulatedAnnealing>);

}  // namespace bayestuner::search
