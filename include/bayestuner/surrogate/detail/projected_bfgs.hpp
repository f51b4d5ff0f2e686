#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace bayestuner::surrogate::detail {

struct BfgsOptions {
  int max_iterations = 40;
  double gradient_tolerance = 1e-6;  ///< largest free component at the end
  double value_tolerance = 1e-10;    ///< smallest relative decrease of one step
};

struct BfgsResult {
  Eigen::VectorXd x;  ///< best point seen
  double value = 0.0;
  int iterations = 0, evaluations = 0;
};

/// Minimises f over the box [low, high] by BFGS on the free variables with a projected line search.
/// `f(x, &gradient)` gives the value; one that is not finite is a point to step back from. Deterministic, never throws
/// of its own, keeps the best point seen. Source: Bertsekas 1982, doi:10.1137/0320018; Nocedal & Wright 2006, ch. 6.
template <class F>
BfgsResult minimise_in_box(F&& f, const Eigen::VectorXd& start, const Eigen::VectorXd& low, const Eigen::VectorXd& high,
                           const BfgsOptions& options = {}) {
  const Eigen::Index n = start.size();
  const auto inside = [&](const Eigen::VectorXd& x) -> Eigen::VectorXd { return x.cwiseMax(low).cwiseMin(high); };
  BfgsResult best;
  best.x = inside(start);
  Eigen::VectorXd gradient(n), trial_gradient(n);
  best.value = f(best.x, &gradient);
  best.evaluations = 1;
  if (!std::isfinite(best.value) || !gradient.allFinite()) return best;

  Eigen::MatrixXd curvature = Eigen::MatrixXd::Identity(n, n);  // approximates the Hessian
  bool scaled = false;
  for (; best.iterations < options.max_iterations; ++best.iterations) {
    std::vector<Eigen::Index> free;
    double steepest = 0.0;
    for (Eigen::Index i = 0; i < n; ++i) {
      const bool held = (best.x[i] <= low[i] && gradient[i] > 0.0) || (best.x[i] >= high[i] && gradient[i] < 0.0);
      if (held) continue;
      free.push_back(i);
      steepest = std::max(steepest, std::abs(gradient[i]));
    }
    if (steepest <= options.gradient_tolerance) break;

    const Eigen::VectorXd free_gradient = gradient(free);
    Eigen::VectorXd step = -curvature(free, free).eval().ldlt().solve(free_gradient);
    if (!step.allFinite() || step.dot(free_gradient) >= 0.0) {
      curvature.setIdentity();
      scaled = false;
      step = -free_gradient;
    }
    // Logs of hyperparameters: a move by more than e^2 at once is never trusted.
    const double longest = step.cwiseAbs().maxCoeff(), limit = scaled ? 2.0 : 0.5;
    if (longest > limit) step *= limit / longest;
    Eigen::VectorXd direction = Eigen::VectorXd::Zero(n);
    for (std::size_t k = 0; k < free.size(); ++k) direction[free[k]] = step[static_cast<Eigen::Index>(k)];

    double length = 1.0, value = 0.0, predicted = 0.0;
    Eigen::VectorXd x(n);
    bool accepted = false;
    for (int attempt = 0; attempt < 12 && !accepted; ++attempt) {
      x = inside(best.x + length * direction);
      predicted = gradient.dot(x - best.x);
      if (predicted >= 0.0) break;  // the box cut off all descent
      value = f(x, &trial_gradient);
      ++best.evaluations;
      const bool usable = std::isfinite(value) && trial_gradient.allFinite();
      accepted = usable && value <= best.value + 1e-4 * predicted;
      if (!accepted) {
        // Minimum of the parabola through value, slope and the new value, kept within [0.1, 0.5] of the length.
        const double bend = usable ? value - best.value - predicted : std::numeric_limits<double>::infinity();
        length *= std::clamp(bend > 0.0 ? -0.5 * predicted / bend : 0.5, 0.1, 0.5);
      }
    }
    if (!accepted) {
      if (!scaled) break;  // not even downhill: rounding is all that is left
      curvature.setIdentity();
      scaled = false;
      continue;
    }

    const Eigen::VectorXd moved = x - best.x, change = trial_gradient - gradient;
    const double along = moved.dot(change);
    if (along > 1e-10 * moved.norm() * change.norm()) {
      if (!scaled) curvature *= change.squaredNorm() / along;
      const Eigen::VectorXd bent = curvature * moved;
      curvature += change * change.transpose() / along - bent * bent.transpose() / moved.dot(bent);
      scaled = true;
    }
    const double decrease = best.value - value;
    best.x = x;
    best.value = value;
    gradient = trial_gradient;
    if (decrease <= options.value_tolerance * (1.0 + std::abs(value))) {
      ++best.iterations;
      break;
    }
  }
  return best;
}

}  // namespace bayestuner::surrogate::detail
