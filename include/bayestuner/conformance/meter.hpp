#pragma once
/// What every meter must keep; call it from a GoogleTest test of your own.

#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "bayestuner/meter/concepts.hpp"

namespace bayestuner::conformance {

/// Measures `target` for a fifth of a second, twice: an available meter describes itself, reports finite numbers with a
/// standard error and its own provenance, and may be used again; an unavailable one says why.
template <meter::Meter M>
void expect_meter(M meter, const meter::Target& target) {
  EXPECT_FALSE(std::string(meter.name()).empty());
  if (!meter.availability()) {
    EXPECT_FALSE(meter.availability().reason().empty());
    return;
  }
  const meter::Description description = meter.describe();
  EXPECT_FALSE(description.unit.empty());
  for (int round = 0; round < 2; ++round) {
    meter.begin(target);
    for (int i = 0; i < 4; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      meter.sample();
    }
    const meter::Metrics metrics = meter.end();
    EXPECT_FALSE(metrics.empty());
    for (const auto& [name, m] : metrics) {
      EXPECT_TRUE(std::isfinite(m.value)) << name;
      EXPECT_GE(m.value, 0.0) << name;
      EXPECT_GE(m.standard_error, 0.0) << name;
      EXPECT_EQ(m.provenance, description.provenance) << name;
    }
  }
}

}  // namespace bayestuner::conformance
