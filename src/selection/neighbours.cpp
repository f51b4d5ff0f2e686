#include "bayestuner/selection/neighbours.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/selection/detail/scratch.hpp"
#include "selection/lane_distances.hpp"

namespace bayestuner::selection {

namespace {

constexpr std::size_t width = lanes;
constexpr float infinity = std::numeric_limits<float>::infinity();

// The nearest so far: a sorted list while it is short, a heap beyond.
class Nearest {
 public:
  Nearest(std::vector<Neighbour>& out, std::size_t count, std::uint32_t skip) : out_(out), count_(count), skip_(skip) {
    out_.clear();
    out_.reserve(count);
    if (is_short()) out_.resize(count, worst_);  // places to be filled
  }

  /// What a row must not exceed.
  float worst() const { return worst_.squared; }
  bool admits(float squared, std::uint32_t first_row) const {
    return squared < worst_.squared || (squared == worst_.squared && first_row < worst_.row);
  }

  void offer(Neighbour n) {
    if (!(n < worst_) || n.row == skip_) return;
    if (is_short()) {
      Neighbour* place = out_.data() + count_ - 1;
      for (; place != out_.data() && n < place[-1]; --place) *place = place[-1];
      *place = n;
      worst_ = out_[count_ - 1];
      return;
    }
    if (out_.size() == count_) {
      std::pop_heap(out_.begin(), out_.end());
      out_.pop_back();
    }
    out_.push_back(n);
    std::push_heap(out_.begin(), out_.end());
    if (out_.size() == count_) worst_ = out_.front();
  }

  void finish() {
    if (!is_short()) std::sort_heap(out_.begin(), out_.end());
    while (!out_.empty() && out_.back().row == NeighbourIndex::no_row) out_.pop_back();
  }

 private:
  bool is_short() const { return count_ <= 32; }

  std::vector<Neighbour>& out_;
  std::size_t count_;
  std::uint32_t skip_;
  Neighbour worst_{infinity, NeighbourIndex::no_row};
};

struct Walk {
  const std::vector<NeighbourIndex::Level>& levels;
  const float* points;
  const std::uint32_t* rows;
  const float* point;
  std::size_t d;
  Nearest& nearest;
  LaneDistances distances = lane_distances(bayestuner::detail::instruction_set());
  std::size_t blocks_read = 0;

  void block(std::size_t b) {
    ++blocks_read;
    alignas(lane_alignment) float squared[width];  // NOLINT: written whole
    unsigned near = distances.rows(point, points + b * d * width, d, nearest.worst(), squared);
    for (; near != 0; near &= near - 1) {
      const auto l = static_cast<std::size_t>(std::countr_zero(near));
      nearest.offer({squared[l], rows[b * width + l]});
    }
  }

  void node(std::size_t level, std::size_t n) {
    const NeighbourIndex::Level& at = levels[level];
    alignas(lane_alignment) float bound[width];  // NOLINT: written whole
    std::int32_t order[width];                   // NOLINT: written whole
    distances.boxes(point, at.low.data() + n * d * width, at.high.data() + n * d * width, d, bound, order);
    for (const std::int32_t l : order) {
      const std::size_t child = n * width + static_cast<std::size_t>(l);
      if (!nearest.admits(bound[l], at.first[child])) continue;
      if (level == 0) {
        block(child);
      } else {
        node(level - 1, child);
      }
    }
  }
};

}  // namespace

NeighbourIndex::NeighbourIndex(const Eigen::Ref<const Eigen::MatrixXd>& x, Search search)
    : rows_(x.rows()), columns_(x.cols()) {
  for (Eigen::Index j = 0; j < x.cols(); ++j) {
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      if (std::abs(x(i, j)) <= 1e15) continue;
      throw InvalidArgument("NeighbourIndex: x(" + std::to_string(i) + ", " + std::to_string(j) +
                            "): " + to_text(x(i, j)) + " is not a number of at most 1e15");
    }
  }
  tree_ = search == Search::tree || (search == Search::automatic && rows_ >= 500);
  order_rows(x);
  if (!tree_) return;
  build_levels();
  if (search == Search::tree) return;
  // Many columns, or many rows at one place: does the tree leave out enough to pay for its boxes?
  std::size_t read = 0;
  constexpr Eigen::Index tried = 32;
  for (Eigen::Index k = 0; k < tried; ++k) {
    const Eigen::RowVectorXd row = x.row(k * (rows_ / tried));
    read += visited({row.data(), static_cast<std::size_t>(row.size())}, 5);
  }
  if (read <= static_cast<std::size_t>(rows_ * tried / 2)) return;
  tree_ = false;
  levels_.clear();
  order_rows(x);
}

