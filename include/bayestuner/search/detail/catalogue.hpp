#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::search::detail {

/// Same space: an immutable one and its copies share their parameters. Spaces made twice alike count as different,
/// which costs time only.
inline bool is_same_space(const space::DynamicSpace& a, const space::DynamicSpace& b) {
  return &a.parameters() == &b.parameters();
}

/// Every row of a space that is small enough to be listed, as unit coordinates; empty for larger ones.
class Catalogue {
 public:
  static constexpr std::uint64_t limit = 20000;

  explicit Catalogue(const space::DynamicSpace& space) : space_(space) {
    const std::optional<std::uint64_t> count = space.count();
    if (!count || *count > limit) return;
    coordinates_.resize(static_cast<Eigen::Index>(*count), static_cast<Eigen::Index>(space.dimension()));
    for (std::uint64_t i = 0; i < *count; ++i) {
      coordinates_.row(static_cast<Eigen::Index>(i)) = space.coordinates(space.at(i)).transpose();
    }
  }

  const space::DynamicSpace& space() const { return space_; }
  bool empty() const { return coordinates_.rows() == 0; }
  Eigen::Index rows() const { return coordinates_.rows(); }
  const Eigen::MatrixXd& coordinates() const { return coordinates_; }  ///< (N, dimension)

  /// out (N): squared distances of all rows to unit coordinates `x` (1, dimension).
  template <class Row>
  void squared_distances(const Row& x, Eigen::ArrayXd& out) const {
    out.setZero(rows());
    for (Eigen::Index j = 0; j < coordinates_.cols(); ++j) out += (coordinates_.col(j).array() - x[j]).square();
  }

  /// (N): whether a row differs from `point` in one parameter alone.
  Eigen::Array<bool, Eigen::Dynamic, 1> one_away(const space::Point& point) const {
    const Eigen::VectorXd x = space_.coordinates(point);
    Eigen::ArrayXi differences = Eigen::ArrayXi::Zero(rows());
    for (Eigen::Index j = 0; j < coordinates_.cols(); ++j) {
      differences += (coordinates_.col(j).array() != x[j]).template cast<int>();
    }
    return differences == 1;
  }

  /// Every row (N).
  std::vector<space::Point> points() const {
    std::vector<space::Point> out;
    out.reserve(static_cast<std::size_t>(rows()));
    for (Eigen::Index i = 0; i < rows(); ++i) out.push_back(space_.at(static_cast<std::uint64_t>(i)));
    return out;
  }

 private:
  space::DynamicSpace space_;
  Eigen::MatrixXd coordinates_;
};

}  // namespace bayestuner::search::detail
