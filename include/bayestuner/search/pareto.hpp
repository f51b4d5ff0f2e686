#pragma once
/// Trade-offs of several objectives, all minimised: dominance and fronts.

#include <Eigen/Core>
#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

namespace bayestuner::search {

/// `a` is nowhere worse than `b` and somewhere better; both (m). False where a number is missing.
inline bool dominates(const Eigen::Ref<const Eigen::RowVectorXd, 0, Eigen::InnerStride<>>& a,
                      const Eigen::Ref<const Eigen::RowVectorXd, 0, Eigen::InnerStride<>>& b) {
  return (a.array() <= b.array()).all() && (a.array() < b.array()).any();
}

namespace detail {

// Members of the front among `order`, rows of `points` (n, m) in lexicographic order without a NaN: what dominates a
// row stands before it, and so does a member of the front that dominates it. Equal rows all stay.

/// m <= 2: a row joins where the last objective is below that of all before. O(n).
inline std::vector<Eigen::Index> front_by_minimum(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                                  const std::vector<Eigen::Index>& order) {
  std::vector<Eigen::Index> front;
  const Eigen::Index end = points.cols() - 1;
  for (const Eigen::Index i : order) {
    if (front.empty() || points(i, end) < points(front.back(), end) ||
        (points.row(i).array() == points.row(front.back()).array()).all()) {
      front.push_back(i);
    }
  }
  return front;
}

/// m = 3. The first objective needs no look; the last two of the members make a staircase. O(n log n).
inline std::vector<Eigen::Index> front_by_sweep(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                                const std::vector<Eigen::Index>& order) {
  std::vector<Eigen::Index> front;
  std::map<double, double> stairs;  // third objective by the second, falling
  Eigen::Index last = -1;
  bool joins = false;
  for (const Eigen::Index i : order) {
    const bool again = last >= 0 && (points.row(i).array() == points.row(last).array()).all();
    last = i;
    if (!again) {
      const double y = points(i, 1), z = points(i, 2);
      const auto beyond = stairs.upper_bound(y);
      joins = beyond == stairs.begin() || std::prev(beyond)->second > z;
      if (joins) {
        auto covered = stairs.lower_bound(y);
        while (covered != stairs.end() && covered->second >= z) covered = stairs.erase(covered);
        stairs.emplace_hint(covered, y, z);
      }
    }
    if (joins) front.push_back(i);
  }
  return front;
}

/// Any m. O(n front).
inline std::vector<Eigen::Index> front_by_comparison(const Eigen::Ref<const Eigen::MatrixXd>& points,
                                                     const std::vector<Eigen::Index>& order) {
  std::vector<Eigen::Index> front;
  for (const Eigen::Index i : order) {
    const bool beaten = std::any_of(front.begin(), front.end(),
                                    [&](Eigen::Index j) { return dominates(points.row(j), points.row(i)); });
    if (!beaten) front.push_back(i);
  }
  return front;
}

}  // namespace detail

/// Indices, rising, of the rows of `points` (n, m) that no other row dominates; equal rows all stay. Rows with a NaN
/// never count. O(n log n) for up to three objectives, else O(n log n + n front).
inline std::vector<Eigen::Index> non_dominated(const Eigen::Ref<const Eigen::MatrixXd>& points) {
  std::vector<Eigen::Index> order;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    if (!points.row(i).array().isNaN().any()) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    for (Eigen::Index j = 0; j < points.cols(); ++j) {
      if (points(a, j) != points(b, j)) return points(a, j) < points(b, j);
    }
    return a < b;
  });
  const Eigen::Index m = points.cols();
  std::vector<Eigen::Index> front = m == 1 || m == 2 ? detail::front_by_minimum(points, order)
                                    : m == 3         ? detail::front_by_sweep(points, order)
                                                     : detail::front_by_comparison(points, order);
  std::sort(front.begin(), front.end());
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

}  // namespace bayestuner::search
