#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/control/detail/windowed.hpp"
#include "bayestuner/core/normal.hpp"

namespace bayestuner::control {

struct SurveyOptions {
  WindowPolicy window{.seconds = 3.0};
  double gain = 0.003;       ///< expected gain, as a share of the best rate, below which nothing more is tried
  double confidence = 0.02;  ///< least probability of keeping the cap that a try must have
  double drift = 0.1;  ///< change of the resting setting's power, as a share, that makes the others worth a new look

  template <class Archive>
  void fields(Archive& archive) {
    archive(window, gain, confidence, drift);
  }
};

/// Search by what was measured and nothing assumed to be monotone: power and rate of every setting tried are kept,
/// those of the others are guessed by a Gaussian process over log batch, log clock and log instances (Matérn 3/2 over a
/// rising trend), and the setting with the largest expected gain within the cap is tried until none is worth it. New
/// limits cost nothing: what was measured still holds. For grids where power or rate rises and falls with the batch;
/// at most 128 settings, of which the last 48 tried count.
/// Expected gain: Jones, Schonlau & Welch 1998, doi:10.1023/A:1008306431147, eq. 15, times the probability of keeping
/// the cap (Schonlau, Welch & Jones 1998, doi:10.1214/lnms/1215456182).
class Survey : public detail::Windowed<Survey> {
 public:
  static constexpr std::size_t max_settings = 128, max_tried = 48;

  /// Throws InvalidArgument.
  Survey(const KnobGrid& grid, const Limits& limits, const SurveyOptions& options = {});

  static constexpr std::uint64_t kind = 0x5c;
  const SurveyOptions& options() const noexcept { return options_; }
  detail::Choice decide(double power_w, double per_s) noexcept;
  template <class Archive>
  void own_state(Archive& archive) {
    archive(count_, tried_);
  }

 private:
  friend detail::Windowed<Survey>;
  static constexpr bool acts_at_once = true;

  struct Tried {
    std::uint16_t index = 0;
    double log_w = 0.0, log_per_s = 0.0;
    template <class Archive>
    void fields(Archive& archive) {
      archive(index, log_w, log_per_s);
    }
  };
  // Mean and deviation of one surface at every setting.
  struct Surface {
    std::array<double, max_tried> weights;
    double trend_origin, trend_slope, scale;
  };

  void record(std::uint16_t index, double power_w, double per_s) noexcept;
  double covariance(std::size_t a, std::size_t b) const noexcept;
  double size_of(std::size_t i) const noexcept { return (x_[i][0] + x_[i][1] + x_[i][2]) / 3.0; }

