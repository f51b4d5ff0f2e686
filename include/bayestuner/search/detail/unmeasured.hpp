#pragma once
/// What is left to be measured, for spaces of any size.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/history.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::search::detail {

/// The points of a history's space that are neither measured nor pending. Refers to the space, copies the rest.
class Unmeasured {
 public:
  explicit Unmeasured(const History& history) : space_(&space_of(history)), count_(space_->count()) {
    for (const Observation& observation : history.observations) take(observation.point);
  }

  /// Marks a point as no longer free. Points that the space does not hold are passed over.
  void take(const space::Point& point) {
    if (!count_) {
      points_.insert(point);
    } else if (const auto index = space_->index_of(point)) {
      const auto place = std::lower_bound(indices_.begin(), indices_.end(), *index);
      if (place == indices_.end() || *place != *index) indices_.insert(place, *index);
    }
  }

  bool is_taken(const space::Point& point) const {
    if (!count_) return points_.contains(point);
    const auto index = space_->index_of(point);
    return index && std::binary_search(indices_.begin(), indices_.end(), *index);
  }
  bool is_taken(std::uint64_t index) const { return std::binary_search(indices_.begin(), indices_.end(), index); }

  /// Sorted; empty for spaces that cannot be counted.
  const std::vector<std::uint64_t>& taken_indices() const { return indices_; }
  bool exhausted() const { return count_ && indices_.size() >= *count_; }

  /// Index of the free point number `rank` in the order of the space; rank < count - taken.
  std::uint64_t free_index(std::uint64_t rank) const {
    for (const std::uint64_t taken : indices_) {
      if (taken > rank) break;
      ++rank;
    }
    return rank;
  }

  /// Uniform over the free points, without rejection where they can be counted; nullopt if there is none.
  std::optional<space::Point> random(Random& random) const {
    if (exhausted()) return std::nullopt;
    if (count_) return space_->at(free_index(random.below(*count_ - indices_.size())));
    // A space too large to count: a free point is met at once, unless its continuous axes have collapsed.
    for (int attempt = 0; attempt < 1000; ++attempt) {
      space::Point point = space_->sample(random);
      if (!points_.contains(point)) return point;
    }
    return std::nullopt;
  }

 private:
  const space::DynamicSpace* space_;
  std::optional<std::uint64_t> count_;
  std::vector<std::uint64_t> indices_;
  std::unordered_set<space::Point, space::PointHash, space::PointEqual> points_;
};

}  // namespace bayestuner::search::detail
