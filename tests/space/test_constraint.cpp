#include "bayestuner/space/constraint.hpp"

#include <gtest/gtest.h>

#include "bayestuner/space/dynamic_space.hpp"

namespace bayestuner::space {
namespace {

bool holds(const std::string& text, double a, double b) {
  const detail::Expression e(text);
  std::vector<detail::Operand> values;
  for (const std::string& name : e.names()) values.push_back({name == "a" ? a : b});
  return e.holds(values.data());
}

TEST(Constraint, FollowsTheUsualPrecedence) {
  EXPECT_TRUE(holds("a + b * 2 == 8", 2, 3));
  EXPECT_TRUE(holds("-a ** 2 == -4", 2, 0));
  EXPECT_TRUE(holds("2 ** 3 ** 2 == a", 512, 0));
  EXPECT_TRUE(holds("1 < a <= 2 < b", 2, 3));
  EXPECT_FALSE(holds("1 < a <= 2 < b", 2, 2));
  EXPECT_TRUE(holds("not a > 1 and b == 1 or a == 5", 5, 0));
  EXPECT_TRUE(holds("a not in (1, 2) and b in [3, 4]", 5, 3));
  EXPECT_TRUE(holds("min(a, b, 7) == 3 and max(a, 4) == 4 and abs(0 - a) == 3", 3, 9));
  EXPECT_TRUE(holds("is_power_of_two(a) and not is_power_of_two(b) and log2(a) == 6", 64, 48));
  EXPECT_TRUE(holds("a % 3 == 1 && b / 4 == .5 || false", 7, 2));
  EXPECT_TRUE(holds("a != b", 1, 2));
}

TEST(Constraint, ComparesLabels) {
  const DynamicSpace s({categorical("runtime", {"ort", "tvm"}), integer("threads", 1, 4)},
                       {"runtime == 'ort' or threads == 1"});
  EXPECT_EQ(s.count(), 5u);
  EXPECT_THROW(DynamicSpace({categorical("runtime", {"ort", "tvm"})}, {"runtime > 1"}), InvalidArgument);
}

TEST(Constraint, SaysWhereItStopsMakingSense) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      Constraint c(text);
    } catch (const InvalidArgument& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message("a > "), "constraint 'a > ': column 5: ends too early");
  EXPECT_EQ(message("a > 1 )"), "constraint 'a > 1 )': column 7: unexpected ')'");
  EXPECT_EQ(message("sin(a) > 1"), "constraint 'sin(a) > 1': column 5: no function 'sin'");
  EXPECT_EQ(message("1 < 2"), "constraint '1 < 2': column 6: names no parameter");
  EXPECT_EQ(message("a == 'x"), "constraint 'a == 'x': column 6: text without a closing quote");
  EXPECT_NE(message(std::string(10'000, '(') + "a"), "accepted");
  EXPECT_NE(message(std::string(10'000, '-') + "a > 1"), "accepted");
}

TEST(Constraint, TakesAnyPredicate) {
  int calls = 0;
  const Constraint even([&calls](const Configuration& c) { return ++calls, c.get<int>("a") % 2 == 0; }, {"a"},
                        "even a");
  EXPECT_EQ(DynamicSpace({integer("a", 1, 10), integer("b", 1, 1000)}, {even}).count(), 5000u);
  EXPECT_EQ(calls, 10);  // once a level: b is not read
}

}  // namespace
}  // namespace bayestuner::space
