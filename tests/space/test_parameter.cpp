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
}

}  // namespace
}  // namespace bayestuner::space
