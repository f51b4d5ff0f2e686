#pragma once
/// How good a front is, and which of its points to name first. All objectives minimised.

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/search/pareto.hpp"

namespace bayestuner::search {

/// Rows of `points` (n, m) front by front: those that nothing dominates, those that only these dominate, and so on.
/// Rows with a NaN are left out.
/// Source: Deb, Pratap, Agarwal & Meyarivan 2002, doi:10.1109/4235.996017, sec. III-A.
inline std::vector<std::vector<Eigen::Index>> non_dominated_sort(const Eigen::Ref<const Eigen::MatrixXd>& points) {
  std::vector<Eigen::Index> left(static_cast<std::size_t>(points.rows()));
  std::iota(left.begin(), left.end(), Eigen::Index{0});
  std::vector<std::vector<Eigen::Index>> fronts;
  while (!left.empty()) {
    const Eigen::MatrixXd rest = points(left, Eigen::all);
    std::vector<Eigen::Index> front;
    for (const Eigen::Index i : non_dominated(rest)) front.push_back(left[static_cast<std::size_t>(i)]);
    if (front.empty()) break;
    std::erase_if(left, [&](Eigen::Index i) { return std::binary_search(front.begin(), front.end(), i); });
    fronts.push_back(std::move(front));
  }
  return fronts;
}

/// Crowding distance (n) of the rows of one front (n, m): the sum over objectives of the gap between a point's two
/// neighbours, as a share of the front's range; infinite at the ends.
/// Source: Deb et al. 2002, sec. III-B.
inline Eigen::VectorXd crowding_distance(const Eigen::Ref<const Eigen::MatrixXd>& front) {
  const Eigen::Index n = front.rows();
  Eigen::VectorXd out = Eigen::VectorXd::Zero(n);
  std::vector<Eigen::Index> order(static_cast<std::size_t>(n));
  for (Eigen::Index j = 0; j < front.cols() && n > 0; ++j) {
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) { return front(a, j) < front(b, j); });
    const double range = front(order.back(), j) - front(order.front(), j);
    out[order.front()] = out[order.back()] = std::numeric_limits<double>::infinity();
    for (std::size_t k = 1; k + 1 < order.size() && range > 0.0; ++k) {
      out[order[k]] += (front(order[k + 1], j) - front(order[k - 1], j)) / range;
    }
  }
  return out;
}

namespace detail {

inline void require_fronts(const char* where, const Eigen::MatrixXd& front, const Eigen::MatrixXd& reference_front) {
  if (front.rows() == 0 || reference_front.rows() == 0 || front.cols() != reference_front.cols()) {
    throw InvalidArgument(std::string(where) +
                          ": two fronts with a point and of as many objectives are needed; given " +
                          std::to_string(front.rows()) + " x " + std::to_string(front.cols()) + " and " +
                          std::to_string(reference_front.rows()) + " x " + std::to_string(reference_front.cols()));
  }
}

}  // namespace detail

/// Inverted generational distance: the mean distance from the points of `reference_front` (k, m) to the nearest of
/// `front` (n, m). Throws InvalidArgument for an empty front or sizes that differ.
/// Source: Coello Coello & Reyes Sierra 2004, doi:10.1007/978-3-540-24694-7_71.
inline double inverted_generational_distance(const Eigen::Ref<const Eigen::MatrixXd>& front,
                                             const Eigen::Ref<const Eigen::MatrixXd>& reference_front) {
  detail::require_fronts("inverted_generational_distance", front, reference_front);
  double sum = 0.0;
  for (Eigen::Index i = 0; i < reference_front.rows(); ++i) {
    sum += std::sqrt((front.rowwise() - reference_front.row(i)).rowwise().squaredNorm().minCoeff());
  }
  return sum / static_cast<double>(reference_front.rows());
}

