#pragma once
/// What every model of SearchStrategy must do. Needs GoogleTest.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bayestuner/search/concepts.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::conformance {

/// Answers a point with a trial's outcome: what a measurement would do.
using Measure = std::function<search::Observation(const space::Point&)>;

/// A smooth synthetic measurement for any task: metric k is a positive bowl over the unit coordinates with its own
/// centre. Every `fail_every`-th region of the space fails (0: none).
inline Measure synthetic_measure(const space::DynamicSpace& space, std::size_t metrics, int fail_every = 0) {
  return [&space, metrics, fail_every](const space::Point& point) {
    const Eigen::VectorXd c = space.coordinates(point);
    search::Observation out{.point = point};
    if (fail_every > 0 && static_cast<int>(std::floor(7.0 * c.sum())) % fail_every == fail_every - 1) {
      out.outcome = search::Outcome::failed;
      return out;
    }
    out.values.resize(static_cast<Eigen::Index>(metrics));
    for (Eigen::Index k = 0; k < out.values.size(); ++k) {
      out.values[k] = 1.0 + (c.array() - 0.2 - 0.5 * static_cast<double>(k % 2)).square().sum();
    }
    return out;
  };
}

/// Runs `strategy` for up to `trials` measurements and checks on the way: only points of the space, none twice while
/// another is left, the end exactly when nothing is left, the same answer when asked twice and from a copy.
template <search::SearchStrategy S>
search::History expect_search_contract(S strategy, search::History history, const Measure& measure,
                                       std::size_t trials) {
  std::unordered_set<space::Point, space::PointHash, space::PointEqual> seen;
  for (const auto& observation : history.observations) seen.insert(observation.point);
  const auto count = history.space->count();
  for (std::size_t trial = 0; trial < trials; ++trial) {
    const std::optional<space::Point> point = strategy.suggest(history);
    if (!point) {
      EXPECT_TRUE(count && seen.size() >= *count) << "the search ended with points left";
      return history;
    }
    EXPECT_TRUE(history.space->contains(*point)) << "a point outside the space";
    EXPECT_TRUE(seen.insert(*point).second) << "a point twice, at trial " << trial;
    if (::testing::Test::HasFailure()) return history;
    if (trial % 3 == 0) {
      S copy = strategy;
      const auto again = copy.suggest(history);
      EXPECT_TRUE(again && space::same_point(*again, *point)) << "another answer to the same history";
    }
    history.observations.push_back(measure(*point));
  }
  return history;
}

/// Every suggestion of a run can be had from its log alone: a new strategy, given the first k observations, says what
/// the one that lived through the run says; so does one that has seen later observations before.
template <search::SearchStrategy S>
void expect_pure_function_of_history(const S& fresh, search::History history, const Measure& measure,
                                     std::size_t trials) {
  S lived = fresh;
  std::vector<space::Point> suggested;
  const std::size_t given = history.observations.size();
  for (std::size_t trial = 0; trial < trials; ++trial) {
    const auto point = lived.suggest(history);
    if (!point) break;
    suggested.push_back(*point);
    history.observations.push_back(measure(*point));
  }
  search::History part = history;
  for (std::size_t k = suggested.size(); k-- > 0;) {
    part.observations.resize(given + k);
    S resumed = fresh;
    const auto from_log = resumed.suggest(part);
    ASSERT_TRUE(from_log && space::same_point(*from_log, suggested[k])) << "resumed after " << k << " trials";
    const auto from_later = lived.suggest(part);
    ASSERT_TRUE(from_later && space::same_point(*from_later, suggested[k])) << "went back to " << k << " trials";
  }
}

/// Points asked for while others are pending differ from these and from each other.
template <search::SearchStrategy S>
void expect_distinct_batches(S strategy, search::History history, const Measure& measure, std::size_t batch,
                             std::size_t rounds) {
  std::unordered_set<space::Point, space::PointHash, space::PointEqual> seen;
  for (const auto& observation : history.observations) seen.insert(observation.point);
  for (std::size_t round = 0; round < rounds; ++round) {
    const std::size_t told = history.observations.size();
    for (std::size_t k = 0; k < batch; ++k) {
      const auto point = strategy.suggest(history);
      if (!point) return;
      EXPECT_TRUE(seen.insert(*point).second) << "a pending point was proposed again";
      history.observations.push_back({.point = *point, .outcome = search::Outcome::pending});
    }
    // The last one asked for is the first to come back.
    std::reverse(history.observations.begin() + static_cast<std::ptrdiff_t>(told), history.observations.end());
    for (std::size_t k = told; k < history.observations.size(); ++k) {
      history.observations[k] = measure(history.observations[k].point);
    }
  }
}

}  // namespace bayestuner::conformance
