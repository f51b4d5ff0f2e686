#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"

namespace bayestuner::surrogate::detail {

/// One part of a cross-validation: rows to learn from and rows to test on, ascending.
struct Fold {
  std::vector<Eigen::Index> train, test;
};

/// The parts that `fold_of` (n) tells: row i is tested in part fold_of[i]. Parts that test nothing are left out.
inline std::vector<Fold> folds_of(const std::vector<int>& fold_of) {
  const int most = fold_of.empty() ? -1 : *std::max_element(fold_of.begin(), fold_of.end());
  std::vector<Fold> out;
  for (int k = 0; k <= most; ++k) {
    Fold fold;
    for (std::size_t i = 0; i < fold_of.size(); ++i) {
      (fold_of[i] == k ? fold.test : fold.train).push_back(static_cast<Eigen::Index>(i));
    }
    if (!fold.test.empty()) out.push_back(std::move(fold));
  }
  return out;
}

/// `folds` parts of n rows, shuffled by `seed`, of sizes that differ by at most one; n parts where there are fewer
/// rows.
inline std::vector<Fold> seeded_folds(Eigen::Index n, int folds, std::uint64_t seed) {
  std::vector<std::size_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::size_t{0});
  Random(seed, 0xf01d).shuffle(order);
  std::vector<int> fold_of(order.size());
  for (std::size_t k = 0; k < order.size(); ++k)
    fold_of[order[k]] = static_cast<int>(k % static_cast<std::size_t>(folds));
  return folds_of(fold_of);
}

}  // namespace bayestuner::surrogate::detail
