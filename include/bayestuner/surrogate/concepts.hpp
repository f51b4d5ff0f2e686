#pragma once

#include <Eigen/Core>
#include <concepts>

#include "bayestuner/core/detail/vector_math.hpp"
#include "bayestuner/core/posterior.hpp"

namespace bayestuner::surrogate {

// The halves of Surrogate, named so that a compiler's refusal says which one is missing.
template <class S>
concept LearnsFromRows = requires(S s, const Eigen::MatrixXd& x, const Eigen::VectorXd& y) { s.fit(x, y, y); };
template <class S>
concept PredictsPosterior = requires(const S s, const Eigen::MatrixXd& x) {
                              { s.predict(x) } -> std::same_as<Posterior>;
                            };

/// Learns a metric from measured points and says what it believes elsewhere.
/// `s.fit(x, y, noise)`: rows `x` (n, d), targets `y` (n), known variance of every target `noise` (n, or empty:
/// unknown). Replaces what was learnt before; n = 0 is allowed. Throws InvalidArgument for sizes that differ or numbers
/// that are not finite, NumericalError where no answer can be computed. A model with takes_missing_values reads NaN in
/// `x` as a value that is not known.
/// `s.predict(x)`: belief about the noise-free metric at rows `x` (m, d): finite, same order; pure.
/// Models: GaussianProcess, RandomForest, GradientBoosting, PolynomialRegression, NearestNeighbours, AnySurrogate.
/// Checked by conformance/surrogate.hpp.
template <class S>
concept Surrogate = std::copyable<S> && LearnsFromRows<S> && PredictsPosterior<S>;

/// Whether NaN in a row is a missing value to `S`; by its member of that name.
template <class S>
inline constexpr bool takes_missing_values = requires { requires bool(S::takes_missing_values); };

namespace detail {
template <class Scalar>
using KernelBlock = Eigen::Array<Scalar, Eigen::Dynamic, 1, Eigen::ColMajor, 128, 1>;

/// e^{-x} of an array x >= 0, several times faster than Eigen's where the machine has wide registers.
template <class A>
A exp_minus(const A& x) {
  return bayestuner::detail::negative_exp<A>(-x);
}
}  // namespace detail

/// A stationary correlation of the scaled squared distance r2 = sum_j D_j / l_j^2, with value 1 at r2 = 0.
/// `K::value(r2)` and `K::slope(r2)` map an array (any length, float or double) element by element;
/// slope = -2 dk/d(r2), so that dk / d ln l_j = slope * D_j / l_j^2.
/// `K::value_and_slope(r2, value, slope)` gives both at the price of one exponential.
/// Models: Matern12, Matern32, Matern52, SquaredExponential. Checked by conformance/kernel.hpp.
template <class K>
concept Kernel = requires(const detail::KernelBlock<double>& r2, const detail::KernelBlock<float>& r2f,
                          detail::KernelBlock<double>& value, detail::KernelBlock<double>& slope) {
                   { K::name } -> std::convertible_to<const char*>;
                   { K::value(r2) } -> std::convertible_to<detail::KernelBlock<double>>;
                   { K::value(r2f) } -> std::convertible_to<detail::KernelBlock<float>>;
                   K::value_and_slope(r2, value, slope);
                 };

}  // namespace bayestuner::surrogate
