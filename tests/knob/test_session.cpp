#include "bayestuner/knob/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/callable.hpp"
#include "bayestuner/knob/config_file.hpp"
#include "bayestuner/knob/cores.hpp"
#include "bayestuner/knob/cpu_quota.hpp"
#include "bayestuner/knob/cpuset.hpp"
#include "bayestuner/knob/file_value.hpp"
#include "bayestuner/knob/journal.hpp"
#include "bayestuner/knob/memory_limit.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SessionTest : public ::testing::Test {
 protected:
  SessionOptions options(std::shared_ptr<const Filesystem> machine) const {
    return {.state_dir = folder_.path() / "state", .filesystem = std::move(machine), .guardian = false};
  }
  static Plan write(const std::shared_ptr<test::ModelFilesystem>& tree, const std::string& path,
                    const std::string& value) {
    return FileValue(path, space::categorical(path.substr(path.rfind('/') + 1), {value}), {.filesystem = tree})
        .plan(value);
  }
  static std::string refusal(Session& session, const std::vector<Plan>& plans) {
    try {
      session.apply(plans);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  test::TemporaryFolder folder_;
};

TEST_F(SessionTest, SetsAndPutsBackWhatWasFound) {
  const auto tree = test::v1_machine();
  tree->set("/sys/x/limit", "800\n");
  Session session(options(tree));
  session.apply({write(tree, "/sys/x/limit", "400")});
  EXPECT_EQ(tree->get("/sys/x/limit"), "400");
  EXPECT_TRUE(std::filesystem::exists(session.journal_path()));
  const RestoreReport report = session.restore();
  EXPECT_EQ(report.count(RestoreOutcome::restored), 1u);
  EXPECT_EQ(tree->get("/sys/x/limit"), "800");
  EXPECT_FALSE(std::filesystem::exists(session.journal_path()));
  EXPECT_TRUE(session.restore().items.empty());
}

TEST_F(SessionTest, TheSecondValueDoesNotReplaceTheFirstOnesBefore) {
  const auto tree = test::v1_machine();
  tree->set("/sys/x/limit", "800");
  Session session(options(tree));
  for (const char* value : {"400", "300", "200"}) session.apply({write(tree, "/sys/x/limit", value)});
  session.restore();
  EXPECT_EQ(tree->get("/sys/x/limit"), "800");
}

TEST_F(SessionTest, MakesAGroupPerHierarchyAndRemovesIt) {
  const auto tree = test::v1_machine();
  const CgroupLayout layout = CgroupLayout::discover(tree);
  Session session(options(tree));
  const std::string group = test::kCpuset + "/bayestuner-" + session.identity();
  const LaunchPlan launch = session.apply({Cores(layout, {.thread_variables = {"T"}}).plan(std::int64_t{2}),
                                           MemoryLimit(layout).plan(std::int64_t{64 << 20}), CpuQuota(layout).plan(1.5),
                                           accounting_plan(layout)});
  EXPECT_EQ(tree->get(group + "/cpuset.cpus"), "0-1");
  EXPECT_EQ(tree->get(group + "/cpuset.mems"), "0");
  EXPECT_EQ(launch.cpus, (std::set<int>{0, 1}));
  EXPECT_EQ(launch.environment.at("T"), "2");
  EXPECT_EQ(launch.arguments.at("cores"), "2");
  EXPECT_EQ(launch.group("cpuset")->path, group);
  EXPECT_EQ(launch.group("cpuacct")->path, launch.group("cpu")->path);
  EXPECT_FALSE(launch.group("io"));
  EXPECT_TRUE(session.restore().complete());
  for (const std::string& root : {test::kCpuset, test::kMemory + "/job", test::kCpu}) {
    for (const std::string& name : tree->list(root))
      EXPECT_FALSE(name.starts_with("bayestuner")) << root << "/" << name;
  }
}

TEST_F(SessionTest, VersionTwoMovesUsIntoALeafAndBack) {
  const auto tree = test::v2_machine({::getpid()});
  const std::string before = tree->get(test::kOwn + "/cgroup.procs");
  const CgroupLayout layout = CgroupLayout::discover(tree);
  {
    Session session(options(tree));
    const LaunchPlan launch =
        session.apply({Cores(layout).plan(std::int64_t{3}), MemoryLimit(layout).plan(std::int64_t{128 << 20})});
    const std::string group = test::kOwn + "/bayestuner-" + session.identity();
    EXPECT_EQ(tree->get(test::kOwn + "/cgroup.procs"), "");
    EXPECT_EQ(tree->get(test::kOwn + "/bayestuner-self-" + session.identity() + "/cgroup.procs"), before);
    EXPECT_EQ(tree->get(group + "/cpuset.cpus"), "0-2");
    EXPECT_EQ(tree->get(group + "/memory.max"), "134217728");
    EXPECT_EQ(tree->get(group + "/memory.swap.max"), "0");
    EXPECT_EQ(tree->get(group + "/memory.oom.group"), "1");
    EXPECT_EQ(launch.group("memory")->version, 2);
  }
  EXPECT_EQ(tree->get(test::kOwn + "/cgroup.procs"), before);
  EXPECT_EQ(tree->get(test::kOwn + "/cgroup.subtree_control"), "");
  for (const std::string& name : tree->list(test::kOwn)) EXPECT_FALSE(name.starts_with("bayestuner")) << name;
}

TEST_F(SessionTest, AValueThatDoesNotTakeIsAnErrorAndIsRolledBack) {
  const auto tree = test::v1_machine();
  tree->set("/sys/x/a", "1");
  tree->set("/sys/x/freq", "800");
  tree->on_write("/freq", [](const std::string&, std::string& bytes) {
    if (bytes == "900") bytes = "850";  // clamped without a word, as cpufreq does
    return 0;
  });
  Session session(options(tree));
  const std::string text = refusal(session, {write(tree, "/sys/x/a", "2"), write(tree, "/sys/x/freq", "900")});
  EXPECT_THAT(text, HasSubstr("/sys/x/freq: wrote \"900\", but it reads \"850\""));
  EXPECT_EQ(tree->get("/sys/x/a"), "1");
  EXPECT_EQ(tree->get("/sys/x/freq"), "800");
  EXPECT_TRUE(session.restore().items.empty());
}

TEST_F(SessionTest, ARefusedWriteIsRolledBackAndNamesTheErrno) {
  const auto tree = test::v1_machine();
  tree->refuse("/cpuset.cpus", ERANGE);
  Session session(options(tree));
  EXPECT_THAT(refusal(session, {Cores(CgroupLayout::discover(tree)).plan(std::int64_t{2})}), HasSubstr("(ERANGE)"));
  EXPECT_THAT(tree->list(test::kCpuset), ::testing::Not(::testing::Contains(HasSubstr("bayestuner"))));
}

TEST_F(SessionTest, AnEffectiveSetSmallerThanWantedIsRefused) {
  const auto tree = test::v1_machine();
  tree->after_write("/cpuset.cpus", [](const test::ModelFilesystem& t, const std::string& path) {
    t.set(path.substr(0, path.rfind('/')) + "/cpuset.effective_cpus", "0\n");  // CPU 1 went offline
  });
  Session session(options(tree));
  EXPECT_THAT(refusal(session, {Cores(CgroupLayout::discover(tree)).plan(std::int64_t{2})}),
              HasSubstr("effective_cpus reads \"0\" instead of \"0-1\""));
}

TEST_F(SessionTest, WaitsForAValueToSettle) {
  const auto tree = test::v1_machine();
  tree->set("/sys/x/power", "100");
  int reads = 0;
  tree->on_read("/power", [&](const std::string&, std::string& bytes) {
    if (bytes == "50" && ++reads < 5) bytes = "100";  // stale for a while
    return 0;
  });
  const FileValue knob("/sys/x/power", space::ordinal("power", {50}), {.filesystem = tree, .settle_s = 2.0});
  Session session(options(tree));
  session.apply({knob.plan(std::int64_t{50})});
  EXPECT_GE(reads, 5);
}

TEST_F(SessionTest, APairIsWrittenInTheOrderTheKernelAccepts) {
  const auto tree = test::v1_machine();
  const CgroupLayout layout = CgroupLayout::discover(tree);
  const auto value_of = [t = tree.get()](const std::string& path) { return std::stoull(t->get(path)); };
  tree->on_write("/memory.limit_in_bytes", [&](const std::string& path, std::string& bytes) {
    return std::stoull(bytes) > value_of(path.substr(0, path.rfind('/')) + "/memory.memsw.limit_in_bytes") ? EINVAL : 0;
  });
  tree->on_write("/memory.memsw.limit_in_bytes", [&](const std::string& path, std::string& bytes) {
    return std::stoull(bytes) < value_of(path.substr(0, path.rfind('/')) + "/memory.limit_in_bytes") ? EINVAL : 0;
  });
  Session session(options(tree));
  const MemoryLimit memory(layout);
  const std::string group = test::kMemory + "/job/bayestuner-" + session.identity();
  for (const std::int64_t mib : {128, 64, 256}) {  // set, lower, raise
    session.apply({memory.plan(mib << 20)});
    EXPECT_EQ(tree->get(group + "/memory.limit_in_bytes"), std::to_string(mib << 20));
    EXPECT_EQ(tree->get(group + "/memory.memsw.limit_in_bytes"), std::to_string(mib << 20));
  }
}

TEST_F(SessionTest, VersionTwoDoesNotShrinkMemoryUnderALivingWorkload) {
  const auto tree = test::v2_machine({::getpid()});
  const CgroupLayout layout = CgroupLayout::discover(tree);
  Session session(options(tree));
  const MemoryLimit memory(layout);
  session.apply({memory.plan(std::int64_t{1024} << 20)});
  const std::string group = test::kOwn + "/bayestuner-" + session.identity();
  tree->set(group + "/cgroup.procs", "4194303\n");
  tree->set(group + "/memory.current", std::to_string(300 << 20));
  EXPECT_THAT(refusal(session, {memory.plan(std::int64_t{256} << 20)}), HasSubstr("restart the workload"));
  EXPECT_EQ(tree->get(group + "/memory.max"), "1073741824");
  session.apply({memory.plan(std::int64_t{512} << 20)});  // well above what is used
  EXPECT_EQ(tree->get(group + "/memory.max"), "536870912");
  // Step by step where the user asks for it: memory.high first, and the limit once the kernel has reclaimed.
  tree->after_write("/memory.high", [&](const test::ModelFilesystem& t, const std::string&) {
    t.set(group + "/memory.current", std::to_string(200 << 20));
  });
  session.apply({MemoryLimit(layout, {.shrink_live = true}).plan(std::int64_t{256} << 20)});
  EXPECT_EQ(tree->get(group + "/memory.max"), "268435456");
  EXPECT_EQ(tree->get(group + "/memory.high"), "max");
  tree->set(group + "/cgroup.procs", "");
}

TEST_F(SessionTest, LeavesAloneWhatSomebodyElseChangedMeanwhile) {
  const auto tree = test::v1_machine();
  tree->set("/sys/x/limit", "800");
  Session session(options(tree));
  session.apply({write(tree, "/sys/x/limit", "400")});
  tree->set("/sys/x/limit", "555");
  const RestoreReport report = session.restore();
  EXPECT_EQ(report.count(RestoreOutcome::left_foreign), 1u);
  EXPECT_THAT(report.to_text(), HasSubstr("somebody else changed it"));
  EXPECT_EQ(tree->get("/sys/x/limit"), "555");
  EXPECT_FALSE(std::filesystem::exists(session.journal_path()));
}

TEST_F(SessionTest, RestoresPairsThatHoldEachOther) {
  const auto tree = test::v1_machine();
  tree->set("/sys/x/min", "10");
  tree->set("/sys/x/max", "20");
  tree->on_write("/min", [&](const std::string&, std::string& bytes) {
    return std::stoi(bytes) > std::stoi(tree->get("/sys/x/max")) ? EINVAL : 0;
  });
  tree->on_write("/max", [&](const std::string&, std::string& bytes) {
    return std::stoi(bytes) < std::stoi(tree->get("/sys/x/min")) ? EINVAL : 0;
  });
  Session session(options(tree));
  // Going back in reverse order would lower the maximum below the minimum first: that needs a second round.
  session.apply({write(tree, "/sys/x/min", "12")});
  session.apply({write(tree, "/sys/x/max", "40")});
  session.apply({write(tree, "/sys/x/min", "30")});
  EXPECT_TRUE(session.restore().complete());
  EXPECT_EQ(tree->get("/sys/x/min") + "," + tree->get("/sys/x/max"), "10,20");
}

TEST_F(SessionTest, KeepsTheJournalOfWhatCouldNotBePutBack) {
  const auto tree = test::v1_machine();
  tree->set("/sys/x/a", "1");
  tree->set("/sys/x/b", "1");
  bool broken = false;
  tree->on_write("/a", [&](const std::string&, std::string&) { return broken ? EIO : 0; });
  Session session(options(tree));
  session.apply({write(tree, "/sys/x/a", "2"), write(tree, "/sys/x/b", "2")});
  broken = true;
  const RestoreReport report = session.restore();
  EXPECT_EQ(report.count(RestoreOutcome::failed), 1u);
  EXPECT_EQ(report.count(RestoreOutcome::restored), 1u);
  EXPECT_EQ(tree->get("/sys/x/b"), "1");
  ASSERT_TRUE(std::filesystem::exists(session.journal_path()));
  broken = false;
  EXPECT_TRUE(session.restore().complete());
  EXPECT_EQ(tree->get("/sys/x/a"), "1");
  EXPECT_FALSE(std::filesystem::exists(session.journal_path()));
}

TEST_F(SessionTest, RendersAConfigFileAndGivesBackBytesAndMode) {
  const std::string path = (folder_.path() / "server.conf").string();
  const std::string original("batch=1\xff\0x\r\n", 12);
  {
    std::ofstream(path, std::ios::binary).write(original.data(), 12);
    ::chmod(path.c_str(), 0640);
  }
  const std::string text = "{\"batch\": {batch}, \"threads\": {threads}}";
  const ConfigFile batch(path, text, space::ordinal("batch", {1, 8}));
  const ConfigFile threads(path, text, space::ordinal("threads", {1, 2}));
  const auto read = [&] {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  Session session(options(nullptr));
  session.apply({batch.plan(std::int64_t{8}), threads.plan(std::int64_t{2})});
  EXPECT_EQ(read(), "{\"batch\": 8, \"threads\": 2}");
  session.apply({batch.plan(std::int64_t{1}), threads.plan(std::int64_t{2})});
  EXPECT_EQ(read(), "{\"batch\": 1, \"threads\": 2}");
  EXPECT_TRUE(session.restore().complete());
  EXPECT_EQ(read(), original);
  struct stat info {};
  ::stat(path.c_str(), &info);
  EXPECT_EQ(info.st_mode & 07777, 0640u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 2);  // no temporary file left
}

TEST_F(SessionTest, AConfigFileThatWasNotThereGoesAgainAndASymlinkIsRefused) {
  const std::string path = (folder_.path() / "new.conf").string();
  const space::Parameter p = space::ordinal("n", {1, 2});
  Session session(options(nullptr));
  session.apply({ConfigFile(path, "{n}", p).plan(std::int64_t{2})});
  EXPECT_TRUE(std::filesystem::exists(path));
  session.restore();
  EXPECT_FALSE(std::filesystem::exists(path));
  const std::string link = (folder_.path() / "link.conf").string();
  std::filesystem::create_symlink("/etc/hostname", link);
  EXPECT_FALSE(ConfigFile(link, "{n}", p).availability());
  EXPECT_THROW(ConfigFile(link, "{n}", p).plan(std::int64_t{2}), DeviceError);
  // The link was planted after the plan was made.
  const Plan plan = ConfigFile(path, "{n}", p).plan(std::int64_t{2});
  std::filesystem::create_symlink("/etc/hostname", path);
  EXPECT_THAT(refusal(session, {plan}), HasSubstr("ELOOP"));
}

TEST_F(SessionTest, CallsTheUsersFunctionAndReportsItsRefusal) {
  std::vector<std::int64_t> seen;
  const Callable knob(space::integer("batch", 1, 8), [&](const space::Value& value) {
    seen.push_back(std::get<std::int64_t>(value));
    if (seen.back() == 8) throw std::runtime_error("too large");
  });
  Session session(options(test::v1_machine()));
  session.apply({knob.plan(std::int64_t{4})});
  EXPECT_THAT(refusal(session, {knob.plan(std::int64_t{8})}), HasSubstr("batch: the function refused 8: too large"));
  EXPECT_THAT(seen, ElementsAre(4, 8));
}

TEST_F(SessionTest, TwoKnobsThatLeaveNoCommonCpuAreRefused) {
  const auto tree = test::v1_machine();
  const CgroupLayout layout = CgroupLayout::discover(tree);
  Session session(options(tree));
  const Cpuset a(layout, {.parameter = space::categorical("a", {"0-1"})});
  const Affinity b(layout, {.parameter = space::categorical("b", {"2-3"})});
  EXPECT_THAT(refusal(session, {a.plan(std::string("0-1")), b.plan(std::string("2-3"))}), HasSubstr("leaves only 0-1"));
}

TEST_F(SessionTest, VerifyFindsAThreadThatEscaped) {
  const auto tree = test::v1_machine();
  Session session(options(tree));
  const LaunchPlan launch = session.apply({Cores(CgroupLayout::discover(tree)).plan(std::int64_t{2})});
  const std::string group = launch.groups.front().path;
  tree->set("/proc/77/task/77/status", "Name:\tx\nCpus_allowed_list:\t0-1\n");
  tree->set("/proc/77/task/78/status", "Name:\tx\nCpus_allowed_list:\t1\n");
  EXPECT_THROW(session.verify(77, launch), DeviceError);  // not in the group
  tree->set(group + "/cgroup.procs", "77\n");
  EXPECT_NO_THROW(session.verify(77, launch));
  tree->set("/proc/77/task/79/status", "Name:\tx\nCpus_allowed_list:\t0-7\n");
  EXPECT_THROW(session.verify(77, launch), DeviceError);
  tree->set(group + "/cgroup.procs", "");
}

}  // namespace
}  // namespace bayestuner::knob
