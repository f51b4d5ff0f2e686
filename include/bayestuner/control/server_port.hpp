#pragma once
/// The side of a batch server that a control loop sees.

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "bayestuner/control/batch_report.hpp"

namespace bayestuner::control {

/// A server whose batches obey without a restart.
/// - `apply(s)`: from the next batch on serve with `s`; a batch under way finishes with the old setting.
/// - `in_force()`: what the next batch will be served with, as the server says: a write is a claim until read back.
/// - `collect(c)`: fills `c` with what happened since the last call.
/// - `release()`: the control ends: serve with what was in force before it began.
/// The first three throw WorkloadError where the server refuses or does not answer. All are called from one thread.
/// Models: EnginePort, HttpServerPort, AnyServerPort.
template <class P>
concept BatchServerPort = std::movable<P> && requires(P p, const ServerSetting& s, Collected& c) {
                                               p.apply(s);
                                               { p.in_force() } -> std::same_as<ServerSetting>;
                                               p.collect(c);
                                               { p.release() } noexcept;
                                             };

/// Any model of BatchServerPort behind one type; movable.
class AnyServerPort {
 public:
  template <class P>
    requires(!std::same_as<std::remove_cvref_t<P>, AnyServerPort> && BatchServerPort<std::remove_cvref_t<P>>)
  AnyServerPort(P port) : port_(std::make_unique<Model<P>>(std::move(port))) {}  // NOLINT: a port is an AnyServerPort

  void apply(const ServerSetting& setting) { port_->apply(setting); }
  ServerSetting in_force() { return port_->in_force(); }
  void collect(Collected& collected) { port_->collect(collected); }
  void release() noexcept { port_->release(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void apply(const ServerSetting& setting) = 0;
    virtual ServerSetting in_force() = 0;
    virtual void collect(Collected& collected) = 0;
    virtual void release() noexcept = 0;
  };
  template <class P>
  struct Model final : Base {
    explicit Model(P p) : port(std::move(p)) {}
    void apply(const ServerSetting& setting) override { port.apply(setting); }
    ServerSetting in_force() override { return port.in_force(); }
    void collect(Collected& collected) override { port.collect(collected); }
    void release() noexcept override { port.release(); }
    P port;
  };
  std::unique_ptr<Base> port_;
};
static_assert(BatchServerPort<AnyServerPort>);

}  // namespace bayestuner::control
