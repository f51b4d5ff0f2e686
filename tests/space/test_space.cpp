#include "bayestuner/space/space.hpp"

#include <gtest/gtest.h>

#include <map>
#include <ranges>

#include "bayestuner/conformance/search_space.hpp"

namespace bayestuner::space {
namespace {

enum class Precision { fp32, fp16 };

// One of everything, and the same by hand.
auto everything() {
  return Space{integer<"cores">(1, 28),
               ordinal<"memory_gb">({1, 2, 4, 8}),
               categorical<"precision", Precision>({{Precision::fp32, "fp32"}, {Precision::fp16, "fp16"}}),
               categorical<"runtime">({"ort", "openvino", "tvm"}),
               integer<"threads">(1, 4).when<"runtime">("ort", "tvm"),
               boolean<"spin">().when<"threads">(2, 4),
               real<"ratio">(0.5, 1.0, {.step = 0.25}),
               rule<"cores", "memory_gb">([](int cores, int gb) { return cores <= 4 * gb; }, "cores <= 4 * memory_gb"),
               "cores % 4 == 0"};
}
DynamicSpace everything_by_hand() {
  return DynamicSpace(
      {integer("cores", 1, 28), ordinal("memory_gb", {1, 2, 4, 8}), categorical("precision", {"fp32", "fp16"}),
       categorical("runtime", {"ort", "openvino", "tvm"}),
       integer("threads", 1, 4).when("runtime", {std::string("ort"), std::string("tvm")}),
       boolean("spin").when("threads", {std::int64_t{2}, std::int64_t{4}}), real("ratio", 0.5, 1.0, {.step = 0.25})},
      {"cores <= 4 * memory_gb", "cores % 4 == 0"});
}

TEST(Space, GivesEveryValueInItsOwnType) {
  const Space knobs = everything();
  using Config = decltype(knobs)::configuration_type;
  static_assert(std::same_as<decltype(std::declval<Config>().get<"cores">()), int>);
  static_assert(std::same_as<decltype(std::declval<Config>().get<"memory_gb">()), int>);
  static_assert(std::same_as<decltype(std::declval<Config>().get<"precision">()), Precision>);
  static_assert(std::same_as<decltype(std::declval<Config>().get<"runtime">()), std::string>);
  static_assert(std::same_as<decltype(std::declval<Config>().get<"threads">()), std::optional<int>>);
  static_assert(std::same_as<decltype(std::declval<Config>().get<"spin">()), std::optional<bool>>);
  static_assert(std::same_as<decltype(std::declval<Config>().get<"ratio">()), double>);
  static_assert(std::same_as<decltype(integer<"n">(std::uint8_t{1}, 7L))::value_type, long>);
  static_assert(std::same_as<decltype(ordinal<"o">({0.5, 1.0}))::value_type, double>);

  const auto config =
      knobs.configuration(set<"memory_gb">(4), set<"cores">(16), set<"precision">(Precision::fp16),
                          set<"runtime">("ort"), set<"threads">(2), set<"spin">(true), set<"ratio">(0.75));
  EXPECT_EQ(config.get<"cores">(), 16);
  EXPECT_EQ(config.get<"memory_gb">(), 4);
  EXPECT_EQ(config.get<"precision">(), Precision::fp16);
  EXPECT_EQ(config.get<"runtime">(), "ort");
  EXPECT_EQ(config.get<"threads">(), 2);
  EXPECT_EQ(config.get<"spin">(), true);
  EXPECT_EQ(get<"ratio">(config), 0.75);
  EXPECT_EQ(config.to_text(), "cores=16 memory_gb=4 precision=fp16 runtime=ort threads=2 spin=true ratio=0.75");
}

TEST(Space, InactiveValuesAreEmpty) {
  const Space knobs = everything();
  const auto off = knobs.configuration(set<"cores">(4), set<"memory_gb">(1), set<"precision">(Precision::fp32),
                                       set<"runtime">("openvino"), set<"ratio">(1));
  EXPECT_EQ(off.get<"threads">(), std::nullopt);
  EXPECT_EQ(off.get<"spin">(), std::nullopt);
  EXPECT_FALSE(off.dynamic().contains("threads"));
  EXPECT_THROW(knobs.configuration(set<"cores">(4), set<"memory_gb">(1), set<"precision">(Precision::fp32),
                                   set<"runtime">("openvino"), set<"ratio">(1), set<"threads">(2)),
               InvalidArgument);
}

TEST(Space, IsTheSpaceThatOneWouldWriteByHand) {
  const Space knobs = everything();
  const DynamicSpace by_hand = everything_by_hand();
  EXPECT_EQ(knobs.fingerprint().substr(0, knobs.fingerprint().find("constraints")),
            by_hand.fingerprint().substr(0, by_hand.fingerprint().find("constraints")));
  ASSERT_EQ(knobs.count(), by_hand.count());
  Random one(5), other(5);
  for (std::uint64_t i = 0; i < *knobs.count(); ++i) {
    const auto config = knobs.at(i);
    EXPECT_TRUE(same_point(config.point(), by_hand.at(i)));
    EXPECT_EQ(knobs.index_of(config), i);
    EXPECT_EQ(config.dynamic(), by_hand.configuration(by_hand.at(i)));
    EXPECT_EQ(knobs.typed(config.dynamic()), config);
    EXPECT_TRUE(same_point(knobs.sample(one).point(), by_hand.sample(other)));
    const auto near = knobs.neighbours(config);
    const auto near_by_hand = by_hand.neighbours(config.point());
    ASSERT_EQ(near.size(), near_by_hand.size());
    for (std::size_t k = 0; k < near.size(); ++k) EXPECT_TRUE(same_point(near[k].point(), near_by_hand[k]));
  }
  const std::vector<decltype(knobs)::configuration_type> rows{knobs.at(3), knobs.at(11)};
  const std::vector<Point> points{by_hand.at(3), by_hand.at(11)};
  EXPECT_EQ(knobs.encode(rows), by_hand.encode(points));
  EXPECT_EQ(knobs.encode_for_trees(rows).array().isNaN().count(),
            by_hand.encode_for_trees(points).array().isNaN().count());
  const Eigen::VectorXd wanted = Eigen::VectorXd::Constant(7, 0.3);
  EXPECT_TRUE(same_point(knobs.nearest(wanted).point(), by_hand.nearest(wanted)));
  std::uint64_t seen = 0;
  for (const auto& config : knobs.enumerate()) seen += config.get<"cores">() % 4 == 0;
  EXPECT_EQ(seen, *knobs.count());
}

TEST(Space, MeetsTheContract) {
  conformance::expect_search_space(everything());
  conformance::expect_search_space(Space{real<"x">(0.0, 1.0), real<"y">(0.1, 10.0), boolean<"b">(),
                                         rule<"x", "y">([](double x, double y) { return x <= y; })});
  const Space knobs = everything();
  conformance::expect_search_space(knobs.pool({knobs.at(0), knobs.at(7), knobs.at(7)}));
  EXPECT_EQ(knobs.pool({knobs.at(0), knobs.at(7), knobs.at(7)}).count(), 2u);
}

TEST(Space, TakesPredicatesOverWholeConfigurations) {
  const Space knobs{integer<"a">(1, 6), integer<"b">(1, 4).when<"a">(1, 2),
                    rule([](const auto& c) { return get<"b">(c).value_or(1) < 3; }, "b < 3")};
  EXPECT_EQ(knobs.count(), 8u);  // a = 1, 2 with b = 1, 2; a = 3 … 6 without
  EXPECT_THROW(knobs.typed(Configuration{{"a", std::int64_t{1}}, {"b", std::int64_t{4}}}), InvalidArgument);
}

TEST(Space, RulesTieOnlyWhatTheyName) {
  int calls = 0;
  const Space knobs{integer<"a">(1, 10), integer<"b">(1, 1000000),
                    rule<"a">([&calls](int a) { return ++calls, a % 2 == 0; })};
  EXPECT_EQ(knobs.count(), 5'000'000u);
  EXPECT_EQ(calls, 10);
}

TEST(Space, ReadsTrialsAndOutlivesItsSpace) {
  struct Trial {
    Configuration params;
  };
  const auto config = [] {
    const Space knobs{integer<"cores">(1, 28), categorical<"runtime">({"ort", "tvm"})};
    return knobs.typed(Trial{{{"runtime", std::string("tvm")}, {"cores", std::int64_t{3}}}});
  }();
  EXPECT_EQ(config.get<"runtime">(), "tvm");
  EXPECT_EQ(config.get<"cores">(), 3);
}

TEST(Space, RefusesInOneClearLine) {
  const auto refusal = [](auto f) -> std::string {
    try {
      f();
    } catch (const InvalidArgument& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(refusal([] { Space{integer<"cores">(16, 1)}; }), "cores: bounds [16, 1] are the wrong way round");
  EXPECT_EQ(refusal([] { Space{integer<"n">(1u, ~0ull)}; }), "n: bounds must lie within ±2^53");
  EXPECT_EQ(refusal([] { Space{integer<"a">(1, 3), "a > 4"}; }), "space: empty, no configuration satisfies 'a > 4'");
  EXPECT_EQ(refusal([] {
              Space{integer<"a">(1, 3), rule<"a">([](int) { return false; }, "never")};
            }),
            "space: empty, no configuration satisfies 'never'");
  EXPECT_EQ(refusal([] {
              categorical<"p", Precision>({{Precision::fp32, "a"}, {Precision::fp32, "b"}});
            }),
            "p: 'a' and 'b' stand for the same enumerator");
  EXPECT_EQ(refusal([] {
              const Space s{categorical<"p", Precision>({{Precision::fp32, "fp32"}})};
              (void)s.configuration(set<"p">(Precision::fp16));
            }),
            "p: enumerator 1 is none of its levels fp32");
  EXPECT_EQ(refusal([] {
              const Space s{integer<"cores">(1, 16)};
              (void)s.configuration(set<"cores">(64));
            }),
            "cores: 64 is outside [1, 16]");
}

}  // namespace
}  // namespace bayestuner::space
