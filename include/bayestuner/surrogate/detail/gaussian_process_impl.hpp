#pragma once
// Members of GaussianProcess; included by gaussian_process.hpp alone.

#include <algorithm>
#include <numeric>

#include "bayestuner/surrogate/gaussian_process.hpp"

namespace bayestuner::surrogate {

template <Kernel K>
GaussianProcess<K>::GaussianProcess(GaussianProcessOptions options) : options_(std::move(options)) {
  if (options_.start) hyperparameters_ = *options_.start;
  const HyperparameterBounds& b = options_.bounds;
  const auto require_range = [](const char* name, double low, double high) {
    if (!(low > 0.0 && low <= high && std::isfinite(high))) {
      throw InvalidArgument(std::string("GaussianProcess: bounds of the ") + name + ": [" + to_text(low) + ", " +
                            to_text(high) + "] is not a positive interval");
    }
  };
  require_range("lengthscale", b.lengthscale_low, b.lengthscale_high);
  require_range("signal variance", b.signal_variance_low, b.signal_variance_high);
  require_range("noise variance", b.noise_variance_low, b.noise_variance_high);
  if (!(options_.tolerance >= 0.0 && options_.tolerance < 1.0)) {
    throw InvalidArgument("GaussianProcess: tolerance: " + to_text(options_.tolerance) + " is outside [0, 1)");
  }
}

template <Kernel K>
void GaussianProcess<K>::load(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
                              const Eigen::Ref<const Eigen::VectorXd>& noise) {
  const Eigen::Index n = x.rows(), d = x.cols();
  require_same_size("GaussianProcess: rows and targets", Eigen::VectorXd(n), y);
  if (noise.size() != 0) require_same_size("GaussianProcess: targets and noise variances", y, noise);
  if (!options_.axes.empty() && static_cast<Eigen::Index>(options_.axes.size()) != d) {
    throw InvalidArgument("GaussianProcess: x has " + std::to_string(d) + " columns, " +
                          std::to_string(options_.axes.size()) + " axes were declared");
  }
  const auto refuse = [](const std::string& what, double value, const char* allowed) {
    throw InvalidArgument("GaussianProcess: " + what + ": " + to_text(value) + " is not " + allowed);
  };
  for (Eigen::Index j = 0; j < d; ++j) {
    for (Eigen::Index i = 0; i < n; ++i) {
      if (!std::isfinite(x(i, j))) refuse("x(" + std::to_string(i) + ", " + std::to_string(j) + ")", x(i, j), "finite");
    }
  }
  for (Eigen::Index i = 0; i < n; ++i) {
    if (!std::isfinite(y[i])) refuse("y[" + std::to_string(i) + "]", y[i], "finite");
    if (noise.size() != 0 && !(noise[i] >= 0.0 && std::isfinite(noise[i]))) {
      refuse("noise variance [" + std::to_string(i) + "]", noise[i], "in [0, inf)");
    }
  }

  terms_.assign(static_cast<std::size_t>(d), detail::Term::squared);
  for (std::size_t j = 0; j < options_.axes.size(); ++j) {
    if (options_.axes[j] == space::AxisKind::categorical) {
      terms_[j] = options_.categorical == CategoricalForm::as_factor ? detail::Term::factor : detail::Term::mismatch;
    }
  }
  if (hyperparameters_.log_lengthscales.size() != d) {
    if (options_.start) {
      throw InvalidArgument("GaussianProcess: start has " + std::to_string(options_.start->log_lengthscales.size()) +
                            " lengthscales, x has " + std::to_string(d) + " columns");
    }
    hyperparameters_ = default_hyperparameters(d);
    fitted_ = false;
  }
  groups_ = {};
  rows_.resize((n + 15) / 16 * 16, d);
  raw_targets_.assign(static_cast<std::size_t>(n), 0.0);
  raw_noise_.assign(static_cast<std::size_t>(n), 0.0);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Index before = groups_.size(), at = groups_.add(x.row(i).transpose(), rows_);
    if (at == before) rows_.row(at) = x.row(i);
    raw_targets_[static_cast<std::size_t>(i)] = y[i];
    if (noise.size() != 0) raw_noise_[static_cast<std::size_t>(i)] = noise[i];
  }
  standardise();
  refresh_groups();
}

