#pragma once
/// Points: configurations as strategies handle them.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "bayestuner/core/random.hpp"

namespace bayestuner::space {

/// One code a parameter, in the space's order: the level's index for a parameter with finitely many levels, the value
/// itself for a continuous one, NaN for one that is inactive.
using Point = std::vector<double>;

inline constexpr double inactive = std::numeric_limits<double>::quiet_NaN();

/// Equal codes; inactive equals inactive.
inline bool same_point(const Point& a, const Point& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])))) return false;
  }
  return true;
}

/// Hash that agrees with same_point.
struct PointHash {
  std::size_t operator()(const Point& point) const {
    std::uint64_t hash = 0x243f6a8885a308d3ULL;
    for (const double code : point) {
      const double canonical = std::isnan(code) ? -1e300 : code + 0.0;  // + 0.0 turns -0 into 0
      hash = mix64(hash ^ std::bit_cast<std::uint64_t>(canonical));
    }
    return static_cast<std::size_t>(hash);
  }
};

struct PointEqual {
  bool operator()(const Point& a, const Point& b) const { return same_point(a, b); }
};

}  // namespace bayestuner::space
