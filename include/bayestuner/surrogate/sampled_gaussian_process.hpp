#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/surrogate/detail/slice_sampling.hpp"
#include "bayestuner/surrogate/gaussian_process.hpp"

namespace bayestuner::surrogate {

struct SliceSamplingOptions {
  int draws = 5;       ///< hyperparameters that are averaged over
  int steps = 4;       ///< of the chain from one draw to the next
  double width = 1.5;  ///< of the interval tried first, in logarithms
  std::uint64_t seed = 0x51ce;
};

/// Gaussian processes over hyperparameters drawn from their posterior, instead of the most probable ones: the belief is
/// the mean and standard deviation of their mixture. The chain starts from the most probable ones at every fit, so that
/// equal data give equal answers. GaussianProcess with options.optimise = false is the third choice: fixed ones.
/// Source: Snoek, Larochelle & Adams 2012, NIPS, section 3.1.
template <Kernel K = Matern52>
class SampledGaussianProcess {
 public:
  explicit SampledGaussianProcess(GaussianProcessOptions options = {}, SliceSamplingOptions sampling = {})
      : options_(std::move(options)), sampling_(sampling) {
    if (sampling_.draws < 1 || sampling_.steps < 1 || !(sampling_.width > 0.0)) {
      throw InvalidArgument("SampledGaussianProcess: draws, steps and width must be positive");
    }
  }

  /// As GaussianProcess::fit. Cubic in the rows, about 20 times that of one factor a draw.
  void fit(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
           const Eigen::Ref<const Eigen::VectorXd>& noise = Eigen::VectorXd());

  /// Belief about the noise-free metric at rows `x` (m, d).
  Posterior predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const;

  const std::vector<GaussianProcess<K>>& models() const { return models_; }  ///< one a draw; empty before a fit
  const GaussianProcessOptions& options() const { return options_; }
  GaussianProcessOptions& options() { return options_; }

 private:
  bool is_allowed(const Hyperparameters& h) const;

  GaussianProcessOptions options_;
  SliceSamplingOptions sampling_;
  std::vector<GaussianProcess<K>> models_;
};

template <Kernel K>
bool SampledGaussianProcess<K>::is_allowed(const Hyperparameters& h) const {
  const HyperparameterBounds& b = options_.bounds;
  const auto inside = [](double log_value, double low, double high) {
    return log_value >= std::log(low) && log_value <= std::log(high);
  };
  for (const double l : h.log_lengthscales) {
    if (!inside(l, b.lengthscale_low, b.lengthscale_high)) return false;
  }
  return inside(h.log_signal_variance, b.signal_variance_low, b.signal_variance_high) &&
         inside(h.log_noise_variance, b.noise_variance_low, b.noise_variance_high);
}

template <Kernel K>
void SampledGaussianProcess<K>::fit(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                    const Eigen::Ref<const Eigen::VectorXd>& y,
                                    const Eigen::Ref<const Eigen::VectorXd>& noise) {
  GaussianProcess<K> gp(options_);
  gp.fit(x, y, noise);
  models_.clear();
  if (gp.size() < 2) {  // nothing to tell one draw from another
    models_.push_back(std::move(gp));
    return;
  }
  GaussianProcess<K> scratch = gp;
  const auto log_posterior = [&](const Eigen::VectorXd& theta) {
    const Hyperparameters h = Hyperparameters::unpack(theta);
    if (!is_allowed(h)) return -std::numeric_limits<double>::infinity();
    try {
      scratch.set_hyperparameters(h);
    } catch (const NumericalError&) {
      return -std::numeric_limits<double>::infinity();
    }
    return scratch.log_posterior();
  };
  Random random(sampling_.seed);
  Eigen::VectorXd theta = gp.hyperparameters().packed();
  for (int draw = 0; draw < sampling_.draws; ++draw) {
    for (int step = 0; step < sampling_.steps && std::isfinite(log_posterior(theta)); ++step) {
      theta = detail::slice_step(log_posterior, theta, sampling_.width, random);
    }
    gp.set_hyperparameters(Hyperparameters::unpack(theta));
    models_.push_back(gp);
  }
}

template <Kernel K>
Posterior SampledGaussianProcess<K>::predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  if (models_.empty()) return GaussianProcess<K>(options_).predict(x);
  const double n = static_cast<double>(models_.size());
  std::vector<Posterior> beliefs;
  for (const auto& model : models_) beliefs.push_back(model.predict(x));
  Posterior out{Eigen::VectorXd::Zero(x.rows()), Eigen::VectorXd::Zero(x.rows())};
  for (const Posterior& p : beliefs) out.mean += p.mean / n;
  // Deviations from the mean of the means, not differences of squares: no cancellation.
  for (const Posterior& p : beliefs) {
    out.stddev = out.stddev.binaryExpr((p.stddev / std::sqrt(n)), [](double a, double b) { return std::hypot(a, b); });
    out.stddev = out.stddev.binaryExpr(((p.mean - out.mean) / std::sqrt(n)).eval(),
                                       [](double a, double b) { return std::hypot(a, b); });
  }
  return out;
}

static_assert(Surrogate<SampledGaussianProcess<>>);

}  // namespace bayestuner::surrogate