/// Shift and scale from the raw targets, without overflow or underflow at 1e+-300.
template <Kernel K>
void GaussianProcess<K>::standardise() {
  shift_ = 0.0;
  scale_ = 1.0;
  const std::size_t n = raw_targets_.size();
  if (!options_.standardise || n == 0) return;
  double largest = 0.0;
  for (const double y : raw_targets_) largest = std::max(largest, std::abs(y));
  if (largest == 0.0) return;
  double sum = 0.0, squares = 0.0;
  for (const double y : raw_targets_) sum += y / largest;
  const double centre = sum / static_cast<double>(n);
  for (const double y : raw_targets_) squares += (y / largest - centre) * (y / largest - centre);
  const double sd = n > 1 ? std::sqrt(squares / static_cast<double>(n - 1)) : 0.0;
  shift_ = centre * largest;
  // Differences that are rounding are not blown up to the size of a signal.
  scale_ = sd > 1e-12 ? sd * largest : largest;
}

/// Means, multiplicities and variances of the merged rows. The mean of m readings with noise v_i + s has variance
/// s / m + sum v_i / m^2.
template <Kernel K>
void GaussianProcess<K>::refresh_groups() {
  const Eigen::Index n = groups_.size();
  targets_ = Eigen::VectorXd::Zero(n);
  known_ = Eigen::VectorXd::Zero(n);
  multiplicity_.resize(n);
  for (Eigen::Index i = 0; i < n; ++i) multiplicity_[i] = groups_.multiplicity(i);
  for (Eigen::Index i = 0; i < groups_.originals(); ++i) {
    const Eigen::Index g = groups_.of(i);
    const double m = multiplicity_[g];
    targets_[g] += (raw_targets_[static_cast<std::size_t>(i)] - shift_) / scale_ / m;
    known_[g] += raw_noise_[static_cast<std::size_t>(i)] / scale_ / scale_ / (m * m);
  }
}

template <Kernel K>
double GaussianProcess<K>::noise_of(Eigen::Index row) const {
  return std::exp(hyperparameters_.log_noise_variance) / multiplicity_[row] + known_[row];
}

template <Kernel K>
void GaussianProcess<K>::factorise() {
  const Eigen::Index n = groups_.size();
  const detail::Metric<double> metric(terms_, hyperparameters_.log_lengthscales);
  const double signal = std::exp(hyperparameters_.log_signal_variance);
  Eigen::VectorXd x(rows_.cols());
  for (double jitter = options_.jitter;; jitter = std::max(jitter * 10.0, 1e-8)) {
    auto matrix = factor_.prepare(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      x = rows_.row(i).transpose();
      matrix(i, i) = signal + noise_of(i) + jitter;
      for (Eigen::Index first = i + 1; first < n; first += detail::kernel_block) {
        const Eigen::Index count = std::min(detail::kernel_block, n - first);
        matrix.col(i).segment(first, count).array() = signal * metric.template correlation<K>(rows_, first, count, x);
      }
    }
    if (n == 0 || factor_.factorise()) {
      jitter_ = jitter;
      break;
    }
    if (jitter >= 1e-3) {
      throw NumericalError("GaussianProcess: the kernel matrix of " + std::to_string(n) +
                           " rows is not positive definite even with 0.001 added to its diagonal");
    }
  }
  stamp_all();
  solve_targets();
}

template <Kernel K>
std::uint64_t GaussianProcess<K>::stamp(std::uint64_t state, Eigen::Index row) const {
  for (Eigen::Index j = 0; j < rows_.cols(); ++j) state = mix64(state ^ detail::bits_of(rows_(row, j)));
  return mix64(state ^ detail::bits_of(noise_of(row)));
}

