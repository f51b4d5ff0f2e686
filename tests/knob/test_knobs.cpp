#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bayestuner/conformance/knob.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/any_knob.hpp"
#include "bayestuner/knob/argument.hpp"
#include "bayestuner/knob/callable.hpp"
#include "bayestuner/knob/config_file.hpp"
#include "bayestuner/knob/cores.hpp"
#include "bayestuner/knob/cpu_quota.hpp"
#include "bayestuner/knob/cpuset.hpp"
#include "bayestuner/knob/discover.hpp"
#include "bayestuner/knob/environment.hpp"
#include "bayestuner/knob/file_value.hpp"
#include "bayestuner/knob/memory_limit.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

using ::testing::HasSubstr;

template <class Act>
std::string refusal_of(Act&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<AnyKnob> knobs_of(const std::shared_ptr<const Filesystem>& machine) {
  const CgroupLayout layout = CgroupLayout::discover(machine);
  const auto number = [](const char* name) { return space::integer(name, 1, 4); };
  return {Cores(layout),
          Cpuset(layout),
          Affinity(layout),
          MemoryLimit(layout),
          CpuQuota(layout),
          Environment("OMP_NUM_THREADS", number("threads"), "threads"),
          Argument(space::categorical("runtime", {"ort", "torch"})),
          Callable(number("batch"), [](const space::Value&) {}),
          ConfigFile("/tmp/bayestuner.conf", "a {depth}", number("depth")),
          FileValue("/proc/meminfo", number("value"), {.filesystem = machine})};
}

TEST(Knobs, MeetTheContractOnVersionOne) {
  for (const AnyKnob& k : knobs_of(test::v1_machine())) {
    SCOPED_TRACE(k.name());
    EXPECT_TRUE(k.availability()) << k.availability().reason();
    conformance::expect_contract(k);
  }
}

TEST(Knobs, MeetTheContractOnVersionTwo) {
  for (const AnyKnob& k : knobs_of(test::v2_machine({::getpid()}))) {
    SCOPED_TRACE(k.name());
    EXPECT_TRUE(k.availability()) << k.availability().reason();
    conformance::expect_contract(k);
  }
}

TEST(Knobs, MeetTheContractOnAMachineWithoutCgroups) {
  const auto bare = std::make_shared<test::ModelFilesystem>();
  test::add_cpus(*bare);
  for (const AnyKnob& k : knobs_of(bare)) {
    SCOPED_TRACE(k.name());
    conformance::expect_contract(k);
  }
}

TEST(Knobs, MeetTheContractOnThisMachine) {
  for (const AnyKnob& k : knobs_of(real_filesystem())) {
    SCOPED_TRACE(k.name());
    conformance::expect_contract(k);
  }
}

TEST(Cores, ADryRunShowsEveryWriteInTheKernelsOrder) {
  const Cores cores(CgroupLayout::discover(test::v1_machine()), {.thread_variables = {"OMP_NUM_THREADS"}});
  EXPECT_EQ(cores.plan(std::int64_t{2}).to_text(),
            "cores: mkdir /sys/fs/cgroup/cpuset/bayestuner-{session}\n"
            "cores: start inside /sys/fs/cgroup/cpuset/bayestuner-{session}\n"
            "cores: write \"0-1\" to /sys/fs/cgroup/cpuset/bayestuner-{session}/cpuset.cpus\n"
            "cores: write \"0\" to /sys/fs/cgroup/cpuset/bayestuner-{session}/cpuset.mems\n"
            "cores: check that every thread stays on CPUs 0-1\n"
            "cores: start with OMP_NUM_THREADS=2\n"
            "cores: start with {cores} = 2 in the arguments\n");
}

TEST(Cores, FallsBackToAffinityAndSaysSo) {
  const Cores cores(CgroupLayout::discover(test::v2_machine({1})));
  EXPECT_TRUE(cores.availability());
  EXPECT_FALSE(cores.uses_cpuset());
  EXPECT_EQ(cores.describe().kind, "affinity");
  EXPECT_THAT(cores.describe().mechanism, HasSubstr("no cpuset: "));
  EXPECT_EQ(cores.plan(std::int64_t{3}).writes.front().action, Action::set_affinity);
  EXPECT_EQ(cores.plan(std::int64_t{3}).writes.front().value, "0-2");
}

TEST(Cores, LimitsMayBeNarrowedAndNeverWidened) {
  const CgroupLayout layout = CgroupLayout::discover(test::v1_machine());
  const Cores narrow(layout, {.parameter = space::ordinal("n", {1, 2, 4})});
  EXPECT_EQ(narrow.name(), "n");
  EXPECT_THROW(narrow.plan(std::int64_t{3}), InvalidArgument);
  EXPECT_EQ(refusal_of([&] { Cores(layout, {.parameter = space::integer("cores", 1, 64)}); }),
            "cores: high 64 is outside [1, 8]");
  EXPECT_EQ(refusal_of([&] { Cores(layout, {.parameter = space::integer("cores", 0, 2)}); }),
            "cores: low 0 is outside [1, 8]");
}

TEST(Cores, AParentsCpusetLimitsWhatCanBeGivenAway) {
  const auto tree = test::v1_machine();
  tree->set(test::kCpuset + "/cpuset.effective_cpus", "2,6\n");
  const Cores cores(CgroupLayout::discover(tree));
  EXPECT_EQ(cores.parameter().high(), 2.0);
  EXPECT_EQ(cores.cpus(1), std::set<int>{2});
}

TEST(Cpuset, TakesListsOfUsableCpusOnly) {
  const CgroupLayout layout = CgroupLayout::discover(test::v1_machine());
  const Cpuset cpuset(layout, {.parameter = space::categorical("cpus", {"0,4", "0-3"})});
  EXPECT_EQ(cpuset.plan(std::string("0,4")).writes[2].value, "0,4");
  EXPECT_THAT(refusal_of([&] { Cpuset(layout, {.parameter = space::categorical("cpus", {"0-99"})}); }),
              HasSubstr("not within 0-7"));
}

TEST(MemoryLimit, WritesLimitAndSwapTogetherOnVersionOne) {
  const MemoryLimit memory(CgroupLayout::discover(test::v1_machine()), {.unit_bytes = 1 << 20});
  EXPECT_EQ(memory.parameter().low(), 64.0);
  EXPECT_EQ(memory.parameter().high(), 8192.0);
  const Plan plan = memory.plan(std::int64_t{128});
  EXPECT_THAT(plan.to_text(), HasSubstr("write \"134217728\" to /sys/fs/cgroup/memory/job/bayestuner-{session}/"
                                        "memory.limit_in_bytes"));
  EXPECT_THAT(plan.to_text(), HasSubstr("memory.memsw.limit_in_bytes"));
}

TEST(MemoryLimit, WithoutSwapAccountingTurnsSwappingOff) {
  const auto tree = test::v1_machine();
  std::filesystem::remove(tree->on_disk("/sys/fs/cgroup/memory/job/memory.memsw.limit_in_bytes"));
  const MemoryLimit memory(CgroupLayout::discover(tree));
  EXPECT_THAT(memory.plan(std::int64_t{64 << 20}).to_text(), HasSubstr("write \"0\" to"));
  EXPECT_THAT(memory.plan(std::int64_t{64 << 20}).to_text(), HasSubstr("memory.swappiness"));
}

TEST(MemoryLimit, IsRoundedDownToAPageAndBoundedByTheGroupAbove) {
  const auto tree = test::v1_machine();
  tree->set("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "268435456\n");
  const CgroupLayout layout = CgroupLayout::discover(tree);
  EXPECT_EQ(MemoryLimit(layout).parameter().high(), 268435456.0);
  const MemoryLimit odd(layout, {.parameter = space::ordinal("m", {100000001})});
  EXPECT_THAT(odd.plan(std::int64_t{100000001}).to_text(), HasSubstr("\"99999744\""));  // 24414 pages of 4096
  EXPECT_THROW(MemoryLimit(layout, {.parameter = space::integer("m", 0, 4096)}), InvalidArgument);
}

TEST(CpuQuota, IsOneWriteOnVersionTwoAndAPairOnVersionOne) {
  const CpuQuota two(CgroupLayout::discover(test::v2_machine({::getpid()})));
  EXPECT_THAT(two.plan(1.5).to_text(), HasSubstr("write \"150000 100000\" to"));
  const CpuQuota one(CgroupLayout::discover(test::v1_machine()), {.period_s = 0.02});
  EXPECT_THAT(one.plan(0.5).to_text(), HasSubstr("write \"20000\" to"));
  EXPECT_THAT(one.plan(0.5).to_text(), HasSubstr("write \"10000\" to"));
}

TEST(CpuQuota, KeepsTheKernelsLimitsAndTheGroupsAbove) {
  const auto tree = test::v1_machine();
  tree->set(test::kCpu + "/cpu.cfs_quota_us", "250000\n");
  const CgroupLayout layout = CgroupLayout::discover(tree);
  EXPECT_NEAR(CpuQuota(layout).parameter().high(), 2.5, 1e-9);
  EXPECT_THAT(refusal_of([&] { CpuQuota(layout, {.parameter = space::real("q", 0.5, 4.0)}); }),
              HasSubstr("q: high 4 is outside [0.01, 2.5]"));
  EXPECT_THAT(refusal_of([&] { CpuQuota(layout, {.parameter = space::real("q", 0.001, 1.0)}); }),
              HasSubstr("low 0.001"));
  EXPECT_THROW(CpuQuota(layout, {.period_s = 2.0}), InvalidArgument);
}

TEST(SoftwareKnobs, RefuseWhatCannotBeMeant) {
  const space::Parameter p = space::integer("threads", 1, 4);
  EXPECT_THROW(Environment("A=B", p), InvalidArgument);
  EXPECT_THROW(Environment("", p), InvalidArgument);
  EXPECT_THROW(Callable(p, {}), InvalidArgument);
  EXPECT_THROW(ConfigFile("relative.conf", "{threads}", p), InvalidArgument);
  EXPECT_THROW(ConfigFile("/tmp/x.conf", "no placeholder", p), InvalidArgument);
  EXPECT_THROW(FileValue("x", p), InvalidArgument);
}

TEST(RenderTemplate, ReplacesNamesAndLeavesOtherBraces) {
  EXPECT_EQ(render_template(R"({"batch": {batch}, "e": {}, "n": { x }})", {{"batch", "8"}}),
            R"({"batch": 8, "e": {}, "n": { x }})");
  EXPECT_EQ(render_template("{a}{b}{", {{"a", "1"}, {"b", "{a}"}}), "1{a}{");
  EXPECT_THAT(refusal_of([] {
                render_template("--n={cpus}", {{"cores", "1"}});
              }),
              HasSubstr("{cpus} is none of: cores"));
}

TEST(Discover, NamesEveryKnobWithReasonAndRemedy) {
  const std::vector<KnobReport> reports = discover(test::v2_machine({1}));
  ASSERT_EQ(reports.size(), 9u);
  for (const KnobReport& report : reports) {
    if (report.availability) continue;
    EXPECT_FALSE(report.availability.reason().empty()) << report.type;
    EXPECT_FALSE(report.availability.remedy().empty()) << report.type;
  }
  EXPECT_TRUE(reports[0].availability);   // cores: by affinity
  EXPECT_FALSE(reports[1].availability);  // cpuset
}

TEST(MakeKnob, KnowsItsTypesAndNamesThemOtherwise) {
  const CgroupLayout layout = CgroupLayout::discover(test::v1_machine());
  const space::Parameter p = space::integer("n", 1, 2);
  EXPECT_EQ(make_knob({.type = "cores", .threads = {"T"}}, p, layout).plan(std::int64_t{1}).writes[5].target, "T");
  EXPECT_EQ(make_knob({.type = "environment", .variable = "V"}, p, layout).plan(std::int64_t{1}).writes[0].target, "V");
  EXPECT_EQ(make_knob({.type = "argument"}, p, layout).describe().kind, "software");
  EXPECT_THAT(refusal_of([&] { make_knob({.type = "clock"}, p, layout); }), HasSubstr("cores, cpuset, affinity"));
}

}  // namespace
}  // namespace bayestuner::knob