/// The same counting only how much worse a point is: never better for a dominated front (IGD+).
/// Source: Ishibuchi, Masuda, Tanigaki & Nojima 2015, doi:10.1007/978-3-319-15892-1_8.
inline double inverted_generational_distance_plus(const Eigen::Ref<const Eigen::MatrixXd>& front,
                                                  const Eigen::Ref<const Eigen::MatrixXd>& reference_front) {
  detail::require_fronts("inverted_generational_distance_plus", front, reference_front);
  double sum = 0.0;
  for (Eigen::Index i = 0; i < reference_front.rows(); ++i) {
    const Eigen::MatrixXd worse = (front.rowwise() - reference_front.row(i)).cwiseMax(0.0);
    sum += std::sqrt(worse.rowwise().squaredNorm().minCoeff());
  }
  return sum / static_cast<double>(reference_front.rows());
}

/// The least that `front` must be shifted, in every objective alike, to be nowhere worse than `reference_front`.
/// Source: Zitzler, Thiele, Laumanns, Fonseca & Grunert da Fonseca 2003, doi:10.1109/TEVC.2003.810758.
inline double additive_epsilon(const Eigen::Ref<const Eigen::MatrixXd>& front,
                               const Eigen::Ref<const Eigen::MatrixXd>& reference_front) {
  detail::require_fronts("additive_epsilon", front, reference_front);
  double most = -std::numeric_limits<double>::infinity();
  for (Eigen::Index i = 0; i < reference_front.rows(); ++i) {
    most = std::max(most, (front.rowwise() - reference_front.row(i)).rowwise().maxCoeff().minCoeff());
  }
  return most;
}

/// The row of `points` (n, m) where the front bends most: farthest below the plane through its extreme points, ranges
/// scaled to one. A front of one or two points has no bend: the one with the least sum. nullopt without a point.
/// Source: Das 1999, doi:10.1007/BF01195985.
inline std::optional<Eigen::Index> knee_point(const Eigen::Ref<const Eigen::MatrixXd>& points) {
  const std::vector<Eigen::Index> front = non_dominated(points);
  if (front.empty()) return std::nullopt;
  const Eigen::MatrixXd values = points(front, Eigen::all);
  const Eigen::RowVectorXd low = values.colwise().minCoeff();
  const Eigen::RowVectorXd range = values.colwise().maxCoeff() - low;
  Eigen::VectorXd height = Eigen::VectorXd::Zero(values.rows());
  for (Eigen::Index j = 0; j < values.cols(); ++j) {
    if (range[j] > 0.0) height += (values.col(j).array() - low[j]).matrix() / range[j];
  }
  Eigen::Index lowest = 0;
  height.minCoeff(&lowest);
  return front[static_cast<std::size_t>(lowest)];
}

/// From where a reference point is guessed.
enum class ReferenceRule {
  worst,  ///< of all points
  nadir   ///< of the front
};

/// A reference point (m) beyond the worst values of `points` (n, m), or of their front, by `margin` of their range.
/// Rows with a NaN do not count. Throws InvalidArgument without a point or for a margin that is not positive.
/// Source: Ishibuchi, Imada, Setoguchi & Nojima 2018, doi:10.1162/evco_a_00226 (why beyond).
inline Eigen::VectorXd reference_point(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                       ReferenceRule rule = ReferenceRule::worst, double margin = 0.1) {
  if (!(margin > 0.0)) throw InvalidArgument("reference_point: margin: " + std::to_string(margin) + " is not above 0");
  std::vector<Eigen::Index> rows;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if (points.row(i).allFinite()) rows.push_back(i);
  }
  if (rows.empty()) throw InvalidArgument("reference_point: points: none is finite");
  Eigen::MatrixXd values = points(rows, Eigen::all);
  if (rule == ReferenceRule::nadir) values = pareto_front(values);
  Eigen::VectorXd out(points.cols());
  for (Eigen::Index j = 0; j < out.size(); ++j) {
    const double worst = values.col(j).maxCoeff(), range = worst - values.col(j).minCoeff();
    out[j] = worst + margin * (range > 0.0 ? range : std::max(std::abs(worst), 1.0));
  }
  return out;
}

}  // namespace bayestuner::search