void NeighbourIndex::order_rows(const Eigen::Ref<const Eigen::MatrixXd>& x) {
  const auto n = static_cast<std::size_t>(rows_), d = static_cast<std::size_t>(columns_);
  const Eigen::MatrixXf values = x.cast<float>();
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0U);
  // Cuts the widest side at a multiple of 16 blocks' worth of rows, so that 16 blocks in a row are a subtree.
  const auto cut = [&](const auto& self, std::size_t begin, std::size_t end) -> void {
    const std::size_t blocks = (end - begin + width - 1) / width;
    if (blocks <= 1) return;
    Eigen::Index widest = 0;
    float most = -1.0F;
    for (Eigen::Index j = 0; j < columns_; ++j) {
      float low = infinity, high = -infinity;
      for (std::size_t k = begin; k < end; ++k) {
        low = std::min(low, values(order[k], j));
        high = std::max(high, values(order[k], j));
      }
      if (high - low > most) {
        most = high - low;
        widest = j;
      }
    }
    std::size_t left = 1;
    while (2 * left < blocks) left *= 2;
    const std::size_t middle = begin + left * width;
    std::nth_element(order.begin() + static_cast<std::ptrdiff_t>(begin),
                     order.begin() + static_cast<std::ptrdiff_t>(middle),
                     order.begin() + static_cast<std::ptrdiff_t>(end), [&](std::uint32_t a, std::uint32_t b) {
                       const float va = values(a, widest), vb = values(b, widest);
                       return va < vb || (va == vb && a < b);
                     });
    self(self, begin, middle);
    self(self, middle, end);
  };
  if (tree_) cut(cut, 0, n);

  const std::size_t blocks = (n + width - 1) / width;
  points_.assign(blocks * d * width, infinity);
  row_.assign(blocks * width, no_row);
  for (std::size_t k = 0; k < n; ++k) {
    row_[k] = order[k];
    for (std::size_t j = 0; j < d; ++j) {
      points_[(k / width * d + j) * width + k % width] = values(order[k], static_cast<Eigen::Index>(j));
    }
  }
}

void NeighbourIndex::build_levels() {
  const auto d = static_cast<std::size_t>(columns_);
  std::size_t children = row_.size() / width;
  while (true) {
    const std::size_t nodes = (children + width - 1) / width;
    const Level* const below = levels_.empty() ? nullptr : &levels_.back();
    Level level;
    level.children = children;
    level.low.assign(nodes * d * width, infinity);
    level.high.assign(nodes * d * width, -infinity);
    level.first.assign(nodes * width, no_row);
    for (std::size_t c = 0; c < children; ++c) {
      const std::size_t count = below != nullptr ? std::min(width, below->children - c * width) : width;
      for (std::size_t l = 0; l < count; ++l) {
        const std::uint32_t first = below != nullptr ? below->first[c * width + l] : row_[c * width + l];
        if (first == no_row) continue;
        level.first[c] = std::min(level.first[c], first);
        for (std::size_t j = 0; j < d; ++j) {
          const std::size_t from = (c * d + j) * width + l, to = (c / width * d + j) * width + c % width;
          level.low[to] = std::min(level.low[to], below != nullptr ? below->low[from] : points_[from]);
          level.high[to] = std::max(level.high[to], below != nullptr ? below->high[from] : points_[from]);
        }
      }
    }
    levels_.push_back(std::move(level));
    if (nodes <= 1) return;
    children = nodes;
  }
}

namespace {

using Single = detail::Scratch<float, 128>;

// The point in single precision.
void narrow(std::span<const double> values, const Single& out) {
  for (std::size_t j = 0; j < values.size(); ++j) out[j] = static_cast<float>(values[j]);
}

}  // namespace

void NeighbourIndex::nearest(std::span<const double> point, std::size_t count, std::vector<Neighbour>& out,
                             std::uint32_t skip) const {
  if (static_cast<Eigen::Index>(point.size()) != columns_) {
    throw InvalidArgument("NeighbourIndex: a point of " + std::to_string(point.size()) + " numbers, the rows have " +
                          std::to_string(columns_));
  }
  Nearest nearest(out, std::min(count, static_cast<std::size_t>(rows_)), skip);
  if (count == 0 || rows_ == 0) return;
  Single single(point.size());
  narrow(point, single);
  Walk walk{levels_, points_.data(), row_.data(), single.data(), static_cast<std::size_t>(columns_), nearest};
  if (tree_) {
    walk.node(levels_.size() - 1, 0);
  } else {
    for (std::size_t b = 0; b < row_.size() / width; ++b) walk.block(b);
  }
  nearest.finish();
}

std::size_t NeighbourIndex::visited(std::span<const double> point, std::size_t count) const {
  if (!tree_) return static_cast<std::size_t>(rows_);
  std::vector<Neighbour> out;
  Nearest nearest(out, count, no_row);
  Single single(point.size());
  narrow(point, single);
  Walk walk{levels_, points_.data(), row_.data(), single.data(), static_cast<std::size_t>(columns_), nearest};
  walk.node(levels_.size() - 1, 0);
  return walk.blocks_read * width;
}

std::vector<Eigen::Index> along_curve(const Eigen::Ref<const Eigen::MatrixXd>& x) {
  // The leading bits of every column in turn; beyond so many they change no cache line.
  const int columns = static_cast<int>(std::min<Eigen::Index>(x.cols(), 64));
  const int bits = std::clamp(28 / std::max(columns, 1), 1, 8);
  const double cells = std::ldexp(1.0, bits);
  std::vector<std::pair<std::uint64_t, Eigen::Index>> keyed;
  keyed.reserve(static_cast<std::size_t>(x.rows()));
  std::array<unsigned, 64> cell{};
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    for (int j = 0; j < columns; ++j) {
      cell[static_cast<std::size_t>(j)] = static_cast<unsigned>(std::clamp(x(i, j) * cells, 0.0, cells - 1.0));
    }
    std::uint64_t key = 0;
    for (int b = bits - 1; b >= 0; --b) {
      for (int j = 0; j < columns; ++j) key = key << 1 | (cell[static_cast<std::size_t>(j)] >> b & 1U);
    }
    keyed.emplace_back(key, i);
  }
  std::sort(keyed.begin(), keyed.end());
  std::vector<Eigen::Index> out;
  out.reserve(keyed.size());
  for (const auto& [key, row] : keyed) out.push_back(row);
  return out;
}

}  // namespace bayestuner::selection
