#pragma once
/// What every search space must keep; call it from a GoogleTest test of your own.

#include <gtest/gtest.h>

#include <unordered_set>

#include "bayestuner/space/concepts.hpp"

namespace bayestuner::conformance {

/// Checks a space with few configurations exhaustively, a larger or continuous one on `draws` samples.
inline void expect_search_space(const space::SearchSpace auto& model, int draws = 200, std::uint64_t seed = 1) {
  const space::DynamicSpace& s = model.dynamic();
  Random random(seed);
  const auto check = [&](const space::Point& point) {
    ASSERT_EQ(point.size(), s.dimension());
    EXPECT_TRUE(s.contains(point));
    EXPECT_TRUE(space::same_point(s.point(s.configuration(point)), point));
    const std::vector<space::Point> one{point};
    const Eigen::MatrixXd x = s.encode(one);
    ASSERT_EQ(x.cols(), static_cast<Eigen::Index>(s.axes().size()));
    EXPECT_TRUE(x.allFinite());
    for (std::size_t a = 0; a < s.axes().size(); ++a) {
      if (s.axes()[a] == space::AxisKind::categorical) continue;
      EXPECT_GE(x(0, static_cast<Eigen::Index>(a)), 0.0);
      EXPECT_LE(x(0, static_cast<Eigen::Index>(a)), 1.0);
    }
    for (const space::Point& next : s.neighbours(point)) {
      EXPECT_TRUE(s.contains(next));
      EXPECT_FALSE(space::same_point(next, point));
    }
  };
  for (int i = 0; i < draws; ++i) check(s.sample(random));
  const auto count = s.count();
  if (!count || *count > 20'000) return;
  std::unordered_set<space::Point, space::PointHash, space::PointEqual> seen;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const space::Point point = s.at(i);
    EXPECT_EQ(s.index_of(point), i);
    EXPECT_TRUE(seen.insert(point).second) << "row " << i << " stands twice";
    check(point);
  }
}

}  // namespace bayestuner::conformance
