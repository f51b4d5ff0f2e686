#include <gtest/gtest.h>

#include "bayestuner/conformance/kernel.hpp"
#include "bayestuner/surrogate/kernel/matern.hpp"
#include "bayestuner/surrogate/kernel/squared_exponential.hpp"

namespace bayestuner::surrogate {
namespace {

TEST(Kernel, EveryOneKeepsTheContract) {
  conformance::expect_kernel<Matern12>();
  conformance::expect_kernel<Matern32>();
  conformance::expect_kernel<Matern52>();
  conformance::expect_kernel<SquaredExponential>();
}

}  // namespace
}  // namespace bayestuner::surrogate
