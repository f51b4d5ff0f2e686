#include "bayestuner/knob/cpu_list.hpp"

#include <gtest/gtest.h>

#include "bayestuner/core/error.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

TEST(CpuList, ReadsAndWritesAsTheKernelDoes) {
  EXPECT_EQ(parse_cpu_list(" 0-3,8\n"), (std::set<int>{0, 1, 2, 3, 8}));
  EXPECT_EQ(parse_cpu_list(""), std::set<int>{});
  EXPECT_EQ(format_cpu_list({0, 1, 2, 3, 8}), "0-3,8");
  EXPECT_EQ(format_cpu_list({}), "");
  EXPECT_EQ(format_cpu_list({5}), "5");
}

TEST(CpuList, RefusesWhatIsNoList) {
  for (const char* text : {"abc", "3-1", "0,", "-1", "1-", "0 1", "99999999999"}) {
    EXPECT_THROW(parse_cpu_list(text), InvalidArgument) << text;
  }
}

TEST(CoreOrder, TakesEveryCoreBeforeAnySibling) {
  const auto tree = test::v1_machine();
  const std::vector<int> order = core_order(*tree, usable_cpus(*tree));
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(first_cores(order, 2), (std::set<int>{0, 1}));
  // Where thread 0 of core 1 may not be used, its sibling takes its place, still before second threads.
  EXPECT_EQ(core_order(*tree, {0, 2, 4, 5}), (std::vector<int>{0, 5, 2, 4}));
  EXPECT_THROW(first_cores(order, 9), InvalidArgument);
}

TEST(CoreOrder, CountsEveryCpuAsACoreWithoutTopology) {
  const test::ModelFilesystem tree;
  EXPECT_EQ(core_order(tree, {3, 1}), (std::vector<int>{1, 3}));
}

}  // namespace
}  // namespace bayestuner::knob
