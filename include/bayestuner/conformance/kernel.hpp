#pragma once
/// What every kernel must keep; call it from a GoogleTest test of your own.

#include <gtest/gtest.h>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <cmath>
#include <string>

#include "bayestuner/core/random.hpp"
#include "bayestuner/surrogate/concepts.hpp"

namespace bayestuner::conformance {

/// A correlation: 1 at distance 0, falling to 0 and never NaN, with the slope it says, alike in single precision;
/// matrices of it are positive semidefinite in up to five dimensions.
template <surrogate::Kernel K>
void expect_kernel() {
  using Block = surrogate::detail::KernelBlock<double>;
  using FloatBlock = surrogate::detail::KernelBlock<float>;
  EXPECT_FALSE(std::string(K::name).empty());

  Block r2(100), value, slope;
  r2[0] = 0.0;
  for (Eigen::Index i = 1; i < r2.size(); ++i) r2[i] = 1e-6 * std::pow(10.0, 0.1 * static_cast<double>(i));  // to 8e3
  K::value_and_slope(r2, value, slope);
  EXPECT_EQ(value[0], 1.0);
  const Block again = K::value(r2);
  const FloatBlock single = K::value(FloatBlock(r2.cast<float>()));
  for (Eigen::Index i = 0; i < r2.size(); ++i) {
    EXPECT_NEAR(value[i], again[i], 1e-14);
    EXPECT_NEAR(value[i], static_cast<double>(single[i]), 1e-5);
    EXPECT_GE(value[i], 0.0);
    EXPECT_GE(slope[i], 0.0);
    if (i == 0) continue;
    EXPECT_LE(value[i], value[i - 1]) << "r2 = " << r2[i];
    // slope = -2 dk/d(r2), by a central difference.
    Block ends(2);
    ends << r2[i] * (1.0 - 1e-5), r2[i] * (1.0 + 1e-5);
    const Block at = K::value(ends);
    const double expected = -2.0 * (at[1] - at[0]) / (ends[1] - ends[0]);
    EXPECT_NEAR(slope[i] * r2[i], expected * r2[i], 1e-7) << "r2 = " << r2[i];
  }
  Block far(3);
  far << 1e6, 1e20, 1e200;
  K::value_and_slope(far, value, slope);
  EXPECT_TRUE(value.allFinite() && slope.allFinite());
  EXPECT_NEAR(value[2], 0.0, 1e-12);

  Random random(1);
  for (int d = 1; d <= 5; ++d) {
    constexpr Eigen::Index n = 30;
    Eigen::MatrixXd x(n, d), gram(n, n);
    for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = random.uniform(0.0, 3.0);
    for (Eigen::Index i = 0; i < n; ++i) {
      gram.col(i) = K::value(Block((x.rowwise() - x.row(i)).rowwise().squaredNorm().array())).matrix();
    }
    EXPECT_GT(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram, Eigen::EigenvaluesOnly).eigenvalues().minCoeff(),
              -1e-12)
        << d << " dimensions";
  }
}

}  // namespace bayestuner::conformance
