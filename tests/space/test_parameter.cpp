#include "bayestuner/space/parameter.hpp"

#include <gtest/gtest.h>

namespace bayestuner::space {
namespace {

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const InvalidArgument& e) {
    return e.what();
  }
  return "accepted";
}

TEST(Parameter, CodesAndValuesAreInverse) {
  const std::vector<Parameter> all{integer("i", -3, 20, {.step = 4}),
                                   integer("p", 1, 300, {.scale = Scale::power_of_two}),
                                   ordinal("o", {0.5, 1, 8}),
                                   categorical("c", {"x", "y", "z"}),
                                   boolean("b"),
                                   real("r", 0.0, 1.0, {.step = 0.1})};
  for (const Parameter& p : all) {
    for (std::int64_t l = 0; l < p.level_count(); ++l) {
      const double code = static_cast<double>(l);
      EXPECT_EQ(p.code(p.value(code)), code) << p.name();
      EXPECT_EQ(p.code_at(p.coordinate(code)), code) << p.name();
    }
  }
  EXPECT_EQ(all[1].level_count(), 9);  // 1 … 256
  EXPECT_EQ(std::get<std::int64_t>(all[1].value(8)), 256);
}

TEST(Parameter, AutomaticScaleIsLogarithmicForWideRanges) {
  EXPECT_NEAR(integer("batch", 1, 64).coordinate(7), 0.5, 1e-12);  // 8 = sqrt(64)
  EXPECT_NEAR(integer("cores", 1, 7).coordinate(3), 0.5, 1e-12);   // ratio below 8: linear
  EXPECT_NEAR(integer("zero", 0, 64).coordinate(32), 0.5, 1e-12);  // no logarithm of 0
  EXPECT_NEAR(ordinal("two", {1, 100}).coordinate(1), 1.0, 1e-12);
}

TEST(Parameter, StepsAreTheDecimalsThatOneWouldWrite) {
  const Parameter tenths = real("r", 0.0, 1.0, {.step = 0.1});
  EXPECT_EQ(std::get<double>(tenths.value(3)), 0.3);
  EXPECT_EQ(to_text(tenths.value(7)), "0.7");
  EXPECT_EQ(tenths.high(), 1.0);
  EXPECT_EQ(to_text(real("r", -0.5, 2.0, {.step = 0.05}).value(13)), "0.15");
  EXPECT_EQ(real("r", 0.0, 1.0, {.step = 0.3}).high(), 0.9);
  const Parameter third = real("r", 0.0, 1.0, {.step = 1.0 / 3.0});
  EXPECT_EQ(third.level_count(), 4);
  EXPECT_EQ(third.code(1.0), 3.0);
}

TEST(Parameter, ScalesOfAnyRangeStayOnTheAxis) {
  const Parameter wide = real("r", 1e-300, 1e300);
  EXPECT_NEAR(wide.coordinate(1.0), 0.5, 1e-12);
  EXPECT_NEAR(std::log10(wide.code_at(0.75)), 150.0, 1e-6);
  const Parameter batch = integer("batch", 1, 64, {.scale = Scale::power_of_two});
  EXPECT_EQ(batch.coordinate_of(8.0), batch.coordinate(3.0));
  EXPECT_EQ(batch.coordinate_of(1e9), 1.0);
  EXPECT_EQ(batch.coordinate_of(-1.0), 0.0);
  EXPECT_EQ(ordinal("o", {1, 2, 100}, {.scale = Scale::rank}).coordinate_of(90), 1.0);
}

TEST(Parameter, RefusesInOneClearLine) {
  EXPECT_EQ(refusal([] { integer("cores", 16, 1); }), "cores: bounds [16, 1] are the wrong way round");
  EXPECT_EQ(refusal([] { (void)integer("cores", 1, 16).require_code(std::int64_t{64}); }),
            "cores: 64 is outside [1, 16]");
  EXPECT_EQ(refusal([] { categorical("c", {"a", "a"}); }), "c: label 'a' stands twice");
  EXPECT_EQ(refusal([] { ordinal("o", {1, 1}); }), "o: levels must increase, but 1 follows 1");
  EXPECT_EQ(refusal([] { (void)categorical("c", {"a", "b"}).require_code(std::string("x")); }), "c: x is none of a, b");
  EXPECT_NE(refusal([] { real("r", 0.0, std::numeric_limits<double>::infinity()); }), "accepted");
  EXPECT_NE(refusal([] { real("r", 0.0, 1.0, {.scale = Scale::log}); }), "accepted");
  EXPECT_NE(refusal([] { integer("i", 1, 4, {.step = 0}); }), "accepted");
  const double nan = std::nan("");
  EXPECT_EQ(refusal([&] { real("r", nan, 1.0); }), "r: bounds [nan, 1] must be finite and in order");
  EXPECT_EQ(refusal([&] { real("r", 2.0, 1.0); }), "r: bounds [2, 1] must be finite and in order");
  EXPECT_EQ(refusal([&] { real("r", -1e308, 1e308); }), "r: bounds [-1e+308, 1e+308] are too far apart");
  EXPECT_EQ(refusal([&] { real("r", 0.0, 1.0, {.step = nan}); }), "r: step nan must be positive, or 0 for none");
  EXPECT_EQ(refusal([&] { real("r", 0.0, 1.0, {.step = 7.0}); }), "r: step 7 is larger than the range [0, 1]");
  EXPECT_EQ(refusal([&] { real("r", 0.0, 1.0, {.step = 1e-300}); }), "r: step 1e-300 gives too many levels");
  EXPECT_EQ(refusal([] { integer("i", 0, 10, {.step = INT64_MAX}); }),
            "i: step 9223372036854775807 is larger than the range [0, 10]");
  EXPECT_EQ(refusal([] { integer("i", INT64_MIN, INT64_MAX); }), "i: bounds must lie within ±2^53");
  EXPECT_EQ(refusal([] { integer("i", -(1LL << 53), 1LL << 53); }), "i: there are more than 2^53 levels");
  EXPECT_EQ(refusal([] { integer("i", 1, 64, {.scale = Scale::power_of_two, .step = 3}); }),
            "i: power_of_two takes no step");
  EXPECT_EQ(refusal([] { integer("i", 5, 7, {.scale = Scale::power_of_two}); }), "i: no power of two in [5, 7]");
  EXPECT_EQ(refusal([&] { ordinal("o", {1, nan}); }), "o: level nan is not finite");
  EXPECT_EQ(refusal([] { categorical("c", {}); }), "c: labels is empty");
  EXPECT_EQ(refusal([] { boolean(""); }), "name: a parameter needs one");
}

}  // namespace
}  // namespace bayestuner::space
