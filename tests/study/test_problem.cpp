#include "bayestuner/study/problem.hpp"

#include <gtest/gtest.h>

namespace bayestuner::study {
namespace {

TEST(Problem, ReadsConstraintsAsPeopleWriteThem) {
  const Constraint c = parse_constraint(" throughput>=0.95*baseline ");
  EXPECT_EQ(c.metric, "throughput");
  EXPECT_EQ(c.bound, Bound::at_least);
  EXPECT_TRUE(c.relative);
  EXPECT_DOUBLE_EQ(*c.threshold(200.0), 190.0);
  EXPECT_FALSE(c.threshold(std::nullopt));
  EXPECT_TRUE(parse_constraint("power_w < baseline * 1.1").relative);
  EXPECT_DOUBLE_EQ(*parse_constraint("power_w < baseline").threshold(7.0), 7.0);
  EXPECT_DOUBLE_EQ(*parse_constraint("latency_p99_s <= 5e-2").threshold(std::nullopt), 0.05);
}

TEST(Problem, QuotesWhatItCannotRead) {
  for (const char* bad : {"throughput", "throughput == 3", ">= 3", "throughput >= fast", "throughput >= 2 * idle",
                          "throughput >= nan", "a b <= 3", "throughput >="}) {
    try {
      parse_constraint(bad);
      ADD_FAILURE() << bad << " was accepted";
    } catch (const InvalidArgument& e) {
      EXPECT_NE(std::string(e.what()).find("'" + std::string(bad) + "'"), std::string::npos) << e.what();
    }
  }
  EXPECT_THROW(Problem().minimize("power_w").maximize("power_w"), InvalidArgument);
  EXPECT_THROW(Problem().minimize(""), InvalidArgument);
}

TEST(Problem, SurvivesJson) {
  const Problem p = Problem().minimize("power_w").maximize("throughput", 10.0).subject_to("correct >= 0.1 * baseline");
  const Problem q = Problem::from_json(p.to_json());
  EXPECT_EQ(q.to_json(), p.to_json());
  EXPECT_EQ(q.metrics(), (std::vector<std::string>{"power_w", "throughput", "correct"}));
  EXPECT_THROW(Problem::from_json("{"), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::study
