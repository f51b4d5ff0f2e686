#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/search/concepts.hpp"
#include "bayestuner/search/detail/unmeasured.hpp"

namespace bayestuner::search {

/// In which order an exhaustive search goes through the space.
enum class Order {
  lexicographic,  ///< the space's own order
  random,         ///< a seeded permutation
  gray            ///< neighbours in turn: on a full grid one parameter moves by one step, for switches that are dear
};

/// Every configuration once. Throws InvalidArgument for a space without end.
class Exhaustive {
 public:
  explicit Exhaustive(Order order = Order::lexicographic) : order_(order) {}

  std::optional<space::Point> suggest(const History& history);

 private:
  Order order_;
};
static_assert(SearchStrategy<Exhaustive>);

namespace detail {

/// Order of the reflected mixed-radix Gray code: an axis runs backwards while the axes before it add up to an odd
/// number. Source: Knuth 2011, The Art of Computer Programming 4A, sec. 7.2.1.1.
inline bool gray_less(const space::Point& a, const space::Point& b) {
  bool backwards = false;
  for (std::size_t j = 0; j < a.size(); ++j) {
    const double x = std::isnan(a[j]) ? 0.0 : a[j], y = std::isnan(b[j]) ? 0.0 : b[j];
    if (x != y) return backwards ? x > y : x < y;
    backwards ^= std::fmod(x, 2.0) == 1.0;
  }
  return false;
}

}  // namespace detail

inline std::optional<space::Point> Exhaustive::suggest(const History& history) {
  const space::DynamicSpace& space = space_of(history);
  const std::optional<std::uint64_t> count = space.count();
  if (!count)
    throw InvalidArgument("Exhaustive: the space has no countable end; give every parameter a step or levels");
  const detail::Unmeasured unmeasured(history);
  if (unmeasured.exhausted()) return std::nullopt;
  if (order_ == Order::lexicographic) return space.at(unmeasured.free_index(0));
  if (order_ == Order::random) {
    Random random = Random(history.seed, 0xe4a).fork(history.observations.size());
    return unmeasured.random(random);
  }
  std::optional<space::Point> first;
  for (std::uint64_t index = 0; index < *count; ++index) {
    if (unmeasured.is_taken(index)) continue;
    space::Point point = space.at(index);
    if (!first || detail::gray_less(point, *first)) first = std::move(point);
  }
  return first;
}

}  // namespace bayestuner::search