  SurveyOptions options_;
  std::array<std::array<double, 3>, max_settings> x_{};  // of each setting, in [0, 1]
  std::array<Tried, max_tried> tried_{};
  std::uint32_t count_ = 0;
};

inline Survey::Survey(const KnobGrid& grid, const Limits& limits, const SurveyOptions& options)
    : Windowed(grid, limits, {}, options.window), options_(options) {
  const auto share = [](const char* name, double value) {
    if (!(value > 0.0 && value < 1.0))
      throw InvalidArgument(std::string(name) + ": " + to_text(value) + " is outside (0, 1)");
  };
  share("gain", options.gain);
  share("confidence", options.confidence);
  share("drift", options.drift);
  if (grid.count() > max_settings) {
    throw InvalidArgument("Survey: " + std::to_string(grid.count()) + " settings; at most " +
                          std::to_string(max_settings) + " are allowed");
  }
  const auto place = [](double value, double low, double high) {
    return high > low ? std::log(value / low) / std::log(high / low) : 0.0;
  };
  for (std::size_t i = 0; i < grid.count(); ++i) {
    const Setting s = grid.at(i);
    x_[i] = {place(grid.batch(s), grid.batches().front(), grid.batches().back()),
             grid.sets_clock() ? place(grid.clock_hz(s), grid.clocks_hz().front(), grid.clocks_hz().back()) : 0.0,
             place(s.instances, 1.0, grid.max_instances())};
  }
}

inline void Survey::record(std::uint16_t index, double power_w, double per_s) noexcept {
  const Tried now{index, std::log(std::max(power_w, 1e-3)), std::log(std::max(per_s, 1e-9))};
  for (std::uint32_t i = 0; i < count_; ++i) {
    if (tried_[i].index != index) continue;
    if (std::abs(now.log_w - tried_[i].log_w) > options_.drift) {  // the others have moved as well
      count_ = 0;
      break;
    }
    tried_[i].log_w = std::max(now.log_w, tried_[i].log_w);
    tried_[i].log_per_s += 0.3 * (now.log_per_s - tried_[i].log_per_s);
    return;
  }
  if (count_ == max_tried) {
    std::copy(tried_.begin() + 1, tried_.end(), tried_.begin());
    --count_;
  }
  tried_[count_++] = now;
}

inline double Survey::covariance(std::size_t a, std::size_t b) const noexcept {
  constexpr double length = 0.35;
  double square = 0.0;
  for (std::size_t k = 0; k < 3; ++k) square += (x_[a][k] - x_[b][k]) * (x_[a][k] - x_[b][k]);
  const double d = std::sqrt(3.0 * square) / length;
  return (1.0 + d) * std::exp(-d);
}

inline detail::Choice Survey::decide(double power_w, double per_s) noexcept {
  const auto current = static_cast<std::uint16_t>(grid_.index(setting_));
  // The first batch after a change tells nothing of the rate: wait for the next window unless the cap is broken.
  if (std::isnan(per_s)) {
    if (power_w <= limits_.power_cap_w) return {setting_, Reason::probe};
    per_s = 0.0;
  }
  record(current, power_w, per_s);
  const std::size_t n = count_;
  const double log_cap = std::log(limits_.power_cap_w);

  // Fastest that is known to fit.
  std::size_t best = grid_.count(), least = 0;
  double best_rate = -std::numeric_limits<double>::infinity(), fastest = best_rate, slowest = -best_rate,
         low_w = -best_rate, high_w = best_rate;
  std::array<bool, max_settings> known{};
  for (std::size_t i = 0; i < n; ++i) {
    known[tried_[i].index] = true;
    low_w = std::min(low_w, tried_[i].log_w);
    high_w = std::max(high_w, tried_[i].log_w);
    slowest = std::min(slowest, tried_[i].log_per_s);
    fastest = std::max(fastest, tried_[i].log_per_s);
    if (tried_[i].log_w < tried_[least].log_w) least = i;
    if (tried_[i].log_w <= log_cap && tried_[i].log_per_s > best_rate) {
      best_rate = tried_[i].log_per_s;
      best = tried_[i].index;
    }
  }

  // Cholesky factor of the covariance of what was tried; both surfaces share it.
  std::array<std::array<double, max_tried>, max_tried> l;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = covariance(tried_[i].index, tried_[j].index) + (i == j ? 1e-4 : 0.0);
      for (std::size_t k = 0; k < j; ++k) sum -= l[i][k] * l[j][k];
      l[i][j] = i == j ? std::sqrt(std::max(sum, 1e-12)) : sum / l[j][j];
    }
  }
  // Trend: a line through the means with the slope that was seen, never falling; deviations from it by what was seen.
  const auto fit = [&](double Tried::*value, double least_scale, double prior_slope) {
    Surface s{};
    double mean_x = 0.0, mean_y = 0.0, xy = 0.0, xx = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      mean_x += size_of(tried_[i].index) / static_cast<double>(n);
      mean_y += tried_[i].*value / static_cast<double>(n);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const double dx = size_of(tried_[i].index) - mean_x;
      xy += dx * (tried_[i].*value - mean_y);
      xx += dx * dx;
    }
    s.trend_slope = std::max(0.0, (xy + 0.02 * prior_slope) / (xx + 0.02));
    s.trend_origin = mean_y - s.trend_slope * mean_x;
    double squares = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      double rest = tried_[i].*value - s.trend_origin - s.trend_slope * size_of(tried_[i].index);
      for (std::size_t k = 0; k < i; ++k) rest -= l[i][k] * s.weights[k];
      s.weights[i] = rest / l[i][i];
      squares += s.weights[i] * s.weights[i];
    }
    s.scale = std::sqrt((squares + 2.0 * least_scale * least_scale) / (static_cast<double>(n) + 2.0));
    return s;
  };
  const Surface power = fit(&Tried::log_w, 0.2, 0.3), rate = fit(&Tried::log_per_s, 0.3, 3.0);

  std::size_t next = grid_.count(), likeliest = grid_.count();
  double most = 0.0, surest = 0.0;
  std::array<double, max_tried> v;
  for (std::size_t i = 0; i < grid_.count(); ++i) {
    if (known[i]) continue;
    double left = 1.0 + 1e-4, mean_w = power.trend_origin + power.trend_slope * size_of(i),
           mean_rate = rate.trend_origin + rate.trend_slope * size_of(i);
    for (std::size_t a = 0; a < n; ++a) {
      double sum = covariance(i, tried_[a].index);
      for (std::size_t k = 0; k < a; ++k) sum -= l[a][k] * v[k];
      v[a] = sum / l[a][a];
      left -= v[a] * v[a];
      mean_w += v[a] * power.weights[a];
      mean_rate += v[a] * rate.weights[a];
    }
    const double deviation = std::sqrt(std::max(left, 1e-6));
    const double fits = normal_cdf((log_cap - mean_w) / (power.scale * deviation));
    if (fits > surest) {
      surest = fits;
      likeliest = i;
    }
    if (best == grid_.count() || fits < options_.confidence) continue;
    const double s = rate.scale * deviation, d = mean_rate - best_rate;
    const double gain = fits * (d * normal_cdf(d / s) + s * normal_pdf(d / s));
    if (gain > most) {
      most = gain;
      next = i;
    }
  }
  const bool over = power_w > limits_.power_cap_w;
  if (best == grid_.count()) {  // nothing fits yet
    if (likeliest < grid_.count() && surest >= 0.02)
      return {grid_.at(likeliest), over ? Reason::violated : Reason::probe};
    return {grid_.at(tried_[least].index), Reason::not_attainable, true};
  }
  if (next < grid_.count() && most > options_.gain) return {grid_.at(next), over ? Reason::violated : Reason::probe};
  return {grid_.at(best), over ? Reason::violated : Reason::in_band};
}

static_assert(Controller<Survey>);

}  // namespace bayestuner::control
