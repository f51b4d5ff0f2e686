// The knobs on this machine's own cgroup v1 hierarchies; skipped with the reason where there are none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>

#include <cerrno>
#include <random>
#include <thread>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cores.hpp"
#include "bayestuner/knob/cpu_list.hpp"
#include "bayestuner/knob/cpu_quota.hpp"
#include "bayestuner/knob/cpuset.hpp"
#include "bayestuner/knob/memory_limit.hpp"
#include "bayestuner/knob/process_identity.hpp"
#include "bayestuner/knob/session.hpp"
#include "knob/group_ops.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class RealCgroup : public ::testing::Test {
 protected:
  /// Why `controller` cannot be tried here; empty where it can.
  std::string missing(const std::string& controller) const {
    const GroupSite& site = layout_.site(controller);
    if (!site.availability) return controller + ": " + site.availability.reason();
    if (site.version != 1) return controller + " is in cgroup v2 here, this test is about v1";
    return {};
  }
  SessionOptions options() const { return {.state_dir = folder_.path() / "state"}; }
  std::vector<std::string> groups_of(const std::string& identity) const {
    std::vector<std::string> found;
    for (const char* controller : {"cpuset", "memory", "cpu", "cpuacct"}) {
      const GroupSite& site = layout_.site(controller);
      if (!site.availability) continue;
      for (const std::string& name : files_->list(site.parent)) {
        if (name.starts_with("bayestuner-" + identity)) found.push_back(site.parent + "/" + name);
      }
    }
    return found;
  }
  /// A group of this test, with the cpuset filled in where asked.
  std::string make(const std::string& controller, const std::string& suffix = "") const {
    const std::string path =
        layout_.site(controller).parent + "/bayestuner-test-" + std::to_string(::getpid()) + suffix;
    files_->make_directory(path);
    return path;
  }
  int write(const std::string& path, const std::string& bytes) const { return files_->write_bytes(path, bytes); }

  std::shared_ptr<const Filesystem> files_ = real_filesystem();
  CgroupLayout layout_ = CgroupLayout::discover(files_);
  test::TemporaryFolder folder_;
};

#define SKIP_WITHOUT(controller) \
  if (const std::string why = missing(controller); !why.empty()) GTEST_SKIP() << why

/// Removes a test's groups whatever happens in it.
struct Remover {
  const Filesystem& files;
  std::vector<std::string> paths;
  ~Remover() {
    for (auto path = paths.rbegin(); path != paths.rend(); ++path) remove_group(files, *path);
  }
};

TEST_F(RealCgroup, CpusetAnswersAsTheTableOfErrorsSays) {
  SKIP_WITHOUT("cpuset");
  const std::string group = make("cpuset");
  Remover remover{*files_, {group}};
  const std::string parent = layout_.site("cpuset").parent;
  EXPECT_EQ(write(group + "/cgroup.procs", "0"), ENOSPC);  // neither CPUs nor memory nodes
  EXPECT_EQ(write(group + "/cpuset.cpus", "abc"), EINVAL);
  const int beyond = write(group + "/cpuset.cpus", "60000");
  EXPECT_TRUE(beyond == ERANGE || beyond == EINVAL) << errno_name(beyond);
  EXPECT_EQ(write(group + "/cpuset.mems", "999"), EINVAL);
  const std::set<int> cpus = parse_cpu_list(files_->read(parent + "/cpuset.effective_cpus"));
  EXPECT_EQ(write(group + "/cpuset.cpus", format_cpu_list({*cpus.begin()})), 0);
  EXPECT_EQ(write(group + "/cgroup.procs", "0"), ENOSPC);  // no memory nodes yet
  EXPECT_EQ(write(group + "/cpuset.mems", files_->read(parent + "/cpuset.effective_mems")), 0);
  EXPECT_EQ(write(group + "/cgroup.procs", "4194303"), ESRCH);
  EXPECT_EQ(write(group + "/cgroup.procs", "x"), EINVAL);
  files_->make_directory(group + "/child");
  if (cpus.size() > 1) {
    EXPECT_EQ(write(group + "/child/cpuset.cpus", format_cpu_list(cpus)), EACCES);  // wider than its parent
    EXPECT_EQ(write(group + "/cpuset.cpus", format_cpu_list(cpus)), 0);
    EXPECT_EQ(write(group + "/child/cpuset.cpus", format_cpu_list(cpus)), 0);
    EXPECT_EQ(write(group + "/cpuset.cpus", format_cpu_list({*cpus.begin()})), EBUSY);  // narrower than its child
  }
  EXPECT_EQ(files_->remove_dir(group), EBUSY);  // has a child
  EXPECT_EQ(remove_group(*files_, group), 0);
}

