#include "bayestuner/control/engine_port.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "bayestuner/control/detail/ring.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::control {
namespace {

TEST(EnginePort, ANewBatchHoldsFromTheNextOneOn) {
  EnginePort port({.batch = 4});
  EnginePort engine = port;
  const EnginePort::Batch running = engine.begin_batch();
  port.apply({.batch = 8, .level = 2.0});
  EXPECT_EQ(running.setting.batch, 4u);
  engine.on_batch_done(running, 4, 3.0);
  const EnginePort::Batch next = engine.begin_batch();
  EXPECT_EQ(next.setting.batch, 8u);
  EXPECT_EQ(next.setting.level, 2.0);
  EXPECT_TRUE(next.first);
  EXPECT_FALSE(engine.begin_batch().first);
  engine.on_batch_done(next, 5, 0.0);
  Collected c;
  port.collect(c);
  ASSERT_EQ(c.batches.size(), 2u);
  EXPECT_EQ(c.batches[0].limit, 4u);
  EXPECT_EQ(c.batches[1].limit, 8u);
  EXPECT_EQ(c.batches[1].size, 5u);  // what was really used
  EXPECT_TRUE(c.batches[1].first);
  EXPECT_FALSE(std::isnan(c.running_since_s));  // the third one
  port.release();
  EXPECT_EQ(engine.begin_batch().setting.batch, 4u);
}

TEST(EnginePort, AFullQueueLosesReportsAndSaysSo) {
  EnginePort port({.batch = 1}, 4);
  for (int i = 0; i < 10; ++i) port.on_batch_done(port.begin_batch(), 1, 0.0);
  Collected c;
  port.collect(c);
  EXPECT_EQ(c.batches.size(), 4u);
  EXPECT_EQ(c.lost, 6u);
}

TEST(EnginePort, RefusesABatchOfNothing) {
  EXPECT_THROW(EnginePort({.batch = 0}), InvalidArgument);
  EXPECT_THROW(EnginePort({.batch = 1}).apply({.batch = 0}), InvalidArgument);
}

TEST(EnginePort, ServingThreadsNeverSeeHalfASetting) {
  EnginePort port({.batch = 1, .level = 1.0});
  std::atomic<bool> ends{false}, torn{false};
  std::vector<std::thread> engines;
  for (int i = 0; i < 3; ++i) {
    engines.emplace_back([&, engine = port]() mutable {
      while (!ends) {
        const EnginePort::Batch batch = engine.begin_batch();
        if (batch.setting.level != batch.setting.batch) torn = true;
        engine.on_batch_done(batch, 1, 0.0);
        engine.on_latency(0.001);
      }
    });
  }
  std::size_t seen = 0;
  for (std::uint32_t i = 1; i <= 2000 || seen == 0; ++i) {
    port.apply({.batch = i, .level = static_cast<double>(i)});
    Collected c;
    port.collect(c);
    for (const BatchReport& r : c.batches) torn = torn || r.level != r.limit;
    seen += c.batches.size() + c.lost;
  }
  ends = true;
  for (std::thread& t : engines) t.join();
  EXPECT_FALSE(torn);
  EXPECT_GT(seen, 0u);
}

TEST(Ring, KeepsTheOrderOfEachWriterAndLosesNothing) {
  detail::Ring<std::uint64_t> ring(64);
  constexpr std::uint64_t each = 20000;
  std::vector<std::thread> writers;
  for (std::uint64_t w = 0; w < 3; ++w) {
    writers.emplace_back([&, w] {
      for (std::uint64_t i = 0; i < each; ++i) {
        while (!ring.push(w * each + i)) std::this_thread::yield();
      }
    });
  }
  std::vector<std::uint64_t> next{0, 0, 0};
  for (std::uint64_t n = 0; n < 3 * each;) {
    std::uint64_t item = 0;
    if (!ring.pop(item)) continue;
    EXPECT_EQ(item % each, next[item / each]++);
    ++n;
  }
  for (std::thread& t : writers) t.join();
}

}  // namespace
}  // namespace bayestuner::control
