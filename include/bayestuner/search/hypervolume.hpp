#pragma once
/// Dominated volume of a front, all objectives minimised.

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "bayestuner/acquisition/detail/boxes.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/search/pareto.hpp"

namespace bayestuner::search {

namespace detail {

/// Volume dominated by `points` (n, m), all strictly better than `reference` (m).
inline double volume_below(const Eigen::Ref<const Eigen::MatrixXd>& points,
                           const Eigen::Ref<const Eigen::RowVectorXd>& reference) {
  const Eigen::Index m = reference.size();
  if (points.rows() == 0) return 0.0;
  if (m == 1) return reference[0] - points.minCoeff();
  if (m <= 3) {  // what is left open has boxes that end where the volume begins
    double volume = 0.0;
    for (const auto& box : acquisition::detail::open_boxes(points, reference.transpose())) {
      const double covered = reference[1] - box.top;
      if (covered > 0.0) volume += (box.right - box.left) * covered * (m == 3 ? box.high - box.low : 1.0);
    }
    return volume;
  }
  // Points join by the last objective. What one of them adds is a slab, over its part of the space below that no
  // earlier one covers: the earlier ones are moved up to it, and their volume is taken away.
  std::vector<Eigen::Index> order(static_cast<std::size_t>(points.rows()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::sort(order.begin(), order.end(),
            [&](Eigen::Index a, Eigen::Index b) { return points(a, m - 1) < points(b, m - 1); });
  const Eigen::MatrixXd sorted = points(order, Eigen::all);
  const Eigen::RowVectorXd below = reference.head(m - 1);
  double volume = 0.0;
  for (Eigen::Index k = 0; k < sorted.rows(); ++k) {
    const Eigen::RowVectorXd corner = sorted.row(k).head(m - 1);
    Eigen::MatrixXd limited = sorted.topLeftCorner(k, m - 1).array().max(corner.replicate(k, 1).array());
    if (m > 4) limited = pareto_front(limited);
    volume += (reference[m - 1] - sorted(k, m - 1)) * ((below - corner).prod() - volume_below(limited, below));
  }
  return volume;
}

}  // namespace detail

/// Volume between `reference` (m) and the front of `points` (n, m), in the product of the objectives' units. Points
/// that are not strictly better than the reference everywhere add nothing. Exact; O(n log n) for m = 2, about
/// O(n^(m-2) log n) beyond (m = 3 by a sweep; more by the WFG recursion, one objective a level).
/// Throws InvalidArgument where the sizes differ.
/// Source: While, Bradstreet & Barone 2012, doi:10.1109/TEVC.2010.2077298 (WFG).
inline double hypervolume(const Eigen::Ref<const Eigen::MatrixXd>& points,
                          const Eigen::Ref<const Eigen::RowVectorXd>& reference) {
  if (points.rows() > 0 && points.cols() != reference.size()) {
    throw InvalidArgument("hypervolume: points have " + std::to_string(points.cols()) +
                          " objectives, the reference has " + std::to_string(reference.size()));
  }
  std::vector<Eigen::Index> inside;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if ((points.row(i).array() < reference.array()).all()) inside.push_back(i);
  }
  if (inside.empty()) return 0.0;
  const Eigen::MatrixXd kept = points(inside, Eigen::all);
  return detail::volume_below(reference.size() > 3 ? pareto_front(kept) : kept, reference);
}

/// What the volume would lose without each of `points` (n); 0 for dominated points and for equal ones.
inline Eigen::VectorXd hypervolume_contributions(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                                 const Eigen::Ref<const Eigen::RowVectorXd>& reference) {
  const double all = hypervolume(points, reference);
  Eigen::VectorXd out = Eigen::VectorXd::Zero(points.rows());
  for (const Eigen::Index i : non_dominated(points)) {
    Eigen::MatrixXd rest(points.rows() - 1, points.cols());
    rest << points.topRows(i), points.bottomRows(points.rows() - 1 - i);
    out[i] = all - hypervolume(rest, reference);
  }
  return out;
}

}  // namespace bayestuner::search
