#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "bayestuner/control/server_port.hpp"

namespace bayestuner::control {

/// A batch server in this process. Copies are handles of one thing: the serving threads keep one, the loop another.
/// The engine's half never throws, waits or allocates, and may be called from any number of threads:
///
///     for (;;) {
///       const EnginePort::Batch batch = port.begin_batch();     // at a batch boundary
///       // take up to batch.setting.batch requests, run them with batch.setting.level
///       port.on_batch_done(batch, size, queue_length);
///     }
class EnginePort {
 public:
  /// What the next batch runs with.
  struct Batch {
    ServerSetting setting;
    bool first = false;    ///< first one after a change
    double begin_s = 0.0;  ///< when it was asked for
  };

  /// `initial`: served with before the control begins and after it ends. `capacity`: reports that may wait to be
  /// collected; more are counted as lost. Throws InvalidArgument for a batch of 0.
  explicit EnginePort(ServerSetting initial, std::size_t capacity = 4096);

  // The engine's half.
  /// Call it when the requests are there: the time from here to on_batch_done() is the batch's.
  Batch begin_batch() noexcept;
  /// `size`: requests really in it. `queue_length`: requests left waiting; NaN: not known. `failed`: errors for
  /// answers.
  void on_batch_done(const Batch& batch, std::uint32_t size, double queue_length, bool failed = false) noexcept;
  /// From arrival to answer, s; a value that is no number or negative is left out.
  void on_latency(double latency_s) noexcept;
  /// Requests that came in.
  void on_arrivals(std::uint32_t requests) noexcept;
  /// What the next batch would be served with.
  ServerSetting setting() const noexcept;

  // The loop's half.
  void apply(const ServerSetting& setting);
  ServerSetting in_force() { return setting(); }
  void collect(Collected& collected);
  void release() noexcept;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};
static_assert(BatchServerPort<EnginePort>);

}  // namespace bayestuner::control
