#pragma once

#include <Eigen/Core>
#include <cstdint>

#include "bayestuner/core/random.hpp"
#include "bayestuner/core/sobol_sequence.hpp"
#include "bayestuner/search/concepts.hpp"
#include "bayestuner/search/detail/unmeasured.hpp"

namespace bayestuner::search {

/// Points of a shifted Sobol sequence, each moved to the nearest allowed one; points met before are skipped. Axes
/// beyond the 64th are drawn at random. Once the sequence gives nothing new, unmeasured points at random.
class SobolSearch {
 public:
  std::optional<space::Point> suggest(const History& history);
};

inline std::optional<space::Point> SobolSearch::suggest(const History& history) {
  const space::DynamicSpace& space = space_of(history);
  const detail::Unmeasured unmeasured(history);
  if (unmeasured.exhausted()) return std::nullopt;
  const Random random(history.seed, 0x50b01);
  const std::size_t d = space.dimension(), low = std::min(d, SobolSequence::max_dimension);
  const SobolSequence sequence(low, random);
  Eigen::VectorXd x(static_cast<Eigen::Index>(d));
  const std::uint64_t tries = 4 * history.observations.size() + 64;
  for (std::uint64_t index = 0; index < tries; ++index) {
    x.head(static_cast<Eigen::Index>(low)) = sequence.point(index);
    Random beyond = random.fork(index);
    for (std::size_t j = low; j < d; ++j) x[static_cast<Eigen::Index>(j)] = beyond.uniform();
    space::Point point = space.nearest(x);
    if (!unmeasured.is_taken(point)) return point;
  }
  Random rest = random.fork(tries);
  return unmeasured.random(rest);
}
static_assert(SearchStrategy<SobolSearch>);

}  // namespace bayestuner::search
