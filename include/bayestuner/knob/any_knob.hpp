#pragma once

#include <memory>
#include <string>
#include <utility>

#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::knob {

/// Any model of Knob behind one type; copies share the knob, which does not change.
class AnyKnob {
 public:
  template <class K>
    requires(!std::same_as<std::remove_cvref_t<K>, AnyKnob> && Knob<std::remove_cvref_t<K>>)
  AnyKnob(K knob)  // NOLINT(google-explicit-constructor): a knob is an AnyKnob
      : knob_(std::make_shared<const Model<K>>(std::move(knob))) {}
  /// Refuses, in words, a class that has some of a knob's members but is none.
  template <class K>
    requires(!std::same_as<std::remove_cvref_t<K>, AnyKnob> && !Knob<K> &&
             (
                 requires(const K k) { k.parameter(); } || requires(const K k, const space::Value& v) { k.plan(v); }))
  AnyKnob(const K&) {  // NOLINT: never made
    static_assert(Knob<K>, "AnyKnob: this class is no Knob: see bayestuner/knob/concepts.hpp");
  }

  std::string name() const { return knob_->name(); }
  Description describe() const { return knob_->describe(); }
  Availability availability() const { return knob_->availability(); }
  space::Parameter parameter() const { return knob_->parameter(); }
  Plan plan(const space::Value& value) const { return knob_->plan(value); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual std::string name() const = 0;
    virtual Description describe() const = 0;
    virtual Availability availability() const = 0;
    virtual space::Parameter parameter() const = 0;
    virtual Plan plan(const space::Value& value) const = 0;
  };
  template <class K>
  struct Model final : Base {
    explicit Model(K k) : knob(std::move(k)) {}
    std::string name() const override { return knob.name(); }
    Description describe() const override { return knob.describe(); }
    Availability availability() const override { return knob.availability(); }
    space::Parameter parameter() const override { return knob.parameter(); }
    Plan plan(const space::Value& value) const override { return knob.plan(value); }
    K knob;
  };
  std::shared_ptr<const Base> knob_;
};
static_assert(Knob<AnyKnob>);

}  // namespace bayestuner::knob
