#pragma once
/// Matérn correlations of smoothness 1/2, 3/2 and 5/2.
/// Source: Rasmussen & Williams 2006, "Gaussian processes for machine learning", eq. 4.17.

#include <limits>

#include "bayestuner/surrogate/concepts.hpp"

namespace bayestuner::surrogate {

/// e^{-r}: rough, continuous only.
struct Matern12 {
  static constexpr const char* name = "matern12";

  template <class A>
  static A value(const A& r2) {
    return detail::exp_minus(A(r2.sqrt()));
  }
  template <class A>
  static void value_and_slope(const A& r2, A& value, A& slope) {
    const A r = r2.sqrt();
    value = detail::exp_minus(r);
    // At r = 0 the slope is infinite, but it is only ever multiplied by distances that are 0 there.
    slope = value / r.max(std::numeric_limits<typename A::Scalar>::min());
  }
};
static_assert(Kernel<Matern12>);

/// (1 + s) e^{-s}, s = sqrt(3) r: once differentiable.
struct Matern32 {
  static constexpr const char* name = "matern32";

  template <class A>
  static A value(const A& r2) {
    const A s = (r2 * typename A::Scalar(3)).sqrt();
    return (s + typename A::Scalar(1)) * detail::exp_minus(s);
  }
  template <class A>
  static void value_and_slope(const A& r2, A& value, A& slope) {
    const A s = (r2 * typename A::Scalar(3)).sqrt();
    slope = detail::exp_minus(s);
    value = (s + typename A::Scalar(1)) * slope;
    slope *= typename A::Scalar(3);
  }
};
static_assert(Kernel<Matern32>);

/// (1 + s + s^2 / 3) e^{-s}, s = sqrt(5) r: twice differentiable, the usual choice for performance surfaces.
struct Matern52 {
  static constexpr const char* name = "matern52";

  template <class A>
  static A value(const A& r2) {
    using Scalar = typename A::Scalar;
    const A s = (r2 * Scalar(5)).sqrt();
    return (Scalar(1) + s * (Scalar(1) + s * Scalar(1.0 / 3.0))) * detail::exp_minus(s);
  }
  template <class A>
  static void value_and_slope(const A& r2, A& value, A& slope) {
    using Scalar = typename A::Scalar;
    const A s = (r2 * Scalar(5)).sqrt(), e = detail::exp_minus(s);
    value = (Scalar(1) + s * (Scalar(1) + s * Scalar(1.0 / 3.0))) * e;
    slope = (s + Scalar(1)) * e * Scalar(5.0 / 3.0);
  }
};
static_assert(Kernel<Matern52>);

}  // namespace bayestuner::surrogate
