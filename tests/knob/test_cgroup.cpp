#include "bayestuner/knob/cgroup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bayestuner/core/error.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

using ::testing::HasSubstr;

TEST(CgroupLayout, FindsVersionOneBelowOurOwnGroups) {
  const CgroupLayout layout = CgroupLayout::discover(test::v1_machine());
  EXPECT_EQ(layout.site("cpuset").version, 1);
  EXPECT_EQ(layout.site("memory").parent, "/sys/fs/cgroup/memory/job");
  EXPECT_EQ(layout.site("cpu").group(), "/sys/fs/cgroup/cpu,cpuacct/bayestuner-{session}");
  EXPECT_EQ(layout.site("cpuacct").version, 1);  // and not the v2 tree that has no controller
  EXPECT_THROW(layout.site("io"), InvalidArgument);
}

TEST(CgroupLayout, UsesOurOwnDelegatedGroupWhereWeAreAlone) {
  const CgroupLayout layout = CgroupLayout::discover(test::v2_machine({::getpid()}));
  const GroupSite& site = layout.site("cpuset");
  ASSERT_TRUE(site.availability) << site.availability.reason();
  EXPECT_EQ(site.version, 2);
  EXPECT_EQ(site.parent, test::kOwn);
  EXPECT_TRUE(site.vacate);
  EXPECT_EQ(site.enable, std::vector<std::string>{"cpuset"});
}

TEST(CgroupLayout, AsksForAScopeWhereOthersShareOurGroup) {
  const CgroupLayout layout = CgroupLayout::discover(test::v2_machine({1, ::getpid()}));
  const Availability& availability = layout.site("memory").availability;
  ASSERT_FALSE(availability);
  EXPECT_THAT(availability.reason(), HasSubstr("processes of others"));
  EXPECT_THAT(availability.remedy(), HasSubstr("systemd-run"));
  EXPECT_THAT(availability.remedy(), HasSubstr("Delegate=yes"));
}

TEST(CgroupLayout, AsRootWithoutSystemdTakesWhatTheTopHandsDown) {
  const auto tree = test::v2_machine({1, ::getpid()});
  std::filesystem::remove_all(tree->on_disk("/run/systemd"));
  const CgroupLayout layout = CgroupLayout::discover(tree);
  EXPECT_EQ(layout.site("memory").parent, test::kTop);
  EXPECT_FALSE(layout.site("memory").vacate);
  EXPECT_FALSE(layout.site("cpuset").availability);  // the root group is never written
}

TEST(CgroupLayout, SaysWhenAControllerIsNotHandedDown) {
  const auto tree = test::v2_machine({::getpid()});
  tree->set(test::kOwn + "/cgroup.controllers", "cpu memory\n");
  EXPECT_THAT(CgroupLayout::discover(tree).site("cpuset").availability.reason(), HasSubstr("not handed down"));
}

TEST(CgroupLayout, ReadsAContainersMountThatShowsOnlyOurPart) {
  const auto tree = test::v1_machine();
  tree->set("/proc/self/mountinfo",
            "31 29 0:27 /docker/ab /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n");
  tree->set("/proc/self/cgroup", "3:memory:/docker/ab\n");
  EXPECT_EQ(CgroupLayout::discover(tree).site("memory").own, "/sys/fs/cgroup/memory");
  tree->set("/proc/self/cgroup", "3:memory:/../other\n");
  EXPECT_THAT(CgroupLayout::discover(tree).site("memory").availability.reason(), HasSubstr("outside"));
}

TEST(CgroupLayout, SurvivesAMachineWithoutCgroupsOrProc) {
  const auto tree = std::make_shared<test::ModelFilesystem>();
  const CgroupLayout layout = CgroupLayout::discover(tree);
  EXPECT_FALSE(layout.site("cpuset").availability);
  EXPECT_TRUE(accounting_plan(layout).writes.empty());
}

}  // namespace
}  // namespace bayestuner::knob
