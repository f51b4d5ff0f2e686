#pragma once

#include <Eigen/Core>
#include <cmath>

#include "bayestuner/core/random.hpp"

namespace bayestuner::surrogate::detail {

/// One step of slice sampling along a random direction: leaves the distribution with log density `f` (up to a constant;
/// -infinity: impossible) as it is. `width`: of the interval tried first. f(x) must be finite.
/// Source: Neal 2003, doi:10.1214/aos/1056562461, figures 3 and 5.
template <class F>
Eigen::VectorXd slice_step(const F& f, const Eigen::VectorXd& x, double width, Random& random) {
  Eigen::VectorXd direction(x.size());
  for (double& component : direction) component = random.normal();
  direction.normalize();
  const double level = f(x) + std::log(1.0 - random.uniform());
  double low = -width * random.uniform(), high = low + width;
  constexpr int out = 8, in = 60;
  for (int k = 0; k < out && f(x + low * direction) > level; ++k) low -= width;
  for (int k = 0; k < out && f(x + high * direction) > level; ++k) high += width;
  for (int k = 0; k < in; ++k) {
    const double at = low + (high - low) * random.uniform();
    Eigen::VectorXd moved = x + at * direction;
    if (f(moved) > level) return moved;
    (at < 0.0 ? low : high) = at;
  }
  return x;  // the slice is narrower than rounding
}

}  // namespace bayestuner::surrogate::detail
