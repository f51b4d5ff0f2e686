#pragma once
/// Trade-offs of several objectives, all minimised: dominance, fronts, dominated volume.

#include <Eigen/Core>
#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"

namespace bayestuner::search {

/// `a` is nowhere worse than `b` and somewhere better; both (m). False where a number is missing.
inline bool dominates(const Eigen::Ref<const Eigen::RowVectorXd, 0, Eigen::InnerStride<>>& a,
                      const Eigen::Ref<const Eigen::RowVectorXd, 0, Eigen::InnerStride<>>& b) {
  return (a.array() <= b.array()).all() && (a.array() < b.array()).any();
}

/// Indices, rising, of the rows of `points` (n, m) that no other row dominates; equal rows all stay. Rows with a NaN
/// never count. O(n log n) for two objectives, else O(n^2).
inline std::vector<Eigen::Index> non_dominated(const Eigen::Ref<const Eigen::MatrixXd>& points) {
  std::vector<Eigen::Index> order;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if (!points.row(i).array().isNaN().any()) order.push_back(i);
  }
  std::vector<Eigen::Index> front;
  if (points.cols() == 2) {
    std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
      return points(a, 0) != points(b, 0) ? points(a, 0) < points(b, 0) : points(a, 1) < points(b, 1);
    });
    for (const Eigen::Index i : order) {
      const bool first = front.empty();
      const Eigen::Index last = first ? 0 : front.back();
      if (first || points(i, 1) < points(last, 1) || (points.row(i).array() == points.row(last).array()).all()) {
        front.push_back(i);
      }
    }
    std::sort(front.begin(), front.end());
    return front;
  }
  for (const Eigen::Index i : order) {
    const bool beaten = std::any_of(order.begin(), order.end(),
                                    [&](Eigen::Index j) { return dominates(points.row(j), points.row(i)); });
    if (!beaten) front.push_back(i);
  }
  return front;
}

/// The front as rows: sorted by the first objective, equal rows once.
inline Eigen::MatrixXd pareto_front(const Eigen::Ref<const Eigen::MatrixXd>& points) {
  std::vector<Eigen::Index> rows = non_dominated(points);
  std::sort(rows.begin(), rows.end(), [&](Eigen::Index a, Eigen::Index b) {
    for (Eigen::Index j = 0; j < points.cols(); ++j) {
      if (points(a, j) != points(b, j)) return points(a, j) < points(b, j);
    }
    return false;
  });
  rows.erase(std::unique(rows.begin(), rows.end(),
                         [&](Eigen::Index a, Eigen::Index b) {
                           return (points.row(a).array() == points.row(b).array()).all();
                         }),
             rows.end());
  Eigen::MatrixXd front(static_cast<Eigen::Index>(rows.size()), points.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) front.row(static_cast<Eigen::Index>(i)) = points.row(rows[i]);
  return front;
}

namespace detail {

/// Volume dominated by `points` (n, m), all strictly better than `reference` (m), by slicing along the last objective.
inline double sliced_volume(const Eigen::MatrixXd& points, const Eigen::RowVectorXd& reference) {
  if (points.rows() == 0) return 0.0;
  const Eigen::Index m = points.cols();
  if (m == 1) return reference[0] - points.minCoeff();
  if (m == 2) {
    const Eigen::MatrixXd front = pareto_front(points);
    double volume = 0.0;
    for (Eigen::Index i = 0; i < front.rows(); ++i) {
      const double right = i + 1 < front.rows() ? front(i + 1, 0) : reference[0];
      volume += (right - front(i, 0)) * (reference[1] - front(i, 1));
    }
    return volume;
  }
  std::vector<Eigen::Index> order(static_cast<std::size_t>(points.rows()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::sort(order.begin(), order.end(),
            [&](Eigen::Index a, Eigen::Index b) { return points(a, m - 1) < points(b, m - 1); });
  Eigen::MatrixXd below(points.rows(), m - 1);
  double volume = 0.0;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    below.row(i) = points.row(order[static_cast<std::size_t>(i)]).head(m - 1);
    const double top = i + 1 < points.rows() ? points(order[static_cast<std::size_t>(i + 1)], m - 1) : reference[m - 1];
    const double height = top - points(order[static_cast<std::size_t>(i)], m - 1);
    if (height > 0.0) volume += height * sliced_volume(pareto_front(below.topRows(i + 1)), reference.head(m - 1));
  }
  return volume;
}

}  // namespace detail

/// Volume between `reference` (m) and the front of `points` (n, m), in the product of the objectives' units. Points
/// that are not strictly better than the reference everywhere add nothing. O(n log n) for m = 2, O(n^(m-1) log n)
/// beyond. Throws InvalidArgument where the sizes differ.
inline double hypervolume(const Eigen::Ref<const Eigen::MatrixXd>& points,
                          const Eigen::Ref<const Eigen::RowVectorXd>& reference) {
  if (points.rows() > 0 && points.cols() != reference.size()) {
    throw InvalidArgument("hypervolume: points have " + std::to_string(points.cols()) +
                          " objectives, the reference has " + std::to_string(reference.size()));
  }
  Eigen::MatrixXd inside(points.rows(), reference.size());
  Eigen::Index kept = 0;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if ((points.row(i).array() < reference.array()).all()) inside.row(kept++) = points.row(i);
  }
  return detail::sliced_volume(inside.topRows(kept), reference);
}

}  // namespace bayestuner::search