TEST_F(RealCgroup, AffinityOutsideTheCpusetIsRefused) {
  SKIP_WITHOUT("cpuset");
  if (usable_cpus(*files_).size() < 2) GTEST_SKIP() << "one CPU only";
  Session session(options());
  const LaunchPlan launch = session.apply({Cores(layout_).plan(std::int64_t{1})});
  LaunchPlan outside = launch;
  outside.set_affinity = true;
  outside.cpus = {*usable_cpus(*files_).rbegin()};
  PreparedLaunch prepared(outside);
  const int status = test::wait_for(test::fork_child([&] { ::_exit(prepared.enter()); }));
  EXPECT_EQ(WEXITSTATUS(status), EINVAL);
  EXPECT_THAT(prepared.explain(1, EINVAL), HasSubstr("sched_setaffinity"));
}

TEST_F(RealCgroup, QuotaAnswersAsTheTableOfErrorsSays) {
  SKIP_WITHOUT("cpu");
  const std::string group = make("cpu");
  Remover remover{*files_, {group}};
  for (const char* quota : {"999", "0", "1.5"}) EXPECT_EQ(write(group + "/cpu.cfs_quota_us", quota), EINVAL) << quota;
  for (const char* period : {"999", "1000001"})
    EXPECT_EQ(write(group + "/cpu.cfs_period_us", period), EINVAL) << period;
  EXPECT_EQ(write(group + "/cpu.cfs_quota_us", "50000"), 0);
  files_->make_directory(group + "/child");
  EXPECT_EQ(write(group + "/child/cpu.cfs_quota_us", "60000"), EINVAL);  // more than its parent
  EXPECT_EQ(write(group + "/child/cpu.cfs_quota_us", "40000"), 0);
  EXPECT_EQ(write(group + "/cpu.cfs_quota_us", "30000"), EINVAL);  // less than its child
  EXPECT_EQ(write(group + "/cpu.shares", "1"), 0);
  EXPECT_EQ(files_->read(group + "/cpu.shares"), "2");  // clamped without a word
}

TEST_F(RealCgroup, CoresConfineAWorkloadWithAllItsThreads) {
  SKIP_WITHOUT("cpuset");
  std::string identity;
  {
    Session session(options());
    identity = session.identity();
    const Cores cores(layout_);
    ASSERT_TRUE(cores.uses_cpuset());
    const LaunchPlan launch = session.apply({cores.plan(std::int64_t{1}), accounting_plan(layout_)});
    const pid_t pid =
        test::start(launch, {"sh", "-c", "sleep 1000 & wait"}, [&](pid_t child) { session.register_process(child); });
    ASSERT_TRUE(test::wait_until([&] { return processes_in(*files_, launch.group("cpuset")->path).size() == 2; }));
    EXPECT_NO_THROW(session.verify(pid, launch));
    EXPECT_THROW(session.verify(::getpid(), launch), DeviceError);
    // A child of the workload cannot leave.
    for (const int child : processes_in(*files_, launch.group("cpuset")->path)) {
      EXPECT_THAT(files_->read("/proc/" + std::to_string(child) + "/status"),
                  HasSubstr("Cpus_allowed_list:\t" + format_cpu_list(launch.cpus)));
    }
    EXPECT_FALSE(groups_of(identity).empty());
    EXPECT_TRUE(session.restore().complete());
    EXPECT_TRUE(WIFSIGNALED(test::wait_for(pid)));
    EXPECT_TRUE(groups_of(identity).empty());
    EXPECT_NO_THROW(session.apply({cores.plan(std::int64_t{1})}));  // and again
  }
  EXPECT_TRUE(groups_of(identity).empty());
}

TEST_F(RealCgroup, AWorkloadBeyondItsMemoryIsKilledAndCounted) {
  SKIP_WITHOUT("memory");
  Session session(options());
  const MemoryLimit memory(layout_, {.parameter = space::integer("m", 16 << 20, 512 << 20)});
  const LaunchPlan launch = session.apply({memory.plan(std::int64_t{16} << 20)});
  EXPECT_EQ(oom_kills(launch), 0u);
  PreparedLaunch prepared(launch);
  const pid_t pid = test::fork_child([&] {
    if (prepared.enter() != 0) ::_exit(90);
    constexpr std::size_t kBytes = 64u << 20;
    void* const memory_block = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (std::size_t at = 0; at < kBytes; at += 4096) static_cast<volatile char*>(memory_block)[at] = 1;
    ::_exit(0);
  });
  const int status = test::wait_for(pid);
  ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
  EXPECT_EQ(oom_kills(launch), 1u);
  EXPECT_TRUE(session.restore().complete());
}

