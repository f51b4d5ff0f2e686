#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/surrogate/detail/panel_kernels.hpp"
#include "bayestuner/surrogate/gaussian_process.hpp"

namespace bayestuner::surrogate {

/// Predictions of a growing Gaussian process at fixed candidates, N at a time. Keeps V = L^{-1} K(rows, candidates) in
/// single precision and the sums over its rows in double: a row that the process gained costs O(n N), and so do new
/// targets; other hyperparameters cost O(n^2 N).
/// The answer is a function of the process alone, to the bit: whatever was asked before only changes how long it takes.
/// Agrees with GaussianProcess::predict to about 1e-4 of the targets' standard deviation.
class PredictionCache {
 public:
  PredictionCache() = default;
  /// `candidates` (N, d): encoded as the process's rows will be. Throws InvalidArgument unless finite.
  explicit PredictionCache(const Eigen::Ref<const Eigen::MatrixXd>& candidates);

  /// Belief about the noise-free metric at the candidates (N). Takes over what changed in `gp`: rows that were added or
  /// taken back since, or everything. Throws InvalidArgument where the columns differ in number.
  template <Kernel K>
  Posterior posterior(const GaussianProcess<K>& gp);

  Eigen::Index candidates() const { return count_; }                               ///< N
  Eigen::Index rows() const { return static_cast<Eigen::Index>(stamps_.size()); }  ///< rows of V that are in place
  std::size_t bytes() const { return blocks_.size() * block_lines() * sizeof(CacheLine); }  ///< memory of V

 private:
  struct alignas(64) CacheLine {
    float values[16];
  };
  using Block = std::vector<CacheLine>;  // detail::block_rows rows of V, panel by panel

  std::size_t block_lines() const {
    return static_cast<std::size_t>(panels()) * static_cast<std::size_t>(detail::panel_floats) / 16;
  }
  Eigen::Index panels() const { return coordinates_.rows() / detail::panel_width; }
  detail::Panel panel(Eigen::Index p) const { return {pointers_.data(), p * detail::panel_floats}; }
  void keep_rows(Eigen::Index count);
  void point_at_blocks();
  template <Kernel K>
  void add_rows(const GaussianProcess<K>& gp);

