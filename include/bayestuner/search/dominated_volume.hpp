#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/search/hypervolume.hpp"
#include "bayestuner/search/pareto_archive.hpp"

namespace bayestuner::search {

/// The hypervolume of points that come one by one; all objectives minimised. A point costs O(log front) for two
/// objectives, and one hypervolume of the front where it joins for more.
class DominatedVolume {
 public:
  /// `reference` (m): worst acceptable values. Throws InvalidArgument where one is not finite, or there is none.
  explicit DominatedVolume(Eigen::RowVectorXd reference) : reference_(std::move(reference)) {
    if (reference_.size() == 0 || !reference_.allFinite()) {
      throw InvalidArgument("DominatedVolume: reference: must have a finite value for every objective");
    }
  }

  /// The volume with `point` (m), product of the objectives' units. Throws InvalidArgument where the sizes differ.
  double insert(const Eigen::Ref<const Eigen::RowVectorXd>& point) {
    if (point.size() != reference_.size()) {
      throw InvalidArgument("DominatedVolume: point: " + std::to_string(point.size()) +
                            " objectives, the reference has " + std::to_string(reference_.size()));
    }
    if (!(point.array() < reference_.array()).all()) return volume_;
    volume_ += point.size() == 2 ? step(point[0], point[1]) : share(point);
    return volume_;
  }

  double value() const { return volume_; }

 private:
  // Two objectives: the front is a staircase, and a point adds one rectangle a stair that it takes away.
  double step(double x, double y) {
    auto next = stairs_.lower_bound(x);
    double height = next == stairs_.begin() ? reference_[1] : std::prev(next)->second, from = x, gain = 0.0;
    if (height <= y || (next != stairs_.end() && next->first == x && next->second <= y)) return 0.0;
    while (next != stairs_.end() && next->second >= y) {
      gain += (next->first - from) * (height - y);
      from = next->first;
      height = next->second;
      next = stairs_.erase(next);
    }
    gain += ((next == stairs_.end() ? reference_[0] : next->first) - from) * (height - y);
    stairs_.emplace_hint(next, x, y);
    return gain;
  }

  // More: its own box, less what the others cover of it.
  double share(const Eigen::Ref<const Eigen::RowVectorXd>& point) {
    const Eigen::MatrixXd others = front_.points();
    if (!front_.insert(point, 0)) return 0.0;
    const double box = (reference_ - point).prod();
    if (others.rows() == 0) return box;
    return box - hypervolume(others.array().max(point.replicate(others.rows(), 1).array()).matrix(), reference_);
  }

  Eigen::RowVectorXd reference_;
  std::map<double, double> stairs_;  // second objective by the first, falling
  ParetoArchive front_;
  double volume_ = 0.0;
};

}  // namespace bayestuner::search