/// All rows were factorised together, from what is mixed in here.
template <Kernel K>
void GaussianProcess<K>::stamp_all() {
  std::uint64_t state = mix64(static_cast<std::uint64_t>(groups_.size()) ^ detail::bits_of(jitter_));
  for (const char* c = K::name; *c != '\0'; ++c) state = mix64(state ^ static_cast<std::uint64_t>(*c));
  for (const detail::Term term : terms_) state = mix64(state ^ static_cast<std::uint64_t>(term));
  for (const double h : hyperparameters_.packed()) state = mix64(state ^ detail::bits_of(h));
  for (Eigen::Index i = 0; i < groups_.size(); ++i) state = stamp(state, i);
  stamps_.clear();
  for (Eigen::Index i = 0; i < groups_.size(); ++i) stamps_.push_back(state = mix64(state));
}

template <Kernel K>
void GaussianProcess<K>::solve_targets() {
  const Eigen::Index n = size();
  whitened_ = targets_;
  ones_ = Eigen::VectorXd::Ones(n);
  mean_ = options_.profile_mean ? 0.0 : (options_.mean - shift_) / scale_;
  if (n > 0) {
    factor_.solve(ones_);
    factor_.solve(whitened_);
    if (options_.profile_mean) mean_ = ones_.dot(whitened_) / ones_.squaredNorm();
    whitened_ -= mean_ * ones_;
    alpha_ = whitened_;
    factor_.solve_transposed(alpha_);
  } else {
    alpha_.resize(0);
  }
  if (!alpha_.allFinite() || !std::isfinite(mean_) || !std::isfinite(whitened_.squaredNorm())) {
    throw NumericalError("GaussianProcess: the targets (up to " +
                         to_text(targets_.size() ? targets_.cwiseAbs().maxCoeff() : 0.0) +
                         ") are too large to compute with; standardise them");
  }
}

template <Kernel K>
void GaussianProcess<K>::condition(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                   const Eigen::Ref<const Eigen::VectorXd>& y,
                                   const Eigen::Ref<const Eigen::VectorXd>& noise) {
  load(x, y, noise);
  factorise();
}

template <Kernel K>
void GaussianProcess<K>::fit(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
                             const Eigen::Ref<const Eigen::VectorXd>& noise) {
  load(x, y, noise);
  if (options_.optimise && groups_.size() > 1) seek_hyperparameters();
  factorise();
}

template <Kernel K>
void GaussianProcess<K>::update(const Eigen::Ref<const Eigen::VectorXd>& x, double y, double noise) {
  if (observations() == 0) {
    condition(x.transpose(), Eigen::VectorXd::Constant(1, y), Eigen::VectorXd::Constant(1, noise));
    return;
  }
  if (x.size() != dimension()) {
    throw InvalidArgument("GaussianProcess: x has " + std::to_string(x.size()) + " columns, the model has " +
                          std::to_string(dimension()));
  }
  if (!x.allFinite()) throw InvalidArgument("GaussianProcess: x has a coordinate that is not finite");
  if (!std::isfinite(y)) throw InvalidArgument("GaussianProcess: y: " + to_text(y) + " is not finite");
  if (!(noise >= 0.0 && std::isfinite(noise))) {
    throw InvalidArgument("GaussianProcess: noise variance: " + to_text(noise) + " is not in [0, inf)");
  }
  const Eigen::Index n = size(), at = groups_.add(x, rows_);
  raw_targets_.push_back(y);
  raw_noise_.push_back(noise);
  if (at == n) {
    if (rows_.rows() == n) rows_.conservativeResize((n + n / 4 + 16) / 16 * 16, Eigen::NoChange);
    rows_.row(n) = x.transpose();
  }
  refresh_groups();
  if (at == n) {
    const double signal = std::exp(hyperparameters_.log_signal_variance);
    Eigen::MatrixXd covariance(n, 1);
    detail::cross_correlation<K>(detail::Metric<double>(terms_, hyperparameters_.log_lengthscales), rows_.topRows(n),
                                 x.transpose(), signal, covariance);
    if (factor_.append(covariance.col(0), signal + noise_of(n) + jitter_)) {
      stamps_.push_back(stamp(stamps_.back(), n));
      solve_targets();
      return;
    }
  }
  factorise();
}

