#pragma once

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/concepts.hpp"
#include "bayestuner/search/detail/unmeasured.hpp"
#include "bayestuner/search/detail/walk.hpp"

namespace bayestuner::search {

/// First-improvement local search: the neighbours of where it stands are measured in random order, the first better one
/// is moved to; where none is left it restarts at random. Constraints enter the comparison as penalties
/// (detail/energy.hpp).
/// Source: Hoos & Stützle 2004, Stochastic Local Search, ch. 2.
class LocalSearch {
 public:
  std::optional<space::Point> suggest(const History& history);

 private:
  detail::WalkThrough walk_through_;
};

inline std::optional<space::Point> LocalSearch::suggest(const History& history) {
  require_valid(history.task);
  const space::DynamicSpace& space = space_of(history);
  const detail::Unmeasured unmeasured(history);
  if (unmeasured.exhausted()) return std::nullopt;
  const auto step = [&](detail::Walk& walk, const space::Point& point, double energy) {
    bool stays = walk.current && energy >= walk.energy;
    if (stays) {  // unless it had nowhere to go, so that `point` is a restart
      stays = false;
      for (const space::Point& neighbour : space.neighbours(*walk.current)) stays |= !walk.known.contains(neighbour);
    }
    if (!stays) walk.stand_at(point, energy);
  };
  const detail::Walk& walk = walk_through_(history, history.seed, step);
  Random random = Random(history.seed, 0x10ca1).fork(history.observations.size());
  std::vector<space::Point> open;
  if (walk.current) {
    for (space::Point& point : space.neighbours(*walk.current)) {
      if (!unmeasured.is_taken(point)) open.push_back(std::move(point));
    }
  }
  return open.empty() ? unmeasured.random(random) : open[random.below(open.size())];
}
static_assert(SearchStrategy<LocalSearch>);

}  // namespace bayestuner::search
