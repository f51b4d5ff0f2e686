#pragma once
// Squared distances of a point to 16 rows or 16 boxes at once.

#include <cstddef>
#include <cstdint>

#include "bayestuner/core/detail/instruction_set.hpp"

namespace bayestuner::selection {

inline constexpr std::size_t lanes = 16;
inline constexpr std::size_t lane_alignment = lanes * sizeof(float);

// One instruction set's functions. Every lane is summed in the order of the columns, by the same operations: all sets
// give the same bits. `point` (d); the others (d, 16); `out`, `order` (16).
struct LaneDistances {
  // Distances of the rows of a block; the result has a bit for every lane whose distance is at most `worst`.
  unsigned (*rows)(const float* point, const float* block, std::size_t d, float worst, float* out);
  // Distances of boxes, at most those of any row inside, and the lanes in their order: the nearer first, as far as the
  // leading 28 of 32 bits tell, then the lower lane.
  void (*boxes)(const float* point, const float* low, const float* high, std::size_t d, float* out,
                std::int32_t* order);
};

LaneDistances lane_distances(bayestuner::detail::InstructionSet set);

}  // namespace bayestuner::selection