TEST_F(RealCgroup, MemoryRaisesAndLowersButNotBelowWhatIsUsed) {
  SKIP_WITHOUT("memory");
  Session session(options());
  const MemoryLimit memory(layout_, {.parameter = space::integer("m", 1 << 20, 512 << 20)});
  const LaunchPlan launch = session.apply({memory.plan(std::int64_t{256} << 20)});
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  PreparedLaunch prepared(launch);
  const pid_t pid = test::fork_child([&] {
    if (prepared.enter() != 0) ::_exit(90);
    constexpr std::size_t kBytes = 16u << 20;  // sanitizers use a multiple
    void* const block = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (std::size_t at = 0; at < kBytes; at += 4096) static_cast<volatile char*>(block)[at] = 1;
    [[maybe_unused]] const ssize_t n = ::write(told[1], "x", 1);
    ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  ::close(told[0]);
  ::close(told[1]);
  session.apply({memory.plan(std::int64_t{512} << 20)});
  session.apply({memory.plan(std::int64_t{128} << 20)});
  const std::string limit = launch.group("memory")->path + "/memory.limit_in_bytes";
  EXPECT_EQ(files_->read(limit), std::to_string(128 << 20));
  try {
    session.apply({memory.plan(std::int64_t{8} << 20)});
    ADD_FAILURE() << "8 MiB under a process that uses 16";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("EBUSY"));
    EXPECT_THAT(error.what(), HasSubstr("restart the workload"));
  }
  EXPECT_EQ(::kill(pid, 0), 0);
  EXPECT_EQ(files_->read(limit), std::to_string(128 << 20));
  EXPECT_TRUE(session.restore().complete());
  EXPECT_TRUE(WIFSIGNALED(test::wait_for(pid)));
}

TEST_F(RealCgroup, TheQuotaThrottles) {
  SKIP_WITHOUT("cpu");
  Session session(options());
  const LaunchPlan launch = session.apply({CpuQuota(layout_).plan(0.1)});
  const std::string group = launch.group("cpu")->path;
  EXPECT_EQ(files_->read(group + "/cpu.cfs_quota_us"), "10000");
  const pid_t pid = test::start(launch, {"sh", "-c", "while :; do :; done"});
  const auto throttled = [&] {
    const std::string stat = files_->read(group + "/cpu.stat");
    return stat.find("nr_throttled 0\n") == std::string::npos;
  };
  EXPECT_TRUE(test::wait_until(throttled));
  session.kill_workload();
  EXPECT_TRUE(WIFSIGNALED(test::wait_for(pid)));
}

TEST_F(RealCgroup, AffinityAloneConfinesWithoutAnyGroup) {
  Session session(options());
  const Affinity affinity(layout_);
  const space::Value first = affinity.parameter().value(0.0);
  const LaunchPlan launch = session.apply({affinity.plan(first)});
  EXPECT_TRUE(launch.groups.empty());
  const pid_t pid = test::start(launch, {"sleep", "1000"});
  EXPECT_TRUE(test::wait_until([&] { return command_of(pid) == "sleep"; }));
  EXPECT_NO_THROW(session.verify(pid, launch));
  ::kill(pid, SIGKILL);
  test::wait_for(pid);
}

TEST_F(RealCgroup, AKilledTunerLeavesNoGroupAndNoWorkload) {
  SKIP_WITHOUT("cpuset");
  SKIP_WITHOUT("memory");
  SKIP_WITHOUT("cpu");
  std::mt19937 random(3);
  const fs::path state = folder_.path() / "state";
  const auto journals_left = [&] {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(state, error)) {
      if (entry.path().extension() == ".jsonl") return true;
    }
    return false;
  };
  for (int kill = 0; kill < 100; ++kill) {
    const pid_t pid = test::fork_child([&] {
      Session session({.state_dir = state, .recover = false});
      const Cores cores(layout_);
      const MemoryLimit memory(layout_);
      const CpuQuota quota(layout_);
      for (int round = 0;; ++round) {
        const LaunchPlan launch =
            session.apply({cores.plan(std::int64_t{1}), memory.plan(std::int64_t{64 << (round % 2)} << 20),
                           quota.plan(0.5), accounting_plan(layout_)});
        const pid_t workload =
            test::start(launch, {"sleep", "1000"}, [&](pid_t child) { session.register_process(child); });
        session.restore();
        test::wait_for(workload);
      }
    });
    ::usleep(static_cast<useconds_t>(2000 + random() % 60000));
    const std::string identity = std::to_string(pid) + "-";
    ::kill(pid, SIGKILL);
    test::wait_for(pid);
    ASSERT_TRUE(test::wait_until([&] { return groups_of(identity).empty() && !journals_left(); }))
        << "kill " << kill << " left " << ::testing::PrintToString(groups_of(identity));
  }
}

}  // namespace
}  // namespace bayestuner::knob
