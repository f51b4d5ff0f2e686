#include "selection/lane_distances.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "bayestuner/core/random.hpp"

namespace bayestuner::selection {
namespace {

using bayestuner::detail::InstructionSet;

std::vector<InstructionSet> sets_of_this_machine() {
  std::vector<InstructionSet> out{InstructionSet::portable};
  const InstructionSet best = bayestuner::detail::instruction_set();
  if (best != InstructionSet::portable) out.push_back(InstructionSet::avx2);
  if (best == InstructionSet::avx512) out.push_back(best);
  return out;
}

struct Scene {
  std::size_t d;
  std::vector<float> point, low, high;

  Scene(std::size_t dimension, std::uint64_t seed) : d(dimension) {
    Random random(seed);
    for (std::size_t j = 0; j < d; ++j) point.push_back(static_cast<float>(random.uniform(-0.5, 1.5)));
    for (std::size_t k = 0; k < lanes * d; ++k) {
      low.push_back(static_cast<float>(random.uniform()));
      high.push_back(low.back() + static_cast<float>(0.3 * random.uniform()));
    }
  }
};

TEST(LaneDistances, AreSumsInTheOrderOfTheColumnsToTheBit) {
  for (const std::size_t d : {1, 2, 7, 30}) {
    const Scene scene(d, d);
    std::array<float, lanes> expected_rows{}, expected_boxes{};
    for (std::size_t l = 0; l < lanes; ++l) {
      for (std::size_t j = 0; j < d; ++j) {
        const float at = scene.low[j * lanes + l] - scene.point[j];
        const volatile float square = at * at;  // volatile: no fused product here either
        expected_rows[l] += square;
        const float out = std::max({at, scene.point[j] - scene.high[j * lanes + l], 0.0F});
        const volatile float outside = out * out;
        expected_boxes[l] += outside;
      }
    }
    std::array<float, lanes> sorted = expected_rows;
    std::sort(sorted.begin(), sorted.end());
    const float worst = sorted[lanes / 2];
    for (const InstructionSet set : sets_of_this_machine()) {
      const LaneDistances distances = lane_distances(set);
      std::array<float, lanes> out{};
      std::array<std::int32_t, lanes> order{};
      const unsigned near = distances.rows(scene.point.data(), scene.low.data(), d, worst, out.data());
      EXPECT_EQ(out, expected_rows) << d << " columns, set " << static_cast<int>(set);
      for (std::size_t l = 0; l < lanes; ++l) EXPECT_EQ((near >> l & 1U) != 0, expected_rows[l] <= worst);
      distances.boxes(scene.point.data(), scene.low.data(), scene.high.data(), d, out.data(), order.data());
      EXPECT_EQ(out, expected_boxes) << d << " columns, set " << static_cast<int>(set);
    }
  }
}

TEST(LaneDistances, OrderTheNearerLaneFirstAndEqualOnesByNumber) {
  std::array<float, lanes> low{}, high{};
  for (std::size_t l = 0; l < lanes; ++l) low[l] = high[l] = static_cast<float>((l * 5) % 8);
  low[3] = std::numeric_limits<float>::infinity();  // a place without a box
  high[3] = -low[3];
  const float point = 0.0F;
  for (const InstructionSet set : sets_of_this_machine()) {
    std::array<float, lanes> out{};
    std::array<std::int32_t, lanes> order{};
    lane_distances(set).boxes(&point, low.data(), high.data(), 1, out.data(), order.data());
    EXPECT_EQ(order, (std::array<std::int32_t, lanes>{0, 8, 5, 13, 2, 10, 7, 15, 4, 12, 1, 9, 6, 14, 11, 3}));
  }
}

}  // namespace
}  // namespace bayestuner::selection
