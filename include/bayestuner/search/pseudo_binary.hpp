#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/search/concepts.hpp"
#include "bayestuner/search/detail/unmeasured.hpp"

namespace bayestuner::search {

struct PseudoBinaryOptions {
  std::string parameter;  ///< ordered; empty: the first with "batch" in its name, else the one with the most levels
};

/// BatchSizer's pseudo-binary search over one ordered parameter while the others rest: at the first trial's values, or
/// at their highest (labels: the first) where there is no trial yet. Every metric is taken to rise with the parameter
/// until the readings say otherwise. A broken bound sends the search to the half where it can hold; where all hold, the
/// first objective does. At the end the next smaller value is measured too, for objectives that have levelled out.
/// Then the same on lines through random points, since a strategy goes on until nothing is left.
/// Source: Nabavinejad, Reda & Ebrahimi 2021, "BatchSizer: Power-Performance Trade-off for DNN Inference",
/// doi:10.1145/3394885.3431535, algorithm 1.
class PseudoBinarySearch {
 public:
  explicit PseudoBinarySearch(PseudoBinaryOptions options = {}) : options_(std::move(options)) {}

  /// Throws InvalidArgument where the parameter is unknown or not ordered, or none of the space is ordered.
  std::optional<space::Point> suggest(const History& history);

 private:
  /// Points that differ in one parameter alone, by rising value, and what is known of them.
  struct Line {
    std::vector<space::Point> points;
    std::vector<const Observation*> readings;  // null: not measured
  };

  std::size_t axis(const space::DynamicSpace& space) const;
  static Line line_through(const History& history, const space::Point& point, std::size_t axis);
  static double slope(const Line& line, Eigen::Index metric);
  static int direction(const Line& line, const Observation& at, const Task& task);
  static std::optional<space::Point> next_on(const Line& line, const Task& task);

  PseudoBinaryOptions options_;
};
static_assert(SearchStrategy<PseudoBinarySearch>);

inline std::size_t PseudoBinarySearch::axis(const space::DynamicSpace& space) const {
  const auto& parameters = space.parameters();
  if (!options_.parameter.empty()) {
    const std::size_t j = space.position(options_.parameter);
    if (!parameters[j].is_numeric()) {
      throw InvalidArgument(options_.parameter + ": a categorical parameter has no order to search by");
    }
    return j;
  }
  std::optional<std::size_t> best;
  const auto levels = [&](std::size_t j) {
    return parameters[j].is_finite() ? static_cast<double>(parameters[j].level_count()) : HUGE_VAL;
  };
  for (std::size_t j = 0; j < parameters.size(); ++j) {
    if (!parameters[j].is_numeric()) continue;
    std::string name = parameters[j].name();
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (name.find("batch") != std::string::npos) return j;
    if (!best || levels(j) > levels(*best)) best = j;
  }
  if (!best) throw InvalidArgument("PseudoBinarySearch: the space has no ordered parameter");
  return *best;
}

inline PseudoBinarySearch::Line PseudoBinarySearch::line_through(const History& history, const space::Point& point,
                                                                 std::size_t axis) {
  constexpr int places = 256;  // of a continuous axis
  const space::Parameter& parameter = history.space->parameters()[axis];
  Line line;
  const auto offer = [&](double code) {
    space::Point other = point;
    other[axis] = code;
    if (history.space->contains(other)) line.points.push_back(std::move(other));
  };
  if (std::isnan(point[axis])) {
    line.points.push_back(point);
  } else if (parameter.is_finite()) {
    for (std::int64_t level = 0; level < parameter.level_count(); ++level) offer(static_cast<double>(level));
  } else {
    for (int i = 0; i <= places; ++i) offer(parameter.code_at(static_cast<double>(i) / places));
  }
  line.readings.assign(line.points.size(), nullptr);
  for (const Observation& observation : history.observations) {
    for (std::size_t i = 0; i < line.points.size(); ++i) {
      if (space::same_point(line.points[i], observation.point)) line.readings[i] = &observation;
    }
  }
  return line;
}

/// +1: the metric rises along the line, -1: it falls, judged by its outermost readings.
inline double PseudoBinarySearch::slope(const Line& line, Eigen::Index metric) {
  double first = std::nan(""), last = first;
  for (const Observation* reading : line.readings) {
    const double value = reading != nullptr ? value_of(*reading, metric) : std::nan("");
    if (std::isnan(value)) continue;
    if (std::isnan(first)) first = value;
    last = value;
  }
  return last < first ? -1.0 : 1.0;
}

/// Where to go from a reading: +1 to larger values, -1 to smaller ones, 0 where bounds ask for both.
inline int PseudoBinarySearch::direction(const Line& line, const Observation& at, const Task& task) {
  if (at.outcome != Outcome::ok) return -1;
  bool up = false, down = false;
  for (const Constraint& constraint : task.constraints) {
    if (constraint.holds(value_of(at, constraint.metric))) continue;
    const bool needs_more = constraint.bound == Bound::at_least;
    (needs_more == (slope(line, constraint.metric) > 0.0) ? up : down) = true;
  }
  if (up || down) return up && down ? 0 : (up ? 1 : -1);
  if (task.objectives.empty()) return 0;
  const Objective& objective = task.objectives.front();
  return objective.maximise == (slope(line, objective.metric) > 0.0) ? 1 : -1;
}

inline std::optional<space::Point> PseudoBinarySearch::next_on(const Line& line, const Task& task) {
  std::size_t low = 0, high = line.points.size(), last = 0;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const Observation* reading = line.readings[middle];
    if (reading == nullptr) return line.points[middle];
    if (reading->outcome == Outcome::pending) return std::nullopt;
    const int where = direction(line, *reading, task);
    last = middle;
    if (where == 0) break;
    if (where > 0)
      low = middle + 1;
    else
      high = middle;
  }
  if (last > 0 && line.readings[last - 1] == nullptr) return line.points[last - 1];
  return std::nullopt;
}

inline std::optional<space::Point> PseudoBinarySearch::suggest(const History& history) {
  require_valid(history.task);
  const space::DynamicSpace& space = space_of(history);
  const std::size_t axis = this->axis(space);
  const detail::Unmeasured unmeasured(history);
  if (unmeasured.exhausted()) return std::nullopt;
  Random random = Random(history.seed, 0xb17a5).fork(history.observations.size());
  space::Point origin;
  if (history.observations.empty()) {
    Eigen::VectorXd x = Eigen::VectorXd::Ones(static_cast<Eigen::Index>(space.dimension()));
    for (std::size_t j = 0; j < space.dimension(); ++j) {
      if (!space.parameters()[j].is_numeric()) x[static_cast<Eigen::Index>(j)] = 0.0;
    }
    x[static_cast<Eigen::Index>(axis)] = 0.5;
    return next_on(line_through(history, space.nearest(x), axis), history.task);
  }
  std::vector<space::Point> seen;  // one point of every line so far
  for (const Observation& observation : history.observations) {
    const auto on_line = [&](space::Point other) {
      other[axis] = observation.point[axis];
      return space::same_point(other, observation.point);
    };
    if (std::any_of(seen.begin(), seen.end(), on_line)) continue;
    if (auto point = next_on(line_through(history, observation.point, axis), history.task)) return point;
    seen.push_back(observation.point);
  }
  const std::optional<space::Point> fresh = unmeasured.random(random);
  if (!fresh) return std::nullopt;
  const auto point = next_on(line_through(history, *fresh, axis), history.task);
  return point && !unmeasured.is_taken(*point) ? point : fresh;
}

}  // namespace bayestuner::search
