#pragma once
/// Equal rows become one pseudo-observation: two rows of a kernel matrix that are the same make it singular.

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "bayestuner/core/random.hpp"

namespace bayestuner::surrogate::detail {

inline std::uint64_t bits_of(double value) {
  value += 0.0;  // -0 becomes 0
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// Which original rows stand behind every merged row, in order of first appearance.
class Groups {
 public:
  /// Index of the merged row for `x` (d), a new one if none is equal (-0 equals 0). `rows` (>= size(), d): the merged
  /// rows so far.
  template <class Row, class Rows>
  Eigen::Index add(const Row& x, const Rows& rows) {
    const std::uint64_t key = hash(x);
    const auto [begin, end] = by_hash_.equal_range(key);
    for (auto it = begin; it != end; ++it) {
      if ((rows.row(it->second).transpose().array() == x.array()).all()) {
        group_.push_back(it->second);
        count_[static_cast<std::size_t>(it->second)] += 1.0;
        return it->second;
      }
    }
    const auto index = static_cast<Eigen::Index>(count_.size());
    by_hash_.emplace(key, index);
    group_.push_back(index);
    count_.push_back(1.0);
    return index;
  }

  Eigen::Index size() const { return static_cast<Eigen::Index>(count_.size()); }       ///< merged rows
  Eigen::Index originals() const { return static_cast<Eigen::Index>(group_.size()); }  ///< rows given
  Eigen::Index of(Eigen::Index original) const { return group_[static_cast<std::size_t>(original)]; }
  double multiplicity(Eigen::Index merged) const { return count_[static_cast<std::size_t>(merged)]; }

  /// Means over the groups (size()) of `values` (originals()).
  template <class Vector>
  Eigen::VectorXd means(const Vector& values) const {
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(size());
    for (Eigen::Index i = 0; i < originals(); ++i) sum[of(i)] += values[i] / multiplicity(of(i));
    return sum;
  }

 private:
  template <class Row>
  static std::uint64_t hash(const Row& x) {
    std::uint64_t state = 0;
    for (Eigen::Index j = 0; j < x.size(); ++j) state = mix64(state ^ bits_of(x[j]));
    return state;
  }

  std::unordered_multimap<std::uint64_t, Eigen::Index> by_hash_;
  std::vector<Eigen::Index> group_;
  std::vector<double> count_;
};

}  // namespace bayestuner::surrogate::detail
