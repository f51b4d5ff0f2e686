#include "bayestuner/control/engine_port.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "bayestuner/control/detail/ring.hpp"
#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::control {

namespace {
constexpr std::size_t most_running = 64;  // batches side by side whose age is watched
constexpr double not_running = 0.0;
}  // namespace

struct EnginePort::Shared {
  Shared(ServerSetting setting, std::size_t capacity) : initial(setting), reports(capacity), latencies(16 * capacity) {
    put(setting);
  }

  // Batch and instances share a word and the level has one of its own; `version` tells a reader that both belong
  // together (a sequence lock whose writer is the loop alone).
  void put(const ServerSetting& s) noexcept {
    version.fetch_add(1, std::memory_order_acq_rel);
    counts.store((std::uint64_t{s.instances} << 32) | s.batch, std::memory_order_release);
    level.store(s.level, std::memory_order_release);
    version.fetch_add(1, std::memory_order_acq_rel);
  }
  ServerSetting get(std::uint64_t& seen) const noexcept {
    for (;;) {
      seen = version.load(std::memory_order_acquire);
      const std::uint64_t both = counts.load(std::memory_order_acquire);
      const double value = level.load(std::memory_order_acquire);
      if (seen % 2 == 0 && version.load(std::memory_order_acquire) == seen) {
        return {static_cast<std::uint32_t>(both), value, static_cast<std::uint16_t>(both >> 32)};
      }
    }
  }

  const ServerSetting initial;
  std::atomic<std::uint64_t> version{0}, counts{0}, used{~std::uint64_t{0}}, lost{0}, arrivals{0};
  std::atomic<double> level{0.0};
  std::atomic<bool> counts_arrivals{false};
  std::array<std::atomic<double>, most_running> running{};
  detail::Ring<BatchReport> reports;
  detail::Ring<float> latencies;
};

EnginePort::EnginePort(ServerSetting initial, std::size_t capacity) {
  if (initial.batch == 0) throw InvalidArgument("initial: a batch of 0 requests; 1 or more are allowed");
  shared_ = std::make_shared<Shared>(initial, capacity);
}

EnginePort::Batch EnginePort::begin_batch() noexcept {
  Batch batch;
  std::uint64_t version = 0;
  batch.setting = shared_->get(version);
  batch.first = shared_->used.exchange(version, std::memory_order_acq_rel) != version;
  batch.begin_s = monotonic_s();
  for (auto& slot : shared_->running) {
    double free = not_running;
    if (slot.compare_exchange_strong(free, batch.begin_s, std::memory_order_acq_rel)) break;
  }
  return batch;
}

void EnginePort::on_batch_done(const Batch& batch, std::uint32_t size, double queue_length, bool failed) noexcept {
  for (auto& slot : shared_->running) {
    double begin = batch.begin_s;
    if (slot.compare_exchange_strong(begin, not_running, std::memory_order_acq_rel)) break;
  }
  const BatchReport report{.begin_s = batch.begin_s,
                           .end_s = monotonic_s(),
                           .size = size,
                           .limit = batch.setting.batch,
                           .level = batch.setting.level,
                           .first = batch.first,
                           .failed = failed,
                           .queue_length = queue_length};
  if (!shared_->reports.push(report)) shared_->lost.fetch_add(1, std::memory_order_relaxed);
}

void EnginePort::on_latency(double latency_s) noexcept {
  if (latency_s >= 0.0) static_cast<void>(shared_->latencies.push(static_cast<float>(latency_s)));
}

void EnginePort::on_arrivals(std::uint32_t requests) noexcept {
  shared_->arrivals.fetch_add(requests, std::memory_order_relaxed);
  shared_->counts_arrivals.store(true, std::memory_order_relaxed);
}

ServerSetting EnginePort::setting() const noexcept {
  std::uint64_t version = 0;
  return shared_->get(version);
}

void EnginePort::apply(const ServerSetting& setting) {
  if (setting.batch == 0) throw InvalidArgument("batch: 0 requests; 1 or more are allowed");
  if (!(setting == this->setting())) shared_->put(setting);
}

void EnginePort::collect(Collected& collected) {
  BatchReport report;
  while (shared_->reports.pop(report)) collected.batches.push_back(report);
  std::sort(collected.batches.begin(), collected.batches.end(),
            [](const BatchReport& a, const BatchReport& b) { return a.end_s < b.end_s; });
  float latency = 0.0F;
  while (shared_->latencies.pop(latency)) collected.latencies_s.push_back(latency);
  collected.lost = shared_->lost.exchange(0, std::memory_order_relaxed);
  for (const auto& slot : shared_->running) {
    const double begin = slot.load(std::memory_order_acquire);
    if (begin != not_running && !(begin >= collected.running_since_s)) collected.running_since_s = begin;
  }
  if (!collected.batches.empty()) collected.queue_length = collected.batches.back().queue_length;
  if (shared_->counts_arrivals.load(std::memory_order_relaxed)) {
    collected.arrivals = static_cast<double>(shared_->arrivals.load(std::memory_order_relaxed));
  }
}

void EnginePort::release() noexcept {
  if (!(shared_->initial == setting())) shared_->put(shared_->initial);
}

}  // namespace bayestuner::control
