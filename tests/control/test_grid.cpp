#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "bayestuner/conformance/controller.hpp"
#include "bayestuner/control/fixed.hpp"
#include "bayestuner/control/make_controller.hpp"

namespace bayestuner::control {
namespace {

TEST(KnobGrid, NumbersEverySettingOnce) {
  const std::vector<std::uint32_t> batches{1, 4, 16};
  const std::vector<double> clocks{1e9, 2e9};
  const KnobGrid grid(batches, clocks, 4);
  ASSERT_EQ(grid.count(), 24u);
  for (std::size_t i = 0; i < grid.count(); ++i) {
    ASSERT_TRUE(grid.contains(grid.at(i)));
    EXPECT_EQ(grid.index(grid.at(i)), i);
  }
  EXPECT_EQ(grid.batch({2, 0, 1}), 16u);
  EXPECT_EQ(grid.clock_hz({0, 1, 1}), 2e9);
  EXPECT_EQ(grid.batch_index_at_most(15), 1);
  EXPECT_FALSE(grid.contains({0, 0, 0}));
  EXPECT_FALSE(grid.contains({0, 0, 5}));
  EXPECT_FALSE(grid.contains({3, 0, 1}));
}

TEST(KnobGrid, LeavesTheClockToTheDriverWhereThereAreNoLevels) {
  const std::vector<std::uint32_t> batches{1};
  const KnobGrid grid(batches);
  EXPECT_EQ(grid.count(), 1u);
  EXPECT_TRUE(std::isnan(grid.clock_hz({})));
}

TEST(KnobGrid, RefusesListsThatDoNotRise) {
  using Sizes = std::vector<std::uint32_t>;
  EXPECT_THROW(KnobGrid(Sizes{}), InvalidArgument);
  EXPECT_THROW(KnobGrid(Sizes{0}), InvalidArgument);
  EXPECT_THROW(KnobGrid(Sizes{1, 2, 2}), InvalidArgument);
  EXPECT_THROW(KnobGrid(Sizes(513, 1)), InvalidArgument);
  EXPECT_THROW(KnobGrid(Sizes{1}, std::vector<double>{2e9, 1e9}), InvalidArgument);
  EXPECT_THROW(KnobGrid(Sizes{1}, std::vector<double>{std::numeric_limits<double>::infinity()}), InvalidArgument);
  EXPECT_THROW(KnobGrid(Sizes{1}, {}, 0), InvalidArgument);
}

TEST(Limits, RefuseWhatIsNoLimit) {
  EXPECT_NO_THROW(require_valid({}));
  EXPECT_THROW(require_valid({.power_cap_w = std::nan("")}), InvalidArgument);
  EXPECT_THROW(require_valid({.power_cap_w = 0.0}), InvalidArgument);
  EXPECT_THROW(require_valid({.power_quantile = 1.0}), InvalidArgument);
  EXPECT_THROW(require_valid({.latency_count = 5}), InvalidArgument);
}

TEST(Reason, HasAName) {
  EXPECT_STREQ(to_string(Reason::recorded), "recorded");
  EXPECT_STREQ(to_string(Reason::emergency), "emergency");
}

TEST(Fixed, MeetsTheContract) {
  const std::vector<std::uint32_t> batches{1, 2, 4};
  conformance::expect_controller(Fixed(KnobGrid(batches), {.power_cap_w = 100.0}, {1, 0, 1}));
}

TEST(MakeController, MakesEveryNameIntoAControllerThatMeetsTheContract) {
  const std::vector<std::uint32_t> batches{1, 2, 4, 8, 16, 32};
  const std::vector<double> clocks{1e9, 1.5e9, 2e9};
  for (const std::string& name : controller_names()) {
    SCOPED_TRACE(name);
    EXPECT_FALSE(controller_options(name).empty());
    conformance::expect_controller(make_controller(name, KnobGrid(batches, clocks), {.power_cap_w = 120.0}), 100);
    conformance::expect_controller(make_controller(name, KnobGrid(std::vector<std::uint32_t>{5}), {}), 100);
  }
}

TEST(MakeController, NamesWhatItDoesNotKnow) {
  const std::vector<std::uint32_t> batches{1, 2, 4};
  const KnobGrid grid(batches);
  EXPECT_EQ(make_controller("fixed", grid, {}, {{"batch_index", 2}}).setting().batch_index, 2);
  EXPECT_EQ(controller_options("fixed").at("instances"), 1.0);
  EXPECT_THROW(make_controller("fixd", grid, {}), InvalidArgument);
  EXPECT_THROW(make_controller("fixed", grid, {}, {{"size", 2}}), InvalidArgument);
  EXPECT_THROW(make_controller("fixed", grid, {}, {{"batch_index", 0.5}}), InvalidArgument);
  EXPECT_THROW(make_controller("fixed", grid, {}, {{"batch_index", 3}}), InvalidArgument);
}

}  // namespace
}  // namespace bayestuner::control
