#pragma once

#include <memory>
#include <string>
#include <utility>

#include "bayestuner/meter/concepts.hpp"

namespace bayestuner::meter {

/// Any model of Meter behind one type; movable.
class AnyMeter {
 public:
  template <class M>
    requires(!std::same_as<std::remove_cvref_t<M>, AnyMeter> && Meter<std::remove_cvref_t<M>>)
  AnyMeter(M meter) : meter_(std::make_unique<Model<M>>(std::move(meter))) {}  // NOLINT: a meter is an AnyMeter
  /// Refuses, in words, a class that has some of a meter's members but is none.
  template <class M>
    requires(!std::same_as<std::remove_cvref_t<M>, AnyMeter> && !Meter<M> &&
             (
                 requires(M m, const Target& t) { m.begin(t); } || requires(M m) { m.sample(); }))
  AnyMeter(const M&) {  // NOLINT: never made
    static_assert(Meter<M>, "AnyMeter: this class is no Meter: see bayestuner/meter/concepts.hpp");
  }

  std::string name() const { return meter_->name(); }
  Description describe() const { return meter_->describe(); }
  Availability availability() const { return meter_->availability(); }
  void begin(const Target& target) { meter_->begin(target); }
  void sample() { meter_->sample(); }
  Metrics end() { return meter_->end(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual std::string name() const = 0;
    virtual Description describe() const = 0;
    virtual Availability availability() const = 0;
    virtual void begin(const Target& target) = 0;
    virtual void sample() = 0;
    virtual Metrics end() = 0;
  };
  template <class M>
  struct Model final : Base {
    explicit Model(M m) : meter(std::move(m)) {}
    std::string name() const override { return meter.name(); }
    Description describe() const override { return meter.describe(); }
    Availability availability() const override { return meter.availability(); }
    void begin(const Target& target) override { meter.begin(target); }
    void sample() override { meter.sample(); }
    Metrics end() override { return meter.end(); }
    M meter;
  };
  std::unique_ptr<Base> meter_;
};
static_assert(Meter<AnyMeter>);

}  // namespace bayestuner::meter
