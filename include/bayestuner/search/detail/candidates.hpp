#pragma once
/// Candidates in spaces that are too large to be listed, and the climb from the best of them.

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bayestuner/search/detail/unmeasured.hpp"

namespace bayestuner::search::detail {

/// A copy of `point` with some active parameters moved by about `width` of their axis (labels: redrawn). May not exist.
inline space::Point moved(const space::DynamicSpace& space, space::Point point, double width, Random& random) {
  const auto& parameters = space.parameters();
  const std::size_t d = parameters.size(), forced = random.below(d);
  for (std::size_t j = 0; j < d; ++j) {
    if (std::isnan(point[j]) || (j != forced && random.uniform() > 0.5)) continue;
    const space::Parameter& parameter = parameters[j];
    if (parameter.kind() == space::ParameterKind::categorical) {
      point[j] = static_cast<double>(random.below(static_cast<std::uint64_t>(parameter.level_count())));
    } else {
      const double coordinate = parameter.coordinate(point[j]) + width * random.normal();
      double code = parameter.code_at(std::clamp(coordinate, 0.0, 1.0));
      if (parameter.is_finite() && code == point[j]) {  // less than half a step: make it one
        code += random.below(2) == 0 ? -1.0 : 1.0;
        code = std::clamp(code, 0.0, static_cast<double>(parameter.level_count() - 1));
      }
      point[j] = code;
    }
  }
  return point;
}

/// Distinct free points: `spread` uniform ones, `near` around each of `best`, and the neighbours of these.
inline std::vector<space::Point> sample_candidates(const space::DynamicSpace& space, const Unmeasured& unmeasured,
                                                   const std::vector<space::Point>& best, Random& random,
                                                   int spread = 3000, int near = 200) {
  std::vector<space::Point> candidates;
  std::unordered_set<space::Point, space::PointHash, space::PointEqual> seen;
  const auto add = [&](space::Point point) {
    if (!unmeasured.is_taken(point) && seen.insert(point).second) candidates.push_back(std::move(point));
  };
  for (int i = 0; i < spread; ++i) add(space.sample(random));
  constexpr std::array<double, 5> widths{0.3, 0.15, 0.07, 0.03, 0.01};
  for (const space::Point& point : best) {
    for (space::Point& neighbour : space.neighbours(point)) add(std::move(neighbour));
    for (int i = 0; i < near; ++i) {
      space::Point other = moved(space, point, widths[static_cast<std::size_t>(i) % widths.size()], random);
      if (space.contains(other)) add(std::move(other));
    }
  }
  return candidates;
}

/// Free points one step from `point`: its neighbours, and moves by `width` along every continuous axis.
inline std::vector<space::Point> steps(const space::DynamicSpace& space, const Unmeasured& unmeasured,
                                       const space::Point& point, double width) {
  std::vector<space::Point> out;
  for (space::Point& neighbour : space.neighbours(point)) {
    if (!unmeasured.is_taken(neighbour)) out.push_back(std::move(neighbour));
  }
  for (std::size_t j = 0; j < point.size(); ++j) {
    const space::Parameter& parameter = space.parameters()[j];
    if (std::isnan(point[j]) || parameter.is_finite()) continue;
    for (const double sign : {-1.0, 1.0}) {
      space::Point other = point;
      other[j] = parameter.code_at(std::clamp(parameter.coordinate(point[j]) + sign * width, 0.0, 1.0));
      if (space.contains(other) && !unmeasured.is_taken(other)) out.push_back(std::move(other));
    }
  }
  return out;
}

/// The best point that steepest ascent finds from the `starts` best of `candidates` (scores: n). `score(points)` gives
/// the scores of points. Steps along continuous axes shrink from 10 % to 0.1 % of the axis.
template <class Score>
space::Point climb(const space::DynamicSpace& space, const Unmeasured& unmeasured,
                   const std::vector<space::Point>& candidates, const Eigen::VectorXd& scores, const Score& score,
                   std::size_t starts = 10) {
  struct Climber {
    space::Point point;
    double height;
    double width = 0.1;
    bool done = false;
  };
  std::vector<Eigen::Index> order(candidates.size());
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  starts = std::min(starts, candidates.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(starts), order.end(),
      [&](Eigen::Index a, Eigen::Index b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  std::vector<Climber> climbers;
  std::vector<space::Point> batch;
  for (std::size_t i = 0; i < starts; ++i) batch.push_back(candidates[static_cast<std::size_t>(order[i])]);
  const Eigen::VectorXd exact = score(batch);  // the candidates' scores may be of single precision
  for (std::size_t i = 0; i < starts; ++i) climbers.push_back({batch[i], exact[static_cast<Eigen::Index>(i)]});

  const bool continuous = !space.is_finite();
  for (int round = 0; round < 40; ++round) {
    batch.clear();
    std::vector<std::pair<std::size_t, std::size_t>> parts;  // of the batch, one a climber
    for (const Climber& climber : climbers) {
      const std::size_t first = batch.size();
      if (!climber.done) {
        for (space::Point& point : steps(space, unmeasured, climber.point, climber.width)) {
          batch.push_back(std::move(point));
        }
      }
      parts.emplace_back(first, batch.size());
    }
    if (batch.empty()) break;
    const Eigen::VectorXd heights = score(batch);
    for (std::size_t c = 0; c < climbers.size(); ++c) {
      Climber& climber = climbers[c];
      if (climber.done) continue;
      bool higher = false;
      for (std::size_t i = parts[c].first; i < parts[c].second; ++i) {
        const double height = heights[static_cast<Eigen::Index>(i)];
        if (height > climber.height + 1e-12) {
          climber.height = height;
          climber.point = batch[i];
          higher = true;
        }
      }
      if (higher) continue;
      climber.width *= 0.4;
      climber.done = !continuous || climber.width < 1e-3;
    }
  }
  const auto best = std::max_element(climbers.begin(), climbers.end(),
                                     [](const Climber& a, const Climber& b) { return a.height < b.height; });
  return best->point;
}

}  // namespace bayestuner::search::detail
