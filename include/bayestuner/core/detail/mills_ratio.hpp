#pragma once
/// Tails of the normal distribution without their exponential factor: smooth, so that one polynomial serves all u >= 0.

#include <array>
#include <cstddef>

namespace bayestuner::detail {

// Chebyshev expansions in t = (u - 5) / (u + 5), computed with 60 digits and written in powers of t (the coefficients
// decay, so Horner's rule loses nothing): relative error below 3e-16 and 6e-16 on [0, 1e150].
inline constexpr std::array<double, 25> mills_coefficients = {
    1.1568486282918946,     -0.22948753825211315,   0.07778159886873554,     0.0250721793016388,
    -0.0661776007789934,    0.0615050458401865,     -0.038026592187762366,   0.01634823128102938,
    -0.004201290310663574,  1.9530638370790786e-05, 0.00045704381820007954,  -0.0001343742785571135,
    -2.48054584472145e-05,  2.270961270923768e-05,  -1.7723438185601556e-07, -3.277287633208865e-06,
    3.2197131609042185e-07, 4.91996233147834e-07,   -6.738323465177047e-08,  -7.758520236786343e-08,
    1.0082895646260188e-08, 1.1032071151574336e-08, -1.0846925288860795e-09, -9.564832934712551e-10,
    6.288377855498677e-11};
inline constexpr std::array<double, 27> gain_coefficients = {
    1.2945411512431624,      -0.36872296454501824,   -0.02803069962751519,   0.26116700784716246,
    -0.27354820376339606,    0.15402166231123107,    -0.02931098245941795,   -0.03186187270803922,
    0.034746226760707245,    -0.016131705895756486,  0.002328315612845713,   0.0015767756175029339,
    -0.0008527350887620751,  -3.5818170996182e-05,   0.00014695214465133784, -1.7203931061125266e-05,
    -2.3404251451748432e-05, 4.971636920474042e-06,  4.0148061855887895e-06, -9.985214771598005e-07,
    -7.59346786017823e-07,   1.6601511154204576e-07, 1.4464403282898365e-07, -2.1184998715660543e-08,
    -2.2672476012801747e-08, 1.5294186063516205e-09, 1.998220033195663e-09};

/// Horner's rule.
template <std::size_t n>
double polynomial(double t, const std::array<double, n>& coefficients) {
  double sum = coefficients[n - 1];
  for (std::size_t k = n - 1; k-- > 0;) sum = sum * t + coefficients[k];
  return sum;
}

/// Mills ratio M(u) = Phi(-u) / phi(u) for 0 <= u <= 1e150.
inline double mills_ratio(double u) {
  return polynomial((u - 5.0) / (u + 5.0), mills_coefficients) / (u + 1.0);
}

/// Gain ratio G(u) = h(-u) / phi(u) = 1 - u M(u), h(z) = phi(z) + z Phi(z), without the cancellation; 0 <= u <= 1e150.
inline double gain_ratio(double u) {
  const double v = 1.0 / (u + 1.0);
  return polynomial((u - 5.0) / (u + 5.0), gain_coefficients) * v * v;
}

}  // namespace bayestuner::detail
