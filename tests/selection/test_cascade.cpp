#include <gtest/gtest.h>

#include "bayestuner/core/error.hpp"
#include "bayestuner/selection/cascade.hpp"

namespace bayestuner::selection {

// Ten inputs: cheap answers 6, second 8 of which 3 are new, third 5 of which none is.
ScoreMatrix ten_inputs() {
  Eigen::MatrixXd y(10, 3);
  y << 1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0;
  return {.models = {"cheap", "second", "third"}, .values = y};
}

TEST(ChooseCandidates, AddsWhatAnswersMostOfTheRest) {
  const Candidates c = choose_candidates(ten_inputs(), Eigen::Vector3d(1, 5, 9));
  EXPECT_EQ(c.models, (std::vector<Eigen::Index>{0, 1}));
  EXPECT_EQ(c.gain_points, (std::vector<double>{60.0, 30.0}));
  EXPECT_DOUBLE_EQ(c.unanswered_points, 10.0);
}

TEST(ChooseCandidates, StartsWithTheModelThatIsOptimalMostOften) {
  // Made dear, the first is nowhere the cheapest right one but on input 5.
  EXPECT_EQ(choose_candidates(ten_inputs(), Eigen::Vector3d(9, 1, 5)).models.front(), 1);
}

TEST(ChooseCandidates, DoesNotKeepTheModelThatGainsTooLittle) {
  EXPECT_EQ(choose_candidates(ten_inputs(), Eigen::Vector3d(1, 5, 9), 30.0).models.size(), 1U);
  EXPECT_EQ(choose_candidates(ten_inputs(), Eigen::Vector3d(1, 5, 9), 29.9).models.size(), 2U);
}

TEST(ChooseCandidates, RefusesModelsThatAnswerNothing) {
  ScoreMatrix none = ten_inputs();
  none.values.setZero();
  EXPECT_THROW(choose_candidates(none, Eigen::Vector3d(1, 2, 3)), InvalidArgument);
}

TEST(Cascade, AsksItsStagesInOrderAndPassesOnWithoutAMajority) {
  const Cascade cascade(ten_inputs(), Eigen::Vector3d(1, 5, 9));
  std::vector<int> votes;
  const auto near = [](std::initializer_list<std::uint32_t> rows) {
    std::vector<Neighbour> out;
    for (const std::uint32_t row : rows) out.push_back({0.0F, row});
    return out;
  };
  EXPECT_EQ(cascade.decide(near({0, 1, 2, 6, 7}), votes), 0);
  EXPECT_EQ(votes, (std::vector<int>{3, 2}));
  EXPECT_EQ(cascade.decide(near({0, 1, 6, 7, 8}), votes), 1);
  EXPECT_EQ(cascade.decide(near({0, 1, 6, 7, 9}), votes), -1);  // 2 and 2 of 5
}

TEST(Cascade, ReadsItsLabelsEitherWay) {
  const std::vector<Neighbour> near{{0.0F, 6}, {0.0F, 7}, {0.0F, 0}};
  std::vector<int> votes;
  const Cascade correct(ten_inputs(), Eigen::Vector3d(1, 5, 9), {.neighbours = 3, .label = StageLabel::correct});
  EXPECT_EQ(correct.decide(near, votes), 1);
  EXPECT_EQ(votes, (std::vector<int>{1, 3}));  // right on row 0 as well, though not the cheapest there
}

TEST(Cascade, OrdersItsStagesByCostWhereAsked) {
  const Cascade cascade(ten_inputs(), Eigen::Vector3d(5, 5.5, 1), {.order = StageOrder::cost});
  const auto& models = cascade.models();
  EXPECT_TRUE(std::is_sorted(models.begin(), models.end(), [](auto a, auto b) {
    const Eigen::Vector3d cost(5, 5.5, 1);
    return cost[a] < cost[b];
  }));
}

}  // namespace bayestuner::selection