template <Kernel K>
void GaussianProcess<K>::set_targets(const Eigen::Ref<const Eigen::VectorXd>& y) {
  if (y.size() != observations()) {
    throw InvalidArgument("GaussianProcess: " + std::to_string(y.size()) + " targets for " +
                          std::to_string(observations()) + " observations");
  }
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    if (!std::isfinite(y[i])) {
      throw InvalidArgument("GaussianProcess: y[" + std::to_string(i) + "]: " + to_text(y[i]) + " is not finite");
    }
  }
  for (Eigen::Index i = 0; i < y.size(); ++i) raw_targets_[static_cast<std::size_t>(i)] = y[i];
  refresh_groups();
  solve_targets();
}

template <Kernel K>
void GaussianProcess<K>::set_hyperparameters(const Hyperparameters& h) {
  if (observations() > 0 && h.log_lengthscales.size() != dimension()) {
    throw InvalidArgument("GaussianProcess: " + std::to_string(h.log_lengthscales.size()) + " lengthscales for " +
                          std::to_string(dimension()) + " columns");
  }
  hyperparameters_ = h;
  fitted_ = true;
  if (observations() > 0) factorise();
}

template <Kernel K>
void GaussianProcess<K>::require_columns(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  const Eigen::Index d = hyperparameters_.log_lengthscales.size();
  if (x.cols() != d && !(size() == 0 && d == 0)) {
    throw InvalidArgument("GaussianProcess: x has " + std::to_string(x.cols()) + " columns, the model has " +
                          std::to_string(d));
  }
  if (!x.allFinite()) throw InvalidArgument("GaussianProcess: x has a coordinate that is not finite");
}

template <Kernel K>
JointPosterior GaussianProcess<K>::joint_standard(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  require_columns(x);
  const Eigen::Index n = size(), m = x.rows();
  if (hyperparameters_.log_lengthscales.size() != x.cols() || terms_.size() != static_cast<std::size_t>(x.cols())) {
    GaussianProcess prior(options_);  // nothing was learnt yet, not even the number of columns
    prior.condition(Eigen::MatrixXd(0, x.cols()), Eigen::VectorXd());
    return prior.joint_standard(x);
  }
  const double signal = std::exp(hyperparameters_.log_signal_variance);
  const detail::Metric<double> metric(terms_, hyperparameters_.log_lengthscales);
  JointPosterior out{Eigen::VectorXd::Constant(m, mean_), Eigen::MatrixXd(m, m)};
  detail::cross_correlation<K>(metric, x, x, signal, out.covariance);
  if (n > 0) {
    Eigen::MatrixXd v(n, m);
    detail::cross_correlation<K>(metric, rows(), x, signal, v);
    factor_.solve(v);
    out.mean.noalias() += v.transpose() * whitened_;
    out.covariance.noalias() -= v.transpose() * v;
    if (options_.profile_mean) {
      const Eigen::VectorXd rest = Eigen::VectorXd::Ones(m) - v.transpose() * ones_;
      out.covariance.noalias() += rest * rest.transpose() / ones_.squaredNorm();
    }
  }
  for (Eigen::Index i = 0; i < m; ++i) out.covariance(i, i) = floored(out.covariance(i, i));
  return out;
}

template <Kernel K>
JointPosterior GaussianProcess<K>::joint(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  JointPosterior out = joint_standard(x);
  out.mean = (out.mean.array() * scale_ + shift_).matrix();
  out.covariance *= scale_;
  out.covariance *= scale_;
  if (!out.covariance.allFinite()) {
    throw NumericalError("GaussianProcess: the covariance of targets as large as " + to_text(scale_) + " overflows");
  }
  return out;
}

