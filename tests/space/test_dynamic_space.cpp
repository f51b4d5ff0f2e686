#include "bayestuner/space/dynamic_space.hpp"

#include <gtest/gtest.h>

#include "bayestuner/conformance/search_space.hpp"

namespace bayestuner::space {
namespace {

std::string refusal(std::vector<Parameter> parameters, std::vector<Constraint> constraints = {}) {
  try {
    DynamicSpace(std::move(parameters), std::move(constraints));
  } catch (const InvalidArgument& e) {
    return e.what();
  }
  return "accepted";
}

DynamicSpace paper_space(std::vector<Constraint> constraints = {}) {
  return DynamicSpace({integer("cores", 1, 28), integer("memory_gb", 1, 8), integer("batch", 1, 32)},
                      std::move(constraints));
}

TEST(DynamicSpace, CountsThePapersConfigurations) {
  EXPECT_EQ(paper_space().count(), 7168u);
  std::uint64_t n = 0;
  for (const Point& p : paper_space().enumerate()) n += p.size() == 3;
  EXPECT_EQ(n, 7168u);
}

TEST(DynamicSpace, MeetsTheContractWhateverItIsMadeOf) {
  conformance::expect_search_space(paper_space({"batch <= 4 * cores", "memory_gb in (1, 2, 4, 8)"}));
  conformance::expect_search_space(
      DynamicSpace({categorical("runtime", {"ort", "openvino", "tvm"}),
                    integer("threads", 1, 4).when("runtime", {std::string("ort")}),
                    boolean("spin").when("threads", {std::int64_t{2}, std::int64_t{4}}), real("x", 0.1, 10.0)}));
  conformance::expect_search_space(
      DynamicSpace({real("x", 0, 1), real("y", 0, 1), integer("n", 1, 5)}, {"x + y <= 1 or n == 1"}));
  conformance::expect_search_space(DynamicSpace::pool({integer("a", 0, 9), categorical("b", {"u", "v"})},
                                                      {{{"a", std::int64_t{1}}, {"b", std::string("u")}},
                                                       {{"a", std::int64_t{1}}, {"b", std::string("u")}},
                                                       {{"a", std::int64_t{7}}, {"b", std::string("v")}}}));
}

TEST(DynamicSpace, EnumeratesExactlyWhatAPlainFilterFinds) {
  const DynamicSpace s = paper_space({Constraint("cores % 4 == 0 and batch * memory_gb <= 64")});
  std::uint64_t expected = 0;
  for (int c = 1; c <= 28; ++c) {
    for (int m = 1; m <= 8; ++m) {
      for (int b = 1; b <= 32; ++b) expected += c % 4 == 0 && b * m <= 64;
    }
  }
  EXPECT_EQ(s.count(), expected);
}

TEST(DynamicSpace, SamplesUniformlyUnderConstraints) {
  const DynamicSpace s({integer("a", 1, 6), integer("b", 1, 6)}, {"a + b == 7 or a == b"});
  ASSERT_EQ(s.count(), 12u);
  std::vector<double> hits(12);
  Random random(3);
  for (int i = 0; i < 12'000; ++i) ++hits[*s.index_of(s.sample(random))];
  double chi2 = 0.0;
  for (const double h : hits) chi2 += (h - 1000) * (h - 1000) / 1000;
  EXPECT_LT(chi2, 31.3);  // 99.9 % quantile, 11 degrees of freedom
}

TEST(DynamicSpace, AMillionConfigurationsTakeNoMemoryAndHugeProductsStillCount) {
  std::vector<Parameter> many;
  for (int i = 0; i < 6; ++i) many.push_back(integer("p" + std::to_string(i), 0, 9));
  const DynamicSpace million(many);
  ASSERT_EQ(million.count(), 1'000'000u);
  std::uint64_t n = 0;
  for (const Point& p : million.enumerate()) n += p[5] == 3.0;
  EXPECT_EQ(n, 100'000u);
  for (int i = 6; i < 18; ++i) many.push_back(integer("p" + std::to_string(i), 0, 9));
  const DynamicSpace huge(many, {"p0 < p1", "p2 + p3 <= 4"});
  EXPECT_EQ(huge.count(), 45u * 15u * 100'000'000'000'000u);
  Random random(1);
  EXPECT_TRUE(huge.contains(huge.sample(random)));
}

TEST(DynamicSpace, InactiveParametersAreAbsentAndCountOnce) {
  const DynamicSpace s({categorical("r", {"a", "b"}), integer("t", 1, 4).when("r", {std::string("b")})});
  EXPECT_EQ(s.count(), 5u);
  EXPECT_FALSE(s.configuration(s.at(0)).contains("t"));
  EXPECT_THROW((void)s.point({{"r", std::string("a")}, {"t", std::int64_t{2}}}), InvalidArgument);
  EXPECT_THROW((void)s.point({{"r", std::string("b")}}), InvalidArgument);
}

TEST(DynamicSpace, NearestIsTheNearest) {
  const DynamicSpace s = paper_space({"batch <= cores"});
  Random random(9);
  for (int i = 0; i < 20; ++i) {
    const Eigen::Vector3d wanted(random.uniform(), random.uniform(), random.uniform());
    const double found = (s.coordinates(s.nearest(wanted)) - wanted).squaredNorm();
    for (const Point& p : s.enumerate()) ASSERT_LE(found, (s.coordinates(p) - wanted).squaredNorm() + 1e-12);
  }
}

TEST(DynamicSpace, NearestTakesValuesThatAreNotAllowed) {
  const DynamicSpace s({integer("cores", 1, 28), ordinal("memory_gb", {1, 2, 4, 8}), categorical("r", {"ort", "tvm"})},
                       {"cores <= 4 * memory_gb"});
  const auto nearest = [&](Configuration c) { return s.configuration(s.nearest(c)).to_text(); };
  EXPECT_EQ(nearest({{"cores", std::int64_t{64}}, {"memory_gb", 7.5}, {"r", std::string("tvm")}}),
            "cores=28 memory_gb=8 r=tvm");
  EXPECT_EQ(nearest({{"cores", std::int64_t{5}}, {"memory_gb", std::int64_t{1}}, {"r", std::string("ort")}}),
            "cores=4 memory_gb=1 r=ort");
  EXPECT_THROW((void)nearest({{"r", std::string("onnx")}}), InvalidArgument);
  EXPECT_THROW((void)nearest({{"cores", std::string("four")}}), InvalidArgument);
  EXPECT_THROW((void)nearest({{"coers", std::int64_t{4}}}), InvalidArgument);
}

TEST(DynamicSpace, NeighboursStepOverWhatTheRulesForbid) {
  const DynamicSpace s({integer("cores", 1, 28)}, {"cores % 4 == 0"});
  const auto near = s.neighbours(s.point({{"cores", std::int64_t{8}}}));
  ASSERT_EQ(near.size(), 2u);
  EXPECT_EQ(s.configuration(near[0]).to_text(), "cores=4");
  EXPECT_EQ(s.configuration(near[1]).to_text(), "cores=12");
}

TEST(DynamicSpace, DropsWhatCannotVaryAndKeepsTwoLabelsNumeric) {
  const DynamicSpace s({integer("one", 3, 3), categorical("two", {"a", "b"}), categorical("three", {"a", "b", "c"})});
  ASSERT_EQ(s.axes().size(), 2u);
  EXPECT_EQ(s.axes()[0], AxisKind::numeric);
  EXPECT_EQ(s.axes()[1], AxisKind::categorical);
}

TEST(DynamicSpace, RefusesInOneClearLine) {
  EXPECT_EQ(refusal({}), "space: has no parameter");
  EXPECT_EQ(refusal({boolean("a"), boolean("a")}), "space: the name a stands twice");
  EXPECT_EQ(refusal({integer("a", 1, 3)}, {"a > 4"}), "space: empty, no configuration satisfies 'a > 4'");
  EXPECT_EQ(refusal({integer("a", 1, 3)}, {"b > 4"}), "constraint 'b > 4': no parameter 'b'; there are a");
  EXPECT_EQ(refusal({boolean("a").when("b", {true}), boolean("b").when("a", {true})}),
            "space: the conditions form a cycle");
  EXPECT_EQ(refusal({boolean("a").when("b", {std::int64_t{9}}), integer("b", 1, 2)}),
            "a: its condition: b cannot be 9");
  EXPECT_EQ(refusal({boolean("a").when("z", {true})}), "a: its condition: no parameter 'z'; there are a");
  EXPECT_EQ(refusal({categorical("r", {"ort", "tvm"}), integer("n", 1, 4)}, {"r == 'orrt' or n == 1"}),
            "constraint 'r == 'orrt' or n == 1': r is never 'orrt'; it is one of ort, tvm");
  EXPECT_EQ(refusal({integer("n", 1, 4)}, {"n in (1, 'two')"}), "constraint 'n in (1, 'two')': n is never 'two'");
  // Too large to list, or not listable at all: still refused where the space is made.
  EXPECT_EQ(refusal({integer("a", 1, 1100), integer("b", 1, 1100)}, {"a + b > 2200"}),
            "space: empty, no configuration satisfies 'a + b > 2200'");
  EXPECT_EQ(refusal({real("x", 0, 1), real("y", 0, 1)}, {"x + y > 3"}),
            "space: a million draws found no configuration that satisfies 'x + y > 3'");
}

TEST(DynamicSpace, FingerprintTellsSpacesApart) {
  EXPECT_EQ(paper_space().fingerprint(), paper_space().fingerprint());
  EXPECT_NE(paper_space().fingerprint(), paper_space({"batch <= cores"}).fingerprint());
}

}  // namespace
}  // namespace bayestuner::space