  Eigen::Index count_ = 0;
  Eigen::ArrayXXf coordinates_;  // (N rounded up to whole panels, d)
  std::vector<Block> blocks_;
  std::vector<float*> pointers_;       // where the blocks begin
  std::vector<float> packed_;          // rows of L, reciprocals on the diagonal
  std::vector<double> ones_;           // L^{-1} 1, one row at a time
  std::vector<std::uint64_t> stamps_;  // which rows of which factor V holds
  Eigen::VectorXd norms_, dots_;       // (N rounded up): |v|^2 and v . L^{-1} 1
};

inline PredictionCache::PredictionCache(const Eigen::Ref<const Eigen::MatrixXd>& candidates)
    : count_(candidates.rows()) {
  if (!candidates.allFinite()) throw InvalidArgument("PredictionCache: a candidate's coordinate is not finite");
  const Eigen::Index padded = (count_ + detail::panel_width - 1) / detail::panel_width * detail::panel_width;
  coordinates_ = Eigen::ArrayXXf::Zero(padded, candidates.cols());
  coordinates_.topRows(count_) = candidates.cast<float>().array();
  norms_ = Eigen::VectorXd::Zero(padded);
  dots_ = Eigen::VectorXd::Zero(padded);
}

inline void PredictionCache::point_at_blocks() {
  pointers_.clear();
  for (Block& block : blocks_) pointers_.push_back(block.data()->values);
}

/// Forgets the rows from `count` on; the sums are built again in the order in which they were built first.
inline void PredictionCache::keep_rows(Eigen::Index count) {
  if (count == rows()) return;
  stamps_.resize(static_cast<std::size_t>(count));
  ones_.resize(static_cast<std::size_t>(count));
  packed_.resize(static_cast<std::size_t>(count * (count + 1) / 2));
  norms_.setZero();
  dots_.setZero();
  const detail::InstructionSet set = detail::instruction_set();
  for (Eigen::Index p = 0; p < panels() && count > 0; ++p) {
    const Eigen::Index column = p * detail::panel_width;
    detail::solve_panel(
        set, {panel(p), packed_.data(), ones_.data(), 0, count, norms_.data() + column, dots_.data() + column, true});
  }
}

template <Kernel K>
void PredictionCache::add_rows(const GaussianProcess<K>& gp) {
  const Eigen::Index first = rows(), n = gp.size();
  const auto factor = gp.factor();
  for (Eigen::Index r = first; r < n; ++r) {
    double rest = 1.0;
    for (Eigen::Index i = 0; i < r; ++i) {
      const double l = factor(r, i);
      packed_.push_back(static_cast<float>(l));
      rest -= l * ones_[static_cast<std::size_t>(i)];
    }
    packed_.push_back(static_cast<float>(1.0 / factor(r, r)));
    ones_.push_back(rest / factor(r, r));
    stamps_.push_back(gp.row_stamps()[static_cast<std::size_t>(r)]);
  }
  while (static_cast<Eigen::Index>(blocks_.size()) * detail::block_rows < n) blocks_.emplace_back(block_lines());
  point_at_blocks();

  const detail::Metric<float> metric(gp.terms(), gp.hyperparameters().log_lengthscales);
  const auto signal = static_cast<float>(std::exp(gp.hyperparameters().log_signal_variance));
  const Eigen::MatrixXf points = gp.rows().bottomRows(n - first).template cast<float>().transpose();  // (d, new rows)
  const detail::InstructionSet set = detail::instruction_set();
  for (Eigen::Index p = 0; p < panels(); ++p) {
    const Eigen::Index column = p * detail::panel_width;
    for (Eigen::Index r = first; r < n; ++r) {
      Eigen::Map<Eigen::ArrayXf>(panel(p).row(r), detail::panel_width) =
          signal * metric.template correlation<K>(coordinates_, column, detail::panel_width, points.col(r - first));
    }
    detail::solve_panel(
        set, {panel(p), packed_.data(), ones_.data(), first, n, norms_.data() + column, dots_.data() + column});
  }
}

template <Kernel K>
Posterior PredictionCache::posterior(const GaussianProcess<K>& gp) {
  if (gp.size() > 0 && gp.dimension() != coordinates_.cols()) {
    throw InvalidArgument("PredictionCache: the candidates have " + std::to_string(coordinates_.cols()) +
                          " columns, the model has " + std::to_string(gp.dimension()));
  }
  const std::vector<std::uint64_t>& stamps = gp.row_stamps();
  const auto shared = std::mismatch(stamps_.begin(), stamps_.end(), stamps.begin(), stamps.end()).first;
  keep_rows(shared - stamps_.begin());
  if (rows() < gp.size()) add_rows(gp);

  const Eigen::VectorXf weights = gp.whitened_targets().template cast<float>();
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(norms_.size());
  const detail::InstructionSet set = detail::instruction_set();
  for (Eigen::Index p = 0; p < panels(); ++p) {
    detail::combine_panel(set, panel(p), weights.data(), rows(), mean.data() + p * detail::panel_width);
  }
  const double signal = std::exp(gp.hyperparameters().log_signal_variance), scale = gp.target_scale();
  Posterior out;
  out.mean = ((mean.head(count_).array() + gp.standard_mean()) * scale + gp.target_shift()).matrix();
  Eigen::ArrayXd variance = signal - norms_.head(count_).array();
  if (gp.options().profile_mean && gp.size() > 0) {
    variance += (1.0 - dots_.head(count_).array()).square() / gp.whitened_ones().squaredNorm();
  }
  // Single precision resolves no variance below this share of the prior's.
  out.stddev = (variance.max(std::max(1e-10, 4e-7 * signal)).sqrt() * scale).matrix();
  return out;
}

}  // namespace bayestuner::surrogate
