#include "bayestuner/analysis/interactions.hpp"

#include "analysis/fixtures.hpp"
#include "bayestuner/core/error.hpp"
#include "golden.hpp"

namespace bayestuner::analysis {

namespace {

const Interaction& term(const Interactions& all, const std::string& name) {
  for (const Interaction& t : all.terms) {
    if (t.term == name) return t;
  }
  throw std::runtime_error("no term " + name + " in " + all.formula);
}

}  // namespace

TEST(Interactions, FindTheTermsOfAKnownPolynomialWithTheirErrors) {
  const auto found = interactions(sample_from(server(), 200, power, 0.5));
  EXPECT_EQ(found.degree, 2);
  for (const auto& [name, value] :
       {std::pair{"", 20.0}, {"cores", 10.0}, {"cores batch", 4.0}, {"[runtime = tvm]", 5.0}}) {
    const Interaction& t = term(found, name);
    EXPECT_NEAR(t.coefficient.value, value, 0.3) << name;
    EXPECT_LE(t.coefficient.low, value + 0.1) << name;
    EXPECT_GE(t.coefficient.high, value - 0.1) << name;
    EXPECT_NEAR(t.coefficient.high - t.coefficient.value, 1.97 * t.standard_error, 0.02 * t.standard_error) << name;
    EXPECT_LT(t.p_value, 1e-6) << name;
  }
  EXPECT_EQ(term(found, "cores batch").parameters, (std::vector<std::string>{"cores", "batch"}));
  EXPECT_EQ(found.terms[0].degree, 0);
  EXPECT_EQ(found.terms[1].term, "cores");
  // Hierarchy: what is part of a kept term stays.
  EXPECT_NO_THROW((void)term(found, "batch"));
  EXPECT_EQ(found.formula.find("power_w [W] = "), 0u) << found.formula;
  EXPECT_NE(found.formula.find("\n  cores: -1 at 1, 1 at 16\n  batch: -1 at 1, 1 at 512, log scale"), std::string::npos)
      << found.formula;
  EXPECT_EQ(nlohmann::json::parse(found.to_json())["terms"][1]["term"], "cores");
}

TEST(Interactions, AConstantMetricDependsOnNothing) {
  const auto found = interactions(sample_from(server(), 30, [](const auto&) { return 7.0; }));
  ASSERT_EQ(found.terms.size(), 1u);
  EXPECT_EQ(found.terms[0].coefficient.value, 7.0);
  EXPECT_NE(found.note.find("nothing depends on anything"), std::string::npos);
  EXPECT_NE(found.to_text().find("(constant)"), std::string::npos);
}

TEST(Interactions, RefuseADegreeThatTheSampleCannotBear) {
  try {
    (void)interactions(sample_from(server(), 10, power), {.degree = 3});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("degree: 3 has more terms"), std::string::npos) << error.what();
  }
  EXPECT_THROW((void)interactions(sample_from(server(), 2, power)), InvalidArgument);
  EXPECT_THROW((void)interactions(sample_from(server(), 20, power), {.confidence = 0.0}), InvalidArgument);
}

TEST(Interactions, KnowUnitsByTheEndOfAName) {
  EXPECT_EQ(unit_of("power_w"), "W");
  EXPECT_EQ(unit_of("latency_p99_s"), "s");
  EXPECT_EQ(unit_of("throughput"), "");
}

}  // namespace bayestuner::analysis
