#pragma once
/// Searches that walk from point to point: where they stand is found from the log.

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/detail/catalogue.hpp"
#include "bayestuner/search/detail/energy.hpp"
#include "bayestuner/search/history.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::search::detail {

/// Where a walk stands after some trials.
struct Walk {
  std::optional<space::Point> current = {};  ///< empty before the first trial
  double energy = 0.0;                       ///< of `current`
  space::Point best = {};
  double best_energy = 0.0;
  std::size_t told = 0, since_best = 0;  ///< trials taken in; of these, since the best
  std::unordered_map<space::Point, double, space::PointHash, space::PointEqual> known = {};

  void stand_at(const space::Point& point, double at) {
    current = point;
    energy = at;
  }
  /// Notes the result of a trial; whether the walk goes there is the strategy's decision.
  void note(const space::Point& point, double at) {
    known[point] = at;
    since_best = told == 0 || at < best_energy ? 0 : since_best + 1;
    if (since_best == 0) {
      best = point;
      best_energy = at;
    }
    ++told;
  }
};

/// Walks through the trials of a history. What the walk was after the last call is kept and gone on from where the
/// history begins with the same trials: a cache that changes no answer.
class WalkThrough {
 public:
  /// The walk after all told trials. `step(walk, point, energy)` moves it over one of them; it must depend on its
  /// arguments and `key` (seed, budget) alone.
  template <class Step>
  const Walk& operator()(const History& history, std::uint64_t key, const Step& step) {
    const space::DynamicSpace& space = space_of(history);
    const std::vector<double> energy = energies(history);
    std::vector<std::size_t> told;
    std::vector<std::uint64_t> keys{key};  // of the first k told trials
    for (std::size_t i = 0; i < energy.size(); ++i) {
      if (std::isnan(energy[i])) continue;
      told.push_back(i);
      keys.push_back(mix64(keys.back() ^ space::PointHash{}(history.observations[i].point) ^
                           mix64(std::bit_cast<std::uint64_t>(energy[i]))));
    }
    const bool goes_on =
        space_ && is_same_space(*space_, space) && walk_.told < keys.size() && keys[walk_.told] == key_;
    if (!goes_on) walk_ = {};
    space_ = space;
    while (walk_.told < told.size()) {
      const std::size_t i = told[walk_.told];
      step(walk_, history.observations[i].point, energy[i]);
      walk_.note(history.observations[i].point, energy[i]);
    }
    key_ = keys.back();
    return walk_;
  }

 private:
  std::optional<space::DynamicSpace> space_;
  Walk walk_;
  std::uint64_t key_ = 0;
};

}  // namespace bayestuner::search::detail
