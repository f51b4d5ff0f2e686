#pragma once
/// Type erasure for controllers: what a loop holds, whatever the user chose.

#include <memory>
#include <type_traits>
#include <utility>

#include "bayestuner/control/concepts.hpp"

namespace bayestuner::control {

/// Any model of Controller by value; a copy goes its own way. Making and copying allocates, stepping does not.
class AnyController {
 public:
  template <class C>
    requires(!std::same_as<std::remove_cvref_t<C>, AnyController> && Controller<C>)
  AnyController(C controller) : self_(std::make_unique<Model<C>>(std::move(controller))) {}  // NOLINT: meant to convert

  /// Refuses, in words, a class that has some step() but is no controller.
  template <class C>
    requires(!std::same_as<std::remove_cvref_t<C>, AnyController> && !Controller<C> &&
             requires(C c, const Measurement& m) { c.step(m); })
  AnyController(const C&) {  // NOLINT: never made
    static_assert(Controller<C>, "AnyController: this class is no Controller: see bayestuner/control/concepts.hpp");
  }

  AnyController(const AnyController& other) : self_(other.self_->clone()) {}
  AnyController(AnyController&&) noexcept = default;
  AnyController& operator=(AnyController other) noexcept {
    self_ = std::move(other.self_);
    return *this;
  }
  ~AnyController() = default;

  const KnobGrid& grid() const noexcept { return self_->grid(); }
  Setting setting() const noexcept { return self_->setting(); }
  Decision step(const Measurement& m) noexcept { return self_->step(m); }
  void on_limits(const Limits& limits) noexcept { self_->on_limits(limits); }
  Decision on_tick(double now_s) noexcept { return self_->on_tick(now_s); }
  std::size_t snapshot(std::span<std::byte> out) const noexcept { return self_->snapshot(out); }
  bool restore(std::span<const std::byte> in) noexcept { return self_->restore(in); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::unique_ptr<Interface> clone() const = 0;
    virtual const KnobGrid& grid() const noexcept = 0;
    virtual Setting setting() const noexcept = 0;
    virtual Decision step(const Measurement& m) noexcept = 0;
    virtual void on_limits(const Limits& limits) noexcept = 0;
    virtual Decision on_tick(double now_s) noexcept = 0;
    virtual std::size_t snapshot(std::span<std::byte> out) const noexcept = 0;
    virtual bool restore(std::span<const std::byte> in) noexcept = 0;
  };

  template <class C>
  struct Model final : Interface {
    explicit Model(C controller) : model(std::move(controller)) {}
    std::unique_ptr<Interface> clone() const override { return std::make_unique<Model>(model); }
    const KnobGrid& grid() const noexcept override { return model.grid(); }
    Setting setting() const noexcept override { return model.setting(); }
    Decision step(const Measurement& m) noexcept override { return model.step(m); }
    void on_limits(const Limits& limits) noexcept override { model.on_limits(limits); }
    Decision on_tick(double now_s) noexcept override { return model.on_tick(now_s); }
    std::size_t snapshot(std::span<std::byte> out) const noexcept override { return model.snapshot(out); }
    bool restore(std::span<const std::byte> in) noexcept override { return model.restore(in); }
    C model;
  };

  std::unique_ptr<Interface> self_;
};

static_assert(Controller<AnyController>);

}  // namespace bayestuner::control
