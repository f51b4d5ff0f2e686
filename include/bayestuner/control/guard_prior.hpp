#pragma once
/// What Guard believes of a server's power and speed before it has measured either.

#include <array>
#include <cmath>
#include <cstddef>

#include "bayestuner/control/setting.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::control {

/// Normal beliefs about the coefficients of two surfaces over (batch b, clock f, instances k), with
/// F = log(f / reference_clock_hz), L = log2(b) / 8, and 0 or 1 in place of what a grid does not set:
/// - log(power - idle_w) is linear in (1, F, L, L^2, F L, log2 k);
/// - seconds an item is linear in (1, r, 1/b, r/b, 1/k - 1) with r = reference_clock_hz / f.
/// Covariances by rows.
struct GuardPrior {
  static constexpr std::size_t power_terms = 6, time_terms = 5;

  double idle_w = 0.0;  ///< below every reading
  double reference_clock_hz = 1e9;
  std::array<double, power_terms> power_mean{4.2, 1.2, 0.6, 0.0, 0.0, 0.3};
  std::array<double, power_terms * power_terms> power_covariance{};
  std::array<double, time_terms> time_mean{0.008, 0.008, 0.02, 0.02, 0.0};
  std::array<double, time_terms * time_terms> time_covariance{};
  double spread = 0.12;  ///< standard deviation of log(power - idle_w) between windows of one setting
  /// The first window sets the scale of both surfaces: for a prior that knows shapes but not this server's watts and
  /// seconds.
  bool scale_free = false;

  /// Wide beliefs for a server nothing is known of but its idle power (0: not even that).
  static GuardPrior generic(double idle_w = 0.0, double reference_clock_hz = 1e9) {
    GuardPrior prior;
    prior.idle_w = idle_w;
    prior.reference_clock_hz = reference_clock_hz;
    constexpr double power_variance[] = {0.3, 0.2, 0.3, 0.2, 0.1, 0.1};
    constexpr double time_variance[] = {6e-5, 6e-5, 4e-4, 4e-4, 6e-5};
    for (std::size_t i = 0; i < power_terms; ++i) prior.power_covariance[i * power_terms + i] = power_variance[i];
    for (std::size_t i = 0; i < time_terms; ++i) prior.time_covariance[i * time_terms + i] = time_variance[i];
    return prior;
  }

  template <class Archive>
  void fields(Archive& archive) {
    archive(idle_w, reference_clock_hz, power_mean, power_covariance, time_mean, time_covariance, spread, scale_free);
  }
};

using PowerTerms = std::array<double, GuardPrior::power_terms>;
using TimeTerms = std::array<double, GuardPrior::time_terms>;

inline PowerTerms power_terms(double batch, double clock_hz, double instances, double reference_clock_hz) {
  const double f = std::isnan(clock_hz) ? 0.0 : std::log(clock_hz / reference_clock_hz);
  const double l = std::log2(batch) / 8.0;
  return {1.0, f, l, l * l, f * l, std::log2(instances)};
}

inline TimeTerms time_terms(double batch, double clock_hz, double instances, double reference_clock_hz) {
  const double r = std::isnan(clock_hz) ? 1.0 : reference_clock_hz / clock_hz;
  return {1.0, r, 1.0 / batch, r / batch, 1.0 / instances - 1.0};
}

/// Throws InvalidArgument for numbers that are not finite, an idle power below 0, a variance below 0, a spread or clock
/// that is not above 0.
inline void require_valid(const GuardPrior& prior) {
  const auto finite = [](const char* name, const auto& values) {
    for (const double v : values) {
      if (!std::isfinite(v)) throw InvalidArgument(std::string("prior ") + name + ": holds " + to_text(v));
    }
  };
  finite("power_mean", prior.power_mean);
  finite("power_covariance", prior.power_covariance);
  finite("time_mean", prior.time_mean);
  finite("time_covariance", prior.time_covariance);
  if (!(prior.idle_w >= 0.0)) throw InvalidArgument("prior idle_w: " + to_text(prior.idle_w) + " is not >= 0");
  if (!(prior.spread > 0.0)) throw InvalidArgument("prior spread: " + to_text(prior.spread) + " is not above 0");
  if (!(prior.reference_clock_hz > 0.0)) {
    throw InvalidArgument("prior reference_clock_hz: " + to_text(prior.reference_clock_hz) + " is not above 0");
  }
}

}  // namespace bayestuner::control
