#pragma once

#include <concepts>

#include "bayestuner/space/dynamic_space.hpp"

namespace bayestuner::space {

/// A set of configurations. Everything that searches works on the run-time view `dynamic()`, which must stay valid and
/// equal while the space lives. Models: DynamicSpace, Space. Checked by conformance/search_space.hpp.
template <class S>
concept SearchSpace = requires(const S s) {
                        { s.dynamic() } -> std::same_as<const DynamicSpace&>;
                      };
static_assert(SearchSpace<DynamicSpace>);

}  // namespace bayestuner::space
