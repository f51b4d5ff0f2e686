#pragma once

#include "bayestuner/surrogate/concepts.hpp"

namespace bayestuner::surrogate {

/// e^{-r2 / 2}, also called RBF: infinitely smooth.
/// Source: Rasmussen & Williams 2006, eq. 4.9.
struct SquaredExponential {
  static constexpr const char* name = "rbf";

  template <class A>
  static A value(const A& r2) {
    return detail::exp_minus(A(r2 * typename A::Scalar(0.5)));
  }
  template <class A>
  static void value_and_slope(const A& r2, A& value, A& slope) {
    value = detail::exp_minus(A(r2 * typename A::Scalar(0.5)));
    slope = value;
  }
};
static_assert(Kernel<SquaredExponential>);

}  // namespace bayestuner::surrogate
