#pragma once
/// Edge pixels cut into straight segments.

#include <array>
#include <cstdint>
#include <vector>

namespace bayestuner::images {

struct Point {
  int x = 0, y = 0;
};

/// Number of segments by length and by direction, each in seven parts (image_features.hpp).
struct SegmentCounts {
  std::array<int, 7> length{};
  std::array<int, 7> angle{};
};

/// Traces curves and cuts them; keeps its buffers.
///
/// A curve begins at the first edge pixel, row by row, that no earlier curve took, and follows neighbours not yet
/// taken: those that share a side before diagonal ones, among them the one with the least turn (clockwise first); then
/// it is continued from its beginning the other way. So each edge pixel is in one curve, and branches are curves of
/// their own. Curves of one pixel are left out. The rest is cut by Ramer, Douglas and Peucker's rule: at the pixel
/// farthest from the chord while that is more than 2 pixels away.
class EdgeSegments {
 public:
  /// `edges` (height x width): non-zero where there is an edge; erased on the way.
  SegmentCounts operator()(std::uint8_t* edges, int height, int width);

 private:
  void follow(std::uint8_t* edges, int height, int width, Point from, int direction);
  void cut(SegmentCounts& counts);

  std::vector<Point> curve_;
  std::vector<std::array<int, 2>> pending_;
};

}  // namespace bayestuner::images
