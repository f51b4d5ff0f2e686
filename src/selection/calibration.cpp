#include "bayestuner/selection/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "bayestuner/core/posterior.hpp"
#include "bayestuner/surrogate/detail/folds.hpp"
#include "selection/logistic_curve.hpp"

namespace bayestuner::selection {

namespace {

double log_odds(double p) {
  p = std::clamp(p, 1e-6, 1.0 - 1e-6);
  return std::log(p / (1.0 - p));
}

}  // namespace

Calibration::Calibration(Kind kind, const Eigen::VectorXd& p, const Eigen::VectorXd& y) : kind_(kind) {
  require_same_size("Calibration: predictions and outcomes", p, y);
  if (p.size() == 0) kind_ = Kind::none;
  if (kind_ == Kind::isotonic) {
    std::vector<Eigen::Index> order(static_cast<std::size_t>(p.size()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return p[a] < p[b]; });
    struct Pool {
      double x, y, n;
    };
    std::vector<Pool> pools;
    for (const Eigen::Index i : order) {
      pools.push_back({p[i], y[i], 1.0});
      while (pools.size() > 1) {
        const Pool last = pools.back();
        Pool& before = pools[pools.size() - 2];
        if (before.y < last.y && before.x < last.x) break;
        const double n = before.n + last.n;
        before = {(before.x * before.n + last.x * last.n) / n, (before.y * before.n + last.y * last.n) / n, n};
        pools.pop_back();
      }
    }
    for (const Pool& pool : pools) {
      at_.push_back(pool.x);
      value_.push_back(pool.y);
    }
  }
  if (kind_ != Kind::platt) return;
  std::vector<double> odds;
  for (const double one : p) odds.push_back(log_odds(one));
  std::tie(slope_, intercept_) = detail::fit_logistic_curve(odds, {y.begin(), y.end()});
  if (!std::isfinite(slope_) || !std::isfinite(intercept_) ||
      slope_ < 0.0) {  // not a calibration: it would turn the order
    kind_ = Kind::none;
    slope_ = 1.0;
    intercept_ = 0.0;
  }
}

double Calibration::operator()(double p) const {
  if (kind_ == Kind::none) return p;
  if (kind_ == Kind::platt) return 1.0 / (1.0 + std::exp(-(slope_ * log_odds(p) + intercept_)));
  const auto next = std::upper_bound(at_.begin(), at_.end(), p);
  if (next == at_.begin()) return value_.front();
  if (next == at_.end()) return value_.back();
  const auto k = static_cast<std::size_t>(next - at_.begin());
  return value_[k - 1] + (value_[k] - value_[k - 1]) * (p - at_[k - 1]) / (at_[k] - at_[k - 1]);
}

Calibration choose_calibration(const Eigen::VectorXd& p, const Eigen::VectorXd& y, int folds, std::uint64_t seed) {
  Calibration::Kind best = Calibration::Kind::none;
  double best_gain = 0.0;
  for (const auto kind : {Calibration::Kind::platt, Calibration::Kind::isotonic}) {
    Eigen::VectorXd gain(p.size());
    for (const auto& fold : surrogate::detail::seeded_folds(p.size(), folds, seed)) {
      const Calibration map(kind, p(fold.train), y(fold.train));
      for (const Eigen::Index i : fold.test) {
        gain[i] = (p[i] - y[i]) * (p[i] - y[i]) - (map(p[i]) - y[i]) * (map(p[i]) - y[i]);
      }
    }
    const double mean = gain.mean();
    const double error = std::sqrt((gain.array() - mean).square().mean() / static_cast<double>(gain.size()));
    if (mean <= error || mean <= best_gain) continue;
    best_gain = mean;
    best = kind;
  }
  return {best, p, y};
}

CalibrationReport calibration_report(const Eigen::VectorXd& p, const Eigen::VectorXd& y) {
  require_same_size("calibration_report: predictions and outcomes", p, y);
  CalibrationReport out;
  out.bins.resize(10);
  for (Eigen::Index i = 0; i < p.size(); ++i) {
    auto& bin = out.bins[static_cast<std::size_t>(std::clamp(static_cast<int>(p[i] * 10.0), 0, 9))];
    bin.predicted += p[i];
    bin.observed += y[i];
    ++bin.count;
    out.brier += (p[i] - y[i]) * (p[i] - y[i]);
  }
  const auto n = static_cast<double>(std::max<Eigen::Index>(p.size(), 1));
  out.brier /= n;
  for (auto& bin : out.bins) {
    out.ece += std::abs(bin.predicted - bin.observed) / n;
    if (bin.count == 0) continue;
    bin.predicted /= static_cast<double>(bin.count);
    bin.observed /= static_cast<double>(bin.count);
  }
  return out;
}

}  // namespace bayestuner::selection
