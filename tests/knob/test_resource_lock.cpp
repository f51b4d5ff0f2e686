#include "bayestuner/knob/resource_lock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/file_value.hpp"
#include "bayestuner/knob/session.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::filesystem::path& state) {
  try {
    ResourceLock lock(state, "host-cpu");
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "got it";
}

class ResourceLockTest : public ::testing::Test {
 protected:
  /// A child that takes the lock and waits; returns when it has it.
  pid_t holder() {
    int told[2];
    EXPECT_EQ(::pipe(told), 0);
    const pid_t pid = test::fork_child([&] {
      const ResourceLock lock(state_, "host-cpu");
      [[maybe_unused]] const ssize_t n = ::write(told[1], "x", 1);
      ::pause();
    });
    char byte = 0;
    EXPECT_EQ(::read(told[0], &byte, 1), 1);
    ::close(told[0]);
    ::close(told[1]);
    return pid;
  }
  test::TemporaryFolder folder_;
  std::filesystem::path state_ = folder_.path() / "state";
};

TEST_F(ResourceLockTest, ASecondProcessIsToldWhoHoldsIt) {
  const pid_t pid = holder();
  EXPECT_THAT(refusal(state_), HasSubstr("host-cpu: in use by process " + std::to_string(pid)));
  const ResourceLock other(state_, "gpu-1");  // another resource is free
  ::kill(pid, SIGKILL);
  test::wait_for(pid);
  EXPECT_EQ(refusal(state_), "got it");
}

TEST_F(ResourceLockTest, IsFreeAgainAfterUse) {
  { const ResourceLock lock(state_, "host-cpu"); }
  EXPECT_EQ(refusal(state_), "got it");
}

TEST_F(ResourceLockTest, AStaleHolderWhoseForkStillHasTheFileIsTakenOver) {
  // The file is locked by us without a holder's right: its text names a process that is gone, as after a fork.
  { const ResourceLock lock(state_, "host-cpu"); }
  const std::string path = (state_ / "lock" / "host-cpu.lock").string();
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  const pid_t gone = test::fork_child([] {});
  const std::string text = std::to_string(gone) + " 5\n";
  test::wait_for(gone);
  ASSERT_EQ(::pwrite(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(refusal(state_), "got it");
  // The same number with another start time is somebody else, hence stale as well.
  const std::string reused = std::to_string(::getpid()) + " 5\n";
  const int again = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(again, LOCK_EX), 0);
  ASSERT_EQ(::pwrite(again, reused.data(), reused.size(), 0), static_cast<ssize_t>(reused.size()));
  EXPECT_EQ(refusal(state_), "got it");
  ::close(fd);
  ::close(again);
}

TEST_F(ResourceLockTest, ASessionHoldsItsResourcesBetweenTrials) {
  const auto tree = std::make_shared<test::ModelFilesystem>();
  tree->set("/sys/x/limit", "800");
  const FileValue knob("/sys/x/limit", space::integer("limit", 100, 900), {.filesystem = tree});
  const SessionOptions options{.state_dir = state_, .filesystem = tree, .guardian = false};
  std::optional<Session> first(std::in_place, options);
  first->apply({knob.plan(std::int64_t{400})});
  first->restore();
  Session second(options);
  EXPECT_THROW(second.apply({knob.plan(std::int64_t{500})}), BusyError);
  EXPECT_EQ(tree->get("/sys/x/limit"), "800") << "refused before anything is written";
  first.reset();
  EXPECT_NO_THROW(second.apply({knob.plan(std::int64_t{500})}));
}

TEST_F(ResourceLockTest, RefusesNamesThatAreNoFileNames) {
  for (const char* name : {"", "../x", "a/b", ".hidden"})
    EXPECT_THROW(ResourceLock(state_, name), InvalidArgument) << name;
}

}  // namespace
}  // namespace bayestuner::knob
