#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace bayestuner::selection {

/// A training row near a point.
struct Neighbour {
  float squared = 0.0F;  ///< squared Euclidean distance
  std::uint32_t row = 0;

  /// Nearer first; of equally near ones the lower row.
  friend bool operator<(const Neighbour& a, const Neighbour& b) {
    return a.squared < b.squared || (a.squared == b.squared && a.row < b.row);
  }
  friend bool operator==(const Neighbour&, const Neighbour&) = default;
};

/// Mean Euclidean distance of `near`; 0 of none.
inline double mean_distance(std::span<const Neighbour> near) {
  double sum = 0.0;
  for (const Neighbour& n : near) sum += std::sqrt(static_cast<double>(n.squared));
  return near.empty() ? 0.0 : sum / static_cast<double>(near.size());
}

/// How an index looks for neighbours. Both ways give the same rows, to the bit.
enum class Search { automatic, tree, brute_force };

/// The exact nearest rows of a fixed set, in single precision.
///
/// Rows stand in blocks of 16, column after column, so that one pass gives the distances of a whole block; blocks are
/// the leaves of a k-d tree whose nodes have 16 children with tight bounding boxes, tested 16 at a time. A distance is
/// summed in the order of the columns, whatever the width of the machine's registers, and a box's distance in the same
/// order: it never exceeds that of a row inside, even rounded. So tree, brute force and any machine agree.
/// Source of the k-d tree: Friedman, Bentley & Finkel 1977, doi:10.1145/355744.355745.
class NeighbourIndex {
 public:
  static constexpr std::uint32_t no_row = std::numeric_limits<std::uint32_t>::max();

  NeighbourIndex() = default;
  /// Rows `x` (n, d). `automatic` takes the tree from 500 rows on where a trial on some of the rows reads less than
  /// half of them. Throws InvalidArgument for numbers that are not finite or beyond 1e15.
  explicit NeighbourIndex(const Eigen::Ref<const Eigen::MatrixXd>& x, Search search = Search::automatic);

  /// The `count` rows nearest to `point` (d) in `out`, nearest first, of equal ones the lower row; fewer where there
  /// are fewer rows. Row `skip` is left out. Takes no memory once `out` has room and d <= 128.
  /// Throws InvalidArgument for a point of another length.
  void nearest(std::span<const double> point, std::size_t count, std::vector<Neighbour>& out,
               std::uint32_t skip = no_row) const;

  Eigen::Index rows() const { return rows_; }
  Eigen::Index dimension() const { return columns_; }
  bool uses_tree() const { return tree_; }
  /// Rows whose distances the search for `point` computes.
  std::size_t visited(std::span<const double> point, std::size_t count) const;

  /// One level of the tree: boxes of the level below, 16 a node.
  struct Level {
    std::size_t children = 0;          ///< of all nodes together
    std::vector<float> low, high;      ///< (nodes, d, 16)
    std::vector<std::uint32_t> first;  ///< (nodes, 16): lowest row below a child
  };

 private:
  void order_rows(const Eigen::Ref<const Eigen::MatrixXd>& x);
  void build_levels();

  Eigen::Index rows_ = 0, columns_ = 0;
  bool tree_ = false;
  std::vector<float> points_;       // (blocks, d, 16)
  std::vector<std::uint32_t> row_;  // (blocks, 16)
  std::vector<Level> levels_;       // lowest first
};

/// The rows of `x` (n, d), numbers mostly in [0, 1], along a Z-shaped curve: near ones come one after the other, so
/// that searches in this order find in the caches what they read. Source: Morton 1966, "A computer oriented geodetic
/// data base and a new technique in file sequencing".
std::vector<Eigen::Index> along_curve(const Eigen::Ref<const Eigen::MatrixXd>& x);

}  // namespace bayestuner::selection
