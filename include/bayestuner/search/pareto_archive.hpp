#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/search/pareto.hpp"

namespace bayestuner::search {

/// The front of points that come one by one, with what belongs to each; all objectives minimised. O(front) a point.
class ParetoArchive {
 public:
  struct Member {
    Eigen::RowVectorXd point;  ///< (m)
    std::size_t id;            ///< the caller's
  };

  /// True where `point` (m) joins the front; what it dominates leaves. A point equal to a member, dominated by one, or
  /// with a NaN does not join. Throws InvalidArgument where its size is not that of the members.
  bool insert(const Eigen::Ref<const Eigen::RowVectorXd>& point, std::size_t id) {
    if (!members_.empty() && members_.front().point.size() != point.size()) {
      throw InvalidArgument("ParetoArchive: point: " + std::to_string(point.size()) + " objectives, the members have " +
                            std::to_string(members_.front().point.size()));
    }
    if (point.array().isNaN().any()) return false;
    for (const Member& member : members_) {
      if ((member.point.array() <= point.array()).all()) return false;
    }
    std::erase_if(members_, [&](const Member& member) { return dominates(point, member.point); });
    members_.push_back({point, id});
    return true;
  }

  /// In the order of joining.
  const std::vector<Member>& members() const { return members_; }
  std::size_t size() const { return members_.size(); }
  bool empty() const { return members_.empty(); }

  /// (size, m).
  Eigen::MatrixXd points() const {
    Eigen::MatrixXd out(static_cast<Eigen::Index>(members_.size()),
                        members_.empty() ? 0 : members_.front().point.size());
    for (std::size_t i = 0; i < members_.size(); ++i) out.row(static_cast<Eigen::Index>(i)) = members_[i].point;
    return out;
  }

 private:
  std::vector<Member> members_;
};

}  // namespace bayestuner::search
