#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "bayestuner/core/random.hpp"
#include "bayestuner/search/detail/output_transform.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "bayestuner/surrogate/gaussian_process.hpp"
#include "bayestuner/surrogate/prediction_cache.hpp"

namespace bayestuner::search::detail {

/// One metric's measurements in the order of telling: encoded rows (n, d), raw values (n), variances of these values
/// (n, or empty: unknown). Failure labels are the values +1 and -1.
struct MetricData {
  Eigen::MatrixXd x;
  Eigen::VectorXd raw, variance;
};

/// When hyperparameters are sought again: at every row up to 25, then every 1 + n/40 rows, at most every 65. `phase` in
/// [0, 1) shifts those beyond 200 rows, so that several models do not pay at the same trial; before, paying together is
/// short enough and leaves most trials without any search.
inline Eigen::Index refit_point(Eigen::Index n, double phase) {
  const auto turns = [phase](Eigen::Index rows) {
    const double x = static_cast<double>(rows), smooth = std::min(x, 2560.0);
    return std::floor(40.0 * std::log1p(smooth / 40.0) + (x - smooth) / 65.0 + (rows > 200 ? phase : 0.0));
  };
  Eigen::Index m = n;
  while (m > 25 && turns(m) == turns(m - 1)) --m;
  return m;
}

/// Which of `targets` (m) a model learns from where that is more than `most`: the quarter that matters most
/// (objectives: the lowest; constraints: the nearest to a threshold) and an even spread of the others in that order.
/// Ascending.
inline std::vector<Eigen::Index> rows_to_learn(const Eigen::VectorXd& targets, double low, double high,
                                               std::size_t most) {
  std::vector<Eigen::Index> order(static_cast<std::size_t>(targets.size()));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  if (order.size() <= most) return order;
  const auto importance = [&](Eigen::Index i) {
    if (std::isinf(low) && std::isinf(high)) return targets[i];
    return std::min(std::abs(targets[i] - low), std::abs(targets[i] - high));
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index a, Eigen::Index b) { return importance(a) < importance(b); });
  const std::size_t best = most / 4, spread = most - best, rest = order.size() - best;
  for (std::size_t k = 0; k < spread; ++k) order[best + k] = order[best + k * rest / spread];
  order.resize(most);
  std::sort(order.begin(), order.end());
  return order;
}

/// Learns one metric with a surrogate `S`. The state after `learn` is a function of the arguments alone, to the bit:
/// hyperparameters come from the first refit_point(n) rows (rows_to_learn of them) and the default start, the rows
/// after it are appended one by one. Rows known from the call before are not appended again.
template <surrogate::Surrogate S>
class MetricModel {
 public:
  /// `most`: rows that the fit takes in; those appended until the next one come on top.
  void learn(const S& prototype, const TargetSpec& spec, const MetricData& data, double phase,
             std::size_t most = std::numeric_limits<std::size_t>::max());

  /// Appends rows (m, d) at their own means, for `belief` and `cached_belief` until the next `learn`: the kriging
  /// believer of Ginsbourger, Le Riche & Carraro 2010, doi:10.1007/978-3-642-10701-6_6. `label`: this value instead.
  void believe(const Eigen::MatrixXd& x, const double* label = nullptr);

  /// Belief in target units at rows `x` (m, d).
  Posterior belief(const Eigen::MatrixXd& x) const {
    if constexpr (grows) {
      if (x.rows() > 256) return surrogate::PredictionCache(x).posterior(model());  // single precision, faster
    }
    return model().predict(x);
  }
  /// The same at fixed candidates; `encoded` (N, d) is read when they are new.
  Posterior cached_belief(const Eigen::MatrixXd& encoded);

  const OutputTransform& transform() const { return transform_; }
  const Eigen::VectorXd& targets() const { return targets_; }  ///< (n)
  const S& model() const { return believer_ ? *believer_ : surrogate_; }

 private:
  template <class T>
  struct IsGaussianProcess : std::false_type {};
  template <surrogate::Kernel K>
  struct IsGaussianProcess<surrogate::GaussianProcess<K>> : std::true_type {};
  static constexpr bool grows = IsGaussianProcess<S>::value;
  struct Nothing {};

  static Eigen::VectorXd scaled(const OutputTransform& transform, const MetricData& data, Eigen::Index rows) {
    Eigen::VectorXd out(data.variance.size() > 0 ? rows : 0);
    for (Eigen::Index i = 0; i < out.size(); ++i) {
      const double slope = transform.slope(data.raw[i]);
      out[i] = std::min(data.variance[i] * slope * slope, 1e6);
    }
    return out;
  }

