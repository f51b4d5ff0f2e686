#pragma once

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::conformance {

/// Some values of `parameter`: all of few levels, else the ends and the middle.
inline std::vector<space::Value> some_values(const space::Parameter& parameter) {
  std::vector<space::Value> values;
  if (parameter.is_finite() && parameter.level_count() <= 16) {
    for (std::int64_t i = 0; i < parameter.level_count(); ++i)
      values.push_back(parameter.value(static_cast<double>(i)));
  } else {
    for (const double at : {0.0, 0.5, 1.0}) values.push_back(parameter.value(parameter.code_at(at)));
  }
  return values;
}

/// What Session relies on for any available knob: a plan for every allowed value, the same each time, made without
/// touching the machine; a refusal in words for others.
inline void expect_contract(const knob::Knob auto& k) {
  const space::Parameter parameter = k.parameter();
  EXPECT_EQ(std::string(k.name()), parameter.name());
  const knob::Description description = k.describe();
  EXPECT_FALSE(description.kind.empty());
  EXPECT_FALSE(description.mechanism.empty());
  EXPECT_FALSE(description.allowed.empty());
  EXPECT_FALSE(description.privilege.empty());
  const Availability availability = k.availability();
  if (!availability) {
    EXPECT_FALSE(availability.reason().empty());
    EXPECT_THROW(k.plan(some_values(parameter).front()), DeviceError);
    return;
  }
  for (const space::Value& value : some_values(parameter)) {
    const knob::Plan plan = k.plan(value);
    EXPECT_EQ(plan.knob, parameter.name());
    EXPECT_TRUE(space::values_equal(plan.value, value));
    ASSERT_FALSE(plan.writes.empty());
    EXPECT_EQ(plan.to_text(), k.plan(value).to_text());
    for (const knob::PrimitiveWrite& write : plan.writes) {
      EXPECT_FALSE(write.action == knob::Action::write_file && write.value.empty()) << "an empty write does nothing";
    }
  }
  EXPECT_THROW(k.plan(space::Value(std::string("no such value"))), InvalidArgument);
  if (parameter.is_numeric()) {
    EXPECT_THROW(k.plan(space::Value(parameter.high() + 1.0)), InvalidArgument);
    EXPECT_THROW(k.plan(space::Value(parameter.low() - 1.0)), InvalidArgument);
    EXPECT_THROW(k.plan(space::Value(std::numeric_limits<double>::quiet_NaN())), InvalidArgument);
  }
}

}  // namespace bayestuner::conformance