template <Kernel K>
Posterior GaussianProcess<K>::predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  require_columns(x);
  const Eigen::Index n = size(), m = x.rows();
  const double signal = std::exp(hyperparameters_.log_signal_variance);
  Posterior out{Eigen::VectorXd::Constant(m, shift_ + scale_ * mean_),
                Eigen::VectorXd::Constant(m, std::sqrt(floored(signal)) * scale_)};
  if (n == 0) return out;
  const detail::Metric<double> metric(terms_, hyperparameters_.log_lengthscales);
  // Columns at a time: enough for blocked products, little enough for memory.
  constexpr Eigen::Index block = 1024;
  Eigen::MatrixXd v(n, std::min(block, m));
  const double precision = ones_.squaredNorm();
  for (Eigen::Index first = 0; first < m; first += block) {
    const Eigen::Index count = std::min(block, m - first);
    auto part = v.leftCols(count);
    detail::cross_correlation<K>(metric, rows(), x.middleRows(first, count), signal, part);
    factor_.solve(part);
    Eigen::VectorXd variance = (signal - part.colwise().squaredNorm().array()).matrix().transpose();
    if (options_.profile_mean) {
      const Eigen::VectorXd rest = Eigen::VectorXd::Ones(count) - part.transpose() * ones_;
      variance.array() += rest.array().square() / precision;
    }
    const Eigen::VectorXd mean = part.transpose() * whitened_;
    out.mean.segment(first, count) = ((mean.array() + mean_) * scale_ + shift_).matrix();
    out.stddev.segment(first, count) = variance.cwiseMax(1e-10).cwiseSqrt() * scale_;
  }
  return out;
}

template <Kernel K>
Eigen::MatrixXd GaussianProcess<K>::sample(const Eigen::Ref<const Eigen::MatrixXd>& x, Random& random,
                                           Eigen::Index count) const {
  const JointPosterior p = joint_standard(x);
  const Eigen::Index m = x.rows();
  // A root with pivots survives covariances that rounding or repeated rows made singular.
  const Eigen::LDLT<Eigen::MatrixXd> root(p.covariance);
  Eigen::MatrixXd draws(m, count);
  for (Eigen::Index j = 0; j < count; ++j) {
    Eigen::VectorXd z(m);
    for (Eigen::Index i = 0; i < m; ++i) z[i] = random.normal();
    z.array() *= root.vectorD().array().max(0.0).sqrt();
    z = root.matrixL() * z;
    z = root.transpositionsP().transpose() * z;
    draws.col(j) = ((p.mean + z).array() * scale_ + shift_).matrix();
  }
  return draws;
}

template <Kernel K>
LeaveOneOut GaussianProcess<K>::leave_one_out() const {
  const Eigen::Index n = size();
  Eigen::MatrixXd inverse = factor_.matrix();
  detail::invert_lower_triangle(inverse);
  const Eigen::VectorXd diagonal =
      Eigen::MatrixXd(inverse.triangularView<Eigen::Lower>()).colwise().squaredNorm().transpose();
  LeaveOneOut out{Eigen::VectorXd(n), Eigen::VectorXd(n), 0.0};
  for (Eigen::Index i = 0; i < n; ++i) {
    const double mean = targets_[i] - alpha_[i] / diagonal[i], variance = 1.0 / diagonal[i];
    const double z = (targets_[i] - mean) / std::sqrt(variance);
    out.mean[i] = shift_ + scale_ * mean;
    out.variance[i] = scale_ * scale_ * variance;
    out.log_predictive_density += -0.5 * z * z - 0.5 * std::log(variance) - std::log(scale_) - log_sqrt_two_pi;
  }
  return out;
}

template <Kernel K>
double GaussianProcess<K>::log_marginal_likelihood() const {
  const auto n = static_cast<double>(size());
  return -0.5 * whitened_.squaredNorm() - factor_.matrix().diagonal().array().log().sum() -
         n * (log_sqrt_two_pi + std::log(scale_));
}

template <Kernel K>
detail::Evidence GaussianProcess<K>::evidence(const std::vector<Eigen::Index>& subset) const {
  return {
      targets_(subset), multiplicity_(subset), known_(subset), options_.profile_mean, (options_.mean - shift_) / scale_,
      options_.jitter};
}

template <Kernel K>
Eigen::VectorXd GaussianProcess<K>::log_marginal_likelihood_gradient() const {
  std::vector<Eigen::Index> all(static_cast<std::size_t>(size()));
  std::iota(all.begin(), all.end(), 0);
  detail::Evidence data = evidence(all);
  data.jitter = jitter_;
  const detail::PairDistances distances(rows(), terms_);
  Eigen::VectorXd gradient;
  detail::Likelihood<K>(distances, data)(hyperparameters_.packed(), &gradient);
  return gradient;
}

