#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include "bayestuner/search/concepts.hpp"
#include "bayestuner/search/detail/catalogue.hpp"
#include "bayestuner/search/detail/unmeasured.hpp"

namespace bayestuner::search {

/// Latin hypercube in the unit cube (n, dimension): every axis has one point in each of n equal strata.
/// Source: McKay, Beckman & Conover 1979, doi:10.1080/00401706.1979.10489755.
inline Eigen::MatrixXd latin_hypercube(std::size_t n, std::size_t dimension, Random& random) {
  Eigen::MatrixXd x(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(dimension));
  std::vector<Eigen::Index> strata(n);
  for (Eigen::Index j = 0; j < x.cols(); ++j) {
    std::iota(strata.begin(), strata.end(), Eigen::Index{0});
    random.shuffle(strata);
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      x(i, j) = (static_cast<double>(strata[static_cast<std::size_t>(i)]) + random.uniform()) / static_cast<double>(n);
    }
  }
  return x;
}

/// The smallest distance between two rows of `x` (n, d); infinite for fewer than two.
inline double minimal_distance(const Eigen::Ref<const Eigen::MatrixXd>& x) {
  double smallest = std::numeric_limits<double>::infinity();
  for (Eigen::Index i = 1; i < x.rows(); ++i) {
    smallest = std::min(smallest, (x.topRows(i).rowwise() - x.row(i)).rowwise().squaredNorm().minCoeff());
  }
  return std::sqrt(smallest);
}

namespace detail {

/// `n` distinct allowed points close to a Latin hypercube, the best of `draws` by the smallest distance between them
/// and to `anchors`, which are not proposed. `catalogue`: the space's rows if they are few enough to be listed, else
/// null. Fewer points where the space has no more.
/// Source of the criterion: Morris & Mitchell 1995, doi:10.1016/0378-3758(94)00035-T.
inline std::vector<space::Point> maximin_design(const space::DynamicSpace& space, const Catalogue* catalogue,
                                                std::size_t n, const std::vector<space::Point>& anchors, Random random,
                                                int draws = 30) {
  const auto d = static_cast<Eigen::Index>(space.dimension());
  History none;
  none.space = &space;
  Unmeasured start(none);
  for (const space::Point& anchor : anchors) start.take(anchor);
  Eigen::MatrixXd chosen(static_cast<Eigen::Index>(n + anchors.size()), d);
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    chosen.row(static_cast<Eigen::Index>(i)) = space.coordinates(anchors[i]).transpose();
  }
  Eigen::ArrayXd distance;
  std::vector<space::Point> best, points;
  double best_distance = -1.0;
  for (int draw = 0; draw < draws; ++draw) {
    const Eigen::MatrixXd target = latin_hypercube(n, static_cast<std::size_t>(d), random);
    Unmeasured free = start;
    points.clear();
    auto filled = static_cast<Eigen::Index>(anchors.size());
    for (Eigen::Index i = 0; i < target.rows() && !free.exhausted(); ++i) {
      if (catalogue != nullptr) {
        catalogue->squared_distances(target.row(i), distance);
        for (const std::uint64_t taken : free.taken_indices()) {
          distance[static_cast<Eigen::Index>(taken)] = std::numeric_limits<double>::infinity();
        }
        // Equal distances: the first one met from a random row on, else low indices would be preferred.
        const auto from = static_cast<Eigen::Index>(random.below(static_cast<std::uint64_t>(distance.size())));
        Eigen::Index head = 0, tail = 0;
        const double in_tail = distance.tail(distance.size() - from).minCoeff(&tail);
        Eigen::Index nearest = from + tail;
        if (from > 0 && distance.head(from).minCoeff(&head) < in_tail) nearest = head;
        points.push_back(space.at(static_cast<std::uint64_t>(nearest)));
      } else {
        points.push_back(space.nearest(target.row(i).transpose()));
        if (free.is_taken(points.back())) {
          std::optional<space::Point> other = free.random(random);
          if (!other) {
            points.pop_back();
            break;
          }
          points.back() = std::move(*other);
        }
      }
      free.take(points.back());
      chosen.row(filled++) = space.coordinates(points.back()).transpose();
    }
    const double smallest = minimal_distance(chosen.topRows(filled));
    if (smallest > best_distance) {
      best_distance = smallest;
      best = points;
    }
  }
  return best;
}

}  // namespace detail

struct LatinHypercubeOptions {
  std::size_t points = 0;  ///< of one design; 0: the history's budget, or 16 without one
};

/// Maximin Latin hypercubes over the allowed points, one after the other; then what is left at random.
class LatinHypercube {
 public:
  explicit LatinHypercube(LatinHypercubeOptions options = {}) : options_(options) {}

  std::optional<space::Point> suggest(const History& history);

 private:
  struct Designs {
    detail::Catalogue catalogue;
    std::uint64_t seed;
    std::size_t points;
    std::vector<std::vector<space::Point>> blocks;
  };

  LatinHypercubeOptions options_;
  std::optional<Designs> designs_;  // cache: a function of space, seed and number of points
};
static_assert(SearchStrategy<LatinHypercube>);

inline std::optional<space::Point> LatinHypercube::suggest(const History& history) {
  const space::DynamicSpace& space = space_of(history);
  const detail::Unmeasured unmeasured(history);
  if (unmeasured.exhausted()) return std::nullopt;
  const std::size_t n = std::max<std::size_t>(options_.points > 0 ? options_.points : history.budget.value_or(16), 1);
  if (!designs_ || !detail::is_same_space(designs_->catalogue.space(), space)) {
    designs_ = Designs{detail::Catalogue(space), history.seed, n, {}};
  } else if (designs_->seed != history.seed || designs_->points != n) {
    designs_->seed = history.seed;
    designs_->points = n;
    designs_->blocks.clear();
  }
  const Random random(history.seed, 0x145);
  for (std::size_t block = 0; block * n <= history.observations.size(); ++block) {
    if (block == designs_->blocks.size()) {
      const detail::Catalogue* rows = designs_->catalogue.empty() ? nullptr : &designs_->catalogue;
      designs_->blocks.push_back(detail::maximin_design(space, rows, n, {}, random.fork(block), n <= 32 ? 30 : 8));
    }
    for (const space::Point& point : designs_->blocks[block]) {
      if (!unmeasured.is_taken(point)) return point;
    }
  }
  Random rest = random.fork(~history.observations.size());
  return unmeasured.random(rest);
}

}  // namespace bayestuner::search
