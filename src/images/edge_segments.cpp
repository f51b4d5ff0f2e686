#include "images/edge_segments.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace bayestuner::images {
namespace {

constexpr double tolerance = 2.0;                               // pixels between a curve and its chord
constexpr std::array<int, 6> lengths{8, 16, 32, 64, 128, 192};  // pixels, where the next part begins
constexpr std::array<Point, 8> steps{{{1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}};
constexpr std::array<int, 7> turns{0, 1, 7, 2, 6, 3, 5};

double squared(double x) {
  return x * x;
}

/// Square of the distance of `p` to the segment from `a` to `b`.
double squared_distance(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double t = length > 0.0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0.0;
  return squared(p.x - a.x - t * dx) + squared(p.y - a.y - t * dy);
}

void count(Point a, Point b, SegmentCounts& counts) {
  const int dx = b.x - a.x, up = a.y - b.y;
  const auto bin = std::upper_bound(lengths.begin(), lengths.end(), std::hypot(dx, up)) - lengths.begin();
  ++counts.length[bin];
  double turn = std::atan2(up, dx) / std::numbers::pi;  // half circles
  if (turn < 0.0) turn += 1.0;
  ++counts.angle[turn >= 1.0 ? 0 : std::min(6, static_cast<int>(7.0 * turn))];
}

}  // namespace

void EdgeSegments::follow(std::uint8_t* edges, int height, int width, Point from, int direction) {
  for (bool found = true; found;) {
    found = false;
    // The four that share a side come first: a stair is walked step by step, and no pixel of it is left for a second
    // curve beside the first.
    for (int i = 0; i < 14 && !found; ++i) {
      const int next = (direction + turns[i % 7]) % 8;
      const Point to{from.x + steps[next].x, from.y + steps[next].y};
      if (next % 2 != i / 7 || to.x < 0 || to.y < 0 || to.x >= width || to.y >= height) continue;
      std::uint8_t& edge = edges[static_cast<std::ptrdiff_t>(to.y) * width + to.x];
      if (edge == 0) continue;
      edge = 0;
      curve_.push_back(to);
      from = to, direction = next, found = true;
    }
  }
}

void EdgeSegments::cut(SegmentCounts& counts) {
  pending_.assign(1, {0, static_cast<int>(curve_.size()) - 1});
  while (!pending_.empty()) {
    const auto [first, last] = pending_.back();
    pending_.pop_back();
    int farthest = -1;
    double most = squared(tolerance);
    for (int i = first + 1; i < last; ++i) {
      const double away = squared_distance(curve_[i], curve_[first], curve_[last]);
      if (away > most) most = away, farthest = i;
    }
    if (farthest < 0) {
      count(curve_[first], curve_[last], counts);
    } else {
      pending_.push_back({first, farthest});
      pending_.push_back({farthest, last});
    }
  }
}

SegmentCounts EdgeSegments::operator()(std::uint8_t* edges, int height, int width) {
  SegmentCounts counts;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      std::uint8_t& edge = edges[static_cast<std::ptrdiff_t>(y) * width + x];
      if (edge == 0) continue;
      edge = 0;
      curve_.assign(1, {x, y});
      follow(edges, height, width, {x, y}, 0);
      if (curve_.size() == 1) continue;
      const Point second = curve_[1];
      std::reverse(curve_.begin(), curve_.end());
      const Point back{x - second.x, y - second.y};
      const auto step =
          std::find_if(steps.begin(), steps.end(), [&](Point p) { return p.x == back.x && p.y == back.y; });
      follow(edges, height, width, {x, y}, static_cast<int>(step - steps.begin()));
      cut(counts);
    }
  }
  return counts;
}

}  // namespace bayestuner::images
