#pragma once
/// What every model of Controller must keep; call it from a GoogleTest test of your own.

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "bayestuner/control/concepts.hpp"
#include "bayestuner/core/random.hpp"

namespace bayestuner::conformance {

/// A server to control, without noise: power rises with batch, clock and instances, so does throughput.
struct ModelServer {
  double idle_w = 45.0, span_w = 150.0, rate = 100.0;
  double power_w(const control::KnobGrid& grid, const control::Setting& s) const {
    const double b = static_cast<double>(s.batch_index + 1) / static_cast<double>(grid.batch_count());
    const double c = static_cast<double>(s.clock_index + 1) / static_cast<double>(grid.clock_count());
    const double i = static_cast<double>(s.instances) / static_cast<double>(grid.max_instances());
    return idle_w + span_w * c * (0.4 + 0.6 * b) * (0.5 + 0.5 * i);
  }
  double per_s(const control::KnobGrid& grid, const control::Setting& s) const {
    const double c = static_cast<double>(s.clock_index + 1) / static_cast<double>(grid.clock_count());
    const double size = static_cast<double>(grid.batch(s));
    return rate * s.instances * (0.3 + 0.7 * c) * size / (size + 4.0);
  }
  /// One batch that ends where the setting's service time after `time_s` says.
  control::Measurement serve(const control::KnobGrid& grid, const control::Setting& s, double time_s) const {
    control::Measurement m;
    m.setting = s;
    m.batch_size = m.items = grid.batch(s);
    m.service_s = m.items / per_s(grid, s);
    m.time_s = time_s + m.service_s;
    m.power.count = 4;
    m.power.max_w = m.power.quantile_w = power_w(grid, s);
    m.power.mean_w = 0.8 * m.power.max_w;
    return m;
  }
};

template <control::Controller C>
std::vector<std::byte> snapshot_of(const C& controller) {
  std::vector<std::byte> bytes(controller.snapshot({}));
  EXPECT_EQ(controller.snapshot(bytes), bytes.size());
  return bytes;
}

/// Steps `controller` `steps` times through caps above, within and below what the server needs, ticks, readings that
/// are no number, partial batches and measurements of other settings: no decision leaves the grid, `changed` says
/// what happened, a copy and a restored snapshot go the same way, and a damaged snapshot is refused and changes
/// nothing.
template <control::Controller C>
void expect_controller(const C& fresh, std::size_t steps = 400, const ModelServer& server = {}) {
  C lived = fresh;
  const control::KnobGrid& grid = lived.grid();
  Random random(7);
  double now = 0.0;
  const double caps[] = {1000.0, 150.0, 90.0, 1.0, 120.0, 200.0};
  for (std::size_t i = 0; i < steps; ++i) {
    if (i % (1 + steps / std::size(caps)) == 0) {
      lived.on_limits({.time_s = now, .power_cap_w = caps[i / (1 + steps / std::size(caps))]});
    }
    const control::Setting before = lived.setting();
    ASSERT_TRUE(grid.contains(before)) << "before step " << i;
    control::Measurement m = server.serve(grid, before, now);
    now = m.time_s;
    if (i % 17 == 5) m.power.max_w = m.power.mean_w = m.power.quantile_w = std::nan("");
    if (i % 19 == 3) m.power.max_w = -m.power.max_w;
    if (i % 13 == 4) m.power.count = 0;
    if (i % 11 == 2) m.partial = true, m.items = m.batch_size = 1;
    if (i % 23 == 7) m.setting = grid.at(random.below(grid.count()));
    C copy = lived;
    const std::vector<std::byte> bytes = snapshot_of(lived);
    C restored = fresh;
    ASSERT_TRUE(restored.restore(bytes)) << "step " << i;
    const bool tick = i % 7 == 6;
    const auto act = [&](C& c) { return tick ? c.on_tick(now) : c.step(m); };
    const control::Decision decision = act(lived);
    ASSERT_TRUE(grid.contains(decision.setting)) << "step " << i;
    ASSERT_EQ(decision.setting, lived.setting());
    ASSERT_EQ(decision.changed, !(before == decision.setting)) << "step " << i;
    ASSERT_LT(static_cast<std::size_t>(decision.reason), control::reason_count);
    ASSERT_EQ(decision, act(copy)) << "a copy goes another way at step " << i;
    ASSERT_EQ(decision, act(restored)) << "a restored controller goes another way at step " << i;
    ASSERT_EQ(snapshot_of(lived), snapshot_of(restored)) << "step " << i;
    if (i % 50 == 0) {
      std::vector<std::byte> damaged = bytes;
      damaged[damaged.size() - 1 - random.below(damaged.size())] ^= std::byte{4};
      EXPECT_FALSE(copy.restore(damaged));
      EXPECT_FALSE(copy.restore(std::span(bytes).first(bytes.size() - 1)));
      EXPECT_FALSE(copy.restore({}));
      EXPECT_EQ(snapshot_of(copy), snapshot_of(lived)) << "a refused snapshot left traces";
    }
  }
}

}  // namespace bayestuner::conformance
