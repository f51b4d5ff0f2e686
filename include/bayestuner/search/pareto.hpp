#pragma once
/// Trade-offs of several objectives, all minimised: dominance and fronts.

#include <Eigen/Core>
#include <algorithm>
#include <vector>

namespace bayestuner::search {

/// `a` is nowhere worse than `b` and somewhere better; both (m). False where a number is missing.
inline bool dominates(const Eigen::Ref<const Eigen::RowVectorXd, 0, Eigen::InnerStride<>>& a,
                      const Eigen::Ref<const Eigen::RowVectorXd, 0, Eigen::InnerStride<>>& b) {
  return (a.array() <= b.array()).all() && (a.array() < b.array()).any();
}

/// Indices, rising, of the rows of `points` (n, m) that no other row dominates; equal rows all stay. Rows with a NaN
/// never count. O(n log n) for two objectives, else O(n log n + n front).
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
  // What dominates a row stands before it in lexicographic order, and so does a member of the front that dominates it.
  std::sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
    for (Eigen::Index j = 0; j < points.cols(); ++j) {
      if (points(a, j) != points(b, j)) return points(a, j) < points(b, j);
    }
    return a < b;
  });
  const Eigen::MatrixXd columns = points.transpose();  // one point's numbers side by side
  const auto beats = [&](Eigen::Index j, Eigen::Index i) {
    const double *const a = columns.col(j).data(), *const b = columns.col(i).data();
    bool better = false;
    for (Eigen::Index k = columns.rows(); k-- > 0;) {  // the last differ most: the order is by the first
      if (a[k] > b[k]) return false;
      better = better || a[k] < b[k];
    }
    return better;
  };
  for (const Eigen::Index i : order) {
    if (std::none_of(front.begin(), front.end(), [&](Eigen::Index j) { return beats(j, i); })) front.push_back(i);
  }
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