  S surrogate_{};
  std::optional<S> believer_;
  S prototype_{};             // these three only for surrogates that cannot grow
  Eigen::MatrixXd x_;         // (n, d)
  Eigen::VectorXd variance_;  // (n, or empty), target units
  OutputTransform at_refit_, transform_;
  Eigen::VectorXd targets_;
  std::vector<Eigen::Index> chosen_;  // rows that the surrogate knows, in its order
  Eigen::Index fitted_ = -1, rows_ = 0;
  std::uint64_t key_ = 0;  // of the rows taken in and all that shaped them
  std::conditional_t<grows, surrogate::PredictionCache, Nothing> cache_{};
};

template <surrogate::Surrogate S>
void MetricModel<S>::learn(const S& prototype, const TargetSpec& spec, const MetricData& data, double phase,
                           std::size_t most) {
  believer_.reset();
  const Eigen::Index n = data.raw.size(), m = grows ? refit_point(n, phase) : n;
  // Keys of the first k rows: the cheap proof that what was taken in is the beginning of what is given now.
  std::uint64_t key = mix64(spec.hash() ^ std::bit_cast<std::uint64_t>(phase)), known = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    if (i == rows_) known = key;
    for (Eigen::Index j = 0; j < data.x.cols(); ++j) key = mix64(key ^ std::bit_cast<std::uint64_t>(data.x(i, j)));
    key = mix64(key ^ std::bit_cast<std::uint64_t>(data.raw[i]));
    if (data.variance.size() > 0) key = mix64(key ^ std::bit_cast<std::uint64_t>(data.variance[i]));
  }
  if (n == rows_) known = key;
  transform_ = OutputTransform(spec, data.raw);
  targets_ = transform_(data.raw);
  if (fitted_ != m || rows_ < m || rows_ > n || known != key_) {
    fitted_ = -1;  // should an exception end this
    at_refit_ = OutputTransform(spec, data.raw.head(m));
    surrogate_ = prototype;
    const Eigen::VectorXd targets = at_refit_(data.raw.head(m)), variance = scaled(at_refit_, data, m);
    chosen_ = rows_to_learn(targets, at_refit_(spec.low), at_refit_(spec.high), most);
    surrogate_.fit(data.x(chosen_, Eigen::all), targets(chosen_),
                   variance.size() > 0 ? Eigen::VectorXd(variance(chosen_)) : Eigen::VectorXd());
    rows_ = m;
  }
  if constexpr (!grows) {
    prototype_ = prototype;
    x_ = data.x(chosen_, Eigen::all);
    variance_ = scaled(at_refit_, data, n);
    if (variance_.size() > 0) variance_ = Eigen::VectorXd(variance_(chosen_));
  } else {
    const Eigen::VectorXd variance = scaled(at_refit_, data, n);
    for (; rows_ < n; ++rows_) {
      surrogate_.update(data.x.row(rows_).transpose(), 0.0, variance.size() > 0 ? variance[rows_] : 0.0);
      chosen_.push_back(rows_);
    }
    surrogate_.set_targets(targets_(chosen_));
  }
  fitted_ = m;
  key_ = key;
}

template <surrogate::Surrogate S>
void MetricModel<S>::believe(const Eigen::MatrixXd& x, const double* label) {
  if (x.rows() == 0) return;
  const auto value = [&](Eigen::Index i) { return label != nullptr ? *label : belief(x.row(i)).mean[0]; };
  if constexpr (grows) {
    S believer = surrogate_;
    for (Eigen::Index i = 0; i < x.rows(); ++i) believer.update(x.row(i).transpose(), value(i));
    believer_ = std::move(believer);
  } else {
    const Eigen::Index n = x_.rows(), m = x.rows();
    Eigen::MatrixXd rows(n + m, x.cols());
    rows << x_, x;
    Eigen::VectorXd targets(n + m), variance(variance_.size() > 0 ? n + m : 0);
    targets.head(n) = targets_(chosen_);
    for (Eigen::Index i = 0; i < m; ++i) targets[n + i] = value(i);
    if (variance.size() > 0) variance << variance_, Eigen::VectorXd::Zero(m);
    S believer = prototype_;
    believer.fit(rows, targets, variance);
    believer_ = std::move(believer);
  }
}

template <surrogate::Surrogate S>
Posterior MetricModel<S>::cached_belief(const Eigen::MatrixXd& encoded) {
  if constexpr (grows) {
    if (cache_.candidates() != encoded.rows()) cache_ = surrogate::PredictionCache(encoded);
    return cache_.posterior(model());
  } else {
    return belief(encoded);
  }
}

}  // namespace bayestuner::search::detail
