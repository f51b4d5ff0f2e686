#pragma once
/// The region that a front leaves open below a reference point, cut into boxes.

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

namespace bayestuner::acquisition::detail {

/// [left, right) along the first objective, (-infinity, top) along the second, [low, high) along the third.
struct Box {
  double left, right, top, low, high;
};

/// Disjoint boxes that fill what is better than `reference` and not dominated by a row of `points` (n, 2 or 3), at most
/// 2 n + 1. With two objectives the third edge is unused, (-infinity, infinity). Points not strictly better than the
/// reference do not count.
/// The staircase of the first two objectives is swept along the third: a stair that a new point cuts is closed as a
/// box, so that stairs that live through many points make one box only.
/// Source: Yang, Emmerich, Deutz & Bäck 2019, doi:10.1007/s10898-019-00798-7 (2 n + 1 boxes).
inline std::vector<Box> open_boxes(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                   const Eigen::Ref<const Eigen::VectorXd>& reference) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const bool three = reference.size() == 3;
  std::vector<Eigen::Index> order;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if ((points.row(i).transpose().array() < reference.array()).all()) order.push_back(i);
  }
  if (three) {
    std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) { return points(a, 2) < points(b, 2); });
  } else {
    std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) { return points(a, 0) < points(b, 0); });
  }
  // Stairs from left to right, tops falling; `low` is where along the third objective a stair came to be.
  std::vector<Box> stairs{{-infinity, reference[0], reference[1], -infinity, infinity}};
  std::vector<Box> boxes;
  for (const Eigen::Index i : order) {
    const double x = points(i, 0), y = points(i, 1), z = three ? points(i, 2) : -infinity;
    const auto first = std::partition_point(stairs.begin(), stairs.end(), [&](const Box& s) { return s.right <= x; });
    const auto last = std::partition_point(first, stairs.end(), [&](const Box& s) { return s.top > y; });
    if (first == last) continue;  // dominated
    for (auto stair = first; stair != last; ++stair) {
      if (z > stair->low) {
        boxes.push_back(*stair);
        boxes.back().high = z;
      }
    }
    const Box left{first->left, x, first->top, z, infinity}, under{x, (last - 1)->right, y, z, infinity};
    const auto place = stairs.erase(first, last);
    if (left.left < left.right)
      stairs.insert(stairs.insert(place, under), left);
    else
      stairs.insert(place, under);
  }
  for (Box& stair : stairs) {
    stair.high = three ? reference[2] : infinity;
    boxes.push_back(stair);
  }
  return boxes;
}

}  // namespace bayestuner::acquisition::detail
