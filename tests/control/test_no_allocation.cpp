// Counts every allocation of this program: controllers must make none once they are there.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "bayestuner/conformance/controller.hpp"
#include "bayestuner/control/make_controller.hpp"

namespace {
std::atomic<long> allocations{0};
}

// Not inlined: GCC would take malloc and delete, or new and free, for pairs that do not match.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size > 0 ? size : 1)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}

namespace bayestuner::control {
namespace {

TEST(Controllers, AllocateNothingOnceMade) {
  const std::vector<std::uint32_t> batch_sizes{1, 2, 4, 8, 16, 32, 64, 128, 256};
  const std::vector<double> clock_levels{0.5e9, 0.7e9, 0.9e9, 1.1e9, 1.3e9, 1.5e9};
  const conformance::ModelServer server;
  for (const std::string& name : controller_names()) {
    AnyController controller = make_controller(name, KnobGrid(batch_sizes, clock_levels, 2), {.power_cap_w = 120.0});
    std::vector<std::byte> bytes(controller.snapshot({}));
    Random random(5);
    double now_s = 0.0;
    const long before = allocations.load();
    long decided = 0;
    for (int i = 0; i < 3000; ++i) {
      Measurement m = server.serve(controller.grid(), controller.setting(), now_s);
      now_s = m.time_s;
      m.power.max_w = m.power.mean_w = m.power.max_w * random.uniform(0.8, 1.2);
      if (random.below(50) == 0) m.power.max_w = std::nan("");
      if (random.below(200) == 0) {
        controller.on_limits({.time_s = now_s, .power_cap_w = random.uniform(60.0, 220.0)});
      }
      decided += controller.step(m).reason != Reason::recorded;
      controller.on_tick(now_s);
      if (i % 500 == 0) controller.snapshot(bytes);
    }
    EXPECT_EQ(allocations.load(), before) << name;
    EXPECT_GT(decided, 10) << name;
  }
}

TEST(Controllers, AreCountedWhereTheyDoAllocate) {
  const long before = allocations.load();
  const AnyController controller = make_controller("guard", KnobGrid(std::vector<std::uint32_t>{1}), {});
  EXPECT_GT(allocations.load(), before);
}

}  // namespace
}  // namespace bayestuner::control