template <Kernel K>
double GaussianProcess<K>::log_prior(const Hyperparameters& h, Eigen::VectorXd* gradient) const {
  const Eigen::Index d = h.log_lengthscales.size();
  const Prior lengthscale = options_.priors.lengthscale.value_or(Prior(default_lengthscale_prior(d)));
  double sum = 0.0;
  const auto add = [&](const Prior& prior, double value, Eigen::Index at) {
    const LogDensity density = log_density(prior, value);
    sum += density.value;
    if (gradient != nullptr) (*gradient)[at] += density.slope;
  };
  for (Eigen::Index j = 0; j < d; ++j) add(lengthscale, h.log_lengthscales[j], j);
  add(options_.priors.signal_variance, h.log_signal_variance, d);
  add(options_.priors.noise_variance, h.log_noise_variance, d + 1);
  return sum;
}

template <Kernel K>
void GaussianProcess<K>::seek_hyperparameters() {
  const Eigen::Index n = groups_.size(), d = rows_.cols();
  std::vector<Eigen::Index> subset(static_cast<std::size_t>(n));
  std::iota(subset.begin(), subset.end(), 0);
  if (options_.max_fit_rows > 0 && subset.size() > options_.max_fit_rows) {
    // The best rows, where the model must be right, and every k-th of the others in the order of their targets.
    std::stable_sort(subset.begin(), subset.end(),
                     [&](Eigen::Index a, Eigen::Index b) { return targets_[a] < targets_[b]; });
    const std::size_t best = options_.max_fit_rows / 4, spread = options_.max_fit_rows - best;
    const std::size_t rest = subset.size() - best;
    for (std::size_t k = 0; k < spread; ++k) subset[best + k] = subset[best + k * rest / spread];
    subset.resize(options_.max_fit_rows);
    std::sort(subset.begin(), subset.end());
  }
  const detail::Evidence data = evidence(subset);
  const Eigen::MatrixXd part = rows_(subset, Eigen::all);
  const detail::PairDistances distances(part, terms_);
  detail::Likelihood<K> likelihood(distances, data);
  const auto objective = [&](const Eigen::VectorXd& theta, Eigen::VectorXd* gradient) {
    double value = likelihood(theta, gradient);
    if (!std::isfinite(value)) return std::numeric_limits<double>::infinity();
    value += log_prior(Hyperparameters::unpack(theta), gradient);
    *gradient = -*gradient;
    return -value;
  };

  const HyperparameterBounds& b = options_.bounds;
  Eigen::VectorXd low(d + 2), high(d + 2);
  low << Eigen::VectorXd::Constant(d, std::log(b.lengthscale_low)), std::log(b.signal_variance_low),
      std::log(b.noise_variance_low);
  high << Eigen::VectorXd::Constant(d, std::log(b.lengthscale_high)), std::log(b.signal_variance_high),
      std::log(b.noise_variance_high);
  std::vector<Eigen::VectorXd> starts;
  if (fitted_) starts.push_back(hyperparameters_.packed());
  if (starts.empty() || options_.starts > 1) {
    starts.push_back((options_.start ? *options_.start : default_hyperparameters(d)).packed());
  }
  std::optional<detail::BfgsResult> best;
  for (const Eigen::VectorXd& start : starts) {
    detail::BfgsResult found = detail::minimise_in_box(objective, start, low, high,
                                                       {.max_iterations = options_.max_iterations,
                                                        .gradient_tolerance = std::sqrt(options_.tolerance),
                                                        .value_tolerance = options_.tolerance});
    if (std::isfinite(found.value) && (!best || found.value < best->value)) best = std::move(found);
  }
  if (best) {
    hyperparameters_ = Hyperparameters::unpack(best->x);
    fitted_ = true;
  }
}

static_assert(Surrogate<GaussianProcess<Matern52>>);

}  // namespace bayestuner::surrogate
