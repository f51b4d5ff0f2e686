#pragma once

#include "bayestuner/search/concepts.hpp"
#include "bayestuner/search/detail/unmeasured.hpp"

namespace bayestuner::search {

/// Uniform over what is not yet measured or pending: random search without repeats.
class RandomSearch {
 public:
  std::optional<space::Point> suggest(const History& history) {
    Random random = Random(history.seed, 0x4a2d).fork(history.observations.size());
    return detail::Unmeasured(history).random(random);
  }
};
static_assert(SearchStrategy<RandomSearch>);

}  // namespace bayestuner::search
