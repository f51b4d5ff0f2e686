#include "bayestuner/knob/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/file_value.hpp"
#include "bayestuner/knob/restore.hpp"
#include "bayestuner/knob/session.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override { tree_->set("/sys/x/limit", "800"); }
  fs::path state() const { return folder_.path() / "state"; }
  /// A tuner that sets /sys/x/limit to 400 and dies, with nobody to restore.
  void leave_behind(const std::function<void()>& afterwards = {}) {
    const pid_t pid = test::fork_child([&] {
      Session session({.state_dir = state(), .filesystem = tree_, .guardian = false});
      session.apply({FileValue("/sys/x/limit", space::ordinal("limit", {400}), {.filesystem = tree_}).plan(400.0)});
      if (afterwards) afterwards();
      ::raise(SIGKILL);
    });
    test::wait_for(pid);
    ASSERT_EQ(tree_->get("/sys/x/limit"), "400");
  }
  fs::path journal() const {
    for (const auto& entry : fs::directory_iterator(state())) {
      if (entry.path().extension() == ".jsonl") return entry.path();
    }
    return {};
  }
  std::string text_of(const fs::path& path) const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void replace_in_journal(const std::string& from, const std::string& to) const {
    const fs::path path = journal();
    std::string text = text_of(path);
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  test::TemporaryFolder folder_;
  std::shared_ptr<test::ModelFilesystem> tree_ = std::make_shared<test::ModelFilesystem>();
};

TEST_F(JournalTest, ALineKeepsEveryByte) {
  JournalEntry entry;
  entry.boot_id = "b";
  entry.owner = {.pid = 7, .starttime = 99};
  entry.seq = 3;
  entry.action = "replace_file";
  entry.path = "/tmp/\xc3\xa4 b";
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  entry.before = all;
  entry.wanted = "x\ny";
  entry.mode = 0640;
  entry.persistent = true;
  const std::string line = entry.to_json();
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const JournalEntry back = JournalEntry::from_json(line);
  EXPECT_EQ(back.before, entry.before);
  EXPECT_EQ(back.wanted, entry.wanted);
  EXPECT_EQ(back.path, entry.path);
  EXPECT_EQ(back.owner, entry.owner);
  EXPECT_EQ(back.mode, entry.mode);
  EXPECT_FALSE(back.written);
}

TEST_F(JournalTest, RefusesLinesThatAreNoEntries) {
  for (const char* line : {"", "{}", "[1]", "{\"v\": 1", "{\"v\": 2, \"boot_id\": \"x\"}"}) {
    EXPECT_THROW(JournalEntry::from_json(line), InvalidArgument) << line;
  }
}

TEST_F(JournalTest, IsPrivateAndStandsBeforeTheWrite) {
  std::string at_write;
  tree_->on_write("/limit", [&](const std::string&, std::string&) {
    at_write = text_of(journal());
    return 0;
  });
  Session session({.state_dir = state(), .filesystem = tree_, .guardian = false});
  session.apply({FileValue("/sys/x/limit", space::ordinal("limit", {400}), {.filesystem = tree_}).plan(400.0)});
  EXPECT_THAT(at_write, HasSubstr("\"before\":\"800\""));
  EXPECT_THAT(at_write, HasSubstr("\"wanted\":\"400\""));
  EXPECT_THAT(at_write, HasSubstr("\"boot_id\":\"" + boot_id() + "\""));
  struct stat info {};
  ASSERT_EQ(::stat(journal().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(state().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(JournalTest, AnotherProcessRestoresAfterADeathAndASecondTimeFindsNothing) {
  leave_behind();
  const RestoreReport report = restore_all(state(), tree_);
  EXPECT_EQ(report.count(RestoreOutcome::restored), 1u) << report.to_text();
  EXPECT_EQ(tree_->get("/sys/x/limit"), "800");
  EXPECT_TRUE(journal().empty());
  EXPECT_TRUE(restore_all(state(), tree_).items.empty());
}

TEST_F(JournalTest, TheTreeIsFoundInTheJournalItself) {
  leave_behind();
  EXPECT_TRUE(restore_all(state()).complete());
  EXPECT_EQ(tree_->get("/sys/x/limit"), "800");
}

TEST_F(JournalTest, TheNextSessionRestoresFirst) {
  leave_behind();
  const Session next({.state_dir = state(), .filesystem = tree_, .guardian = false});
  EXPECT_EQ(next.recovered().count(RestoreOutcome::restored), 1u);
  EXPECT_EQ(tree_->get("/sys/x/limit"), "800");
}

TEST_F(JournalTest, AForeignChangeIsLeftAloneWithAWarning) {
  leave_behind();
  tree_->set("/sys/x/limit", "123");
  const RestoreReport report = restore_all(state(), tree_);
  EXPECT_EQ(report.count(RestoreOutcome::left_foreign), 1u);
  EXPECT_EQ(tree_->get("/sys/x/limit"), "123");
}

TEST_F(JournalTest, ALivingOwnersJournalIsLeftAlone) {
  Session session({.state_dir = state(), .filesystem = tree_, .guardian = false});
  session.apply({FileValue("/sys/x/limit", space::ordinal("limit", {400}), {.filesystem = tree_}).plan(400.0)});
  const RestoreReport report = restore_all(state(), tree_);
  EXPECT_EQ(report.count(RestoreOutcome::owner_alive), 1u);
  EXPECT_EQ(tree_->get("/sys/x/limit"), "400");
}

TEST_F(JournalTest, AReusedProcessNumberIsNotTheOwner) {
  ::usleep(30'000);  // start times have 10 ms ticks: the child must not start in the tick of this process
  leave_behind();
  const JournalEntry entry = JournalEntry::from_json(text_of(journal()).substr(0, text_of(journal()).find('\n')));
  replace_in_journal("\"pid\":" + std::to_string(entry.owner.pid), "\"pid\":" + std::to_string(::getpid()));
  EXPECT_EQ(restore_all(state(), tree_).count(RestoreOutcome::restored), 1u);
}

TEST_F(JournalTest, AfterANewBootKernelValuesAreDropped) {
  leave_behind();
  replace_in_journal(boot_id(), "another-boot");
  EXPECT_EQ(restore_all(state(), tree_).count(RestoreOutcome::dropped), 1u);
  EXPECT_EQ(tree_->get("/sys/x/limit"), "400");
  EXPECT_TRUE(journal().empty());
}

TEST_F(JournalTest, AfterANewBootConfigFilesStillComeBack) {
  const std::string path = (folder_.path() / "server.conf").string();
  std::ofstream(path) << "old";
  const pid_t pid = test::fork_child([&] {
    Session session({.state_dir = state(), .guardian = false});
    Plan plan{.knob = "n"};
    plan.writes.push_back(
        {.action = Action::replace_file, .target = path, .value = "new {n}", .placeholder = "n", .text = "1"});
    session.apply({plan});
    ::raise(SIGKILL);
  });
  test::wait_for(pid);
  ASSERT_EQ(text_of(path), "new 1");
  replace_in_journal(boot_id(), "another-boot");
  EXPECT_EQ(restore_all(state()).count(RestoreOutcome::restored), 1u);
  EXPECT_EQ(text_of(path), "old");
}

TEST_F(JournalTest, ATornLastLineIsIgnoredAndADamagedOneIsReported) {
  leave_behind();
  const fs::path path = journal();
  std::ofstream(path, std::ios::app) << R"({"v":1,"boot_id":"torn)";
  std::string text = text_of(path);
  std::ofstream(path, std::ios::trunc) << "garbage\n" << text;
  const RestoreReport report = restore_all(state(), tree_);
  EXPECT_EQ(report.count(RestoreOutcome::restored), 1u);
  EXPECT_EQ(report.count(RestoreOutcome::failed), 1u);
  EXPECT_THAT(report.to_text(), HasSubstr("damaged line: garbage"));
  EXPECT_EQ(tree_->get("/sys/x/limit"), "800");
  EXPECT_TRUE(fs::exists(path));  // kept for a person to look at
  EXPECT_EQ(restore_all(state(), tree_).count(RestoreOutcome::failed), 1u);
}

TEST_F(JournalTest, ASymlinkAtTheJournalsPathIsRefused) {
  const test::TemporaryFolder elsewhere;
  const fs::path victim = elsewhere.path() / "victim";
  std::ofstream(victim) << "precious";
  fs::create_directories(state());
  fs::permissions(state(), fs::perms::owner_all);
  const auto self = *identity_of();
  const std::string name = "journal-" + std::to_string(self.pid) + "-" + std::to_string(self.starttime) + "-41.jsonl";
  fs::create_symlink(victim, state() / name);
  EXPECT_THROW(Journal(state(), self, 41), DeviceError);
  // Planted after the name was reserved.
  Journal journal(state(), self, 42);
  fs::create_symlink(victim, journal.path());
  EXPECT_THROW(journal.append(JournalEntry{}), DeviceError);
  EXPECT_EQ(text_of(victim), "precious");
  const RestoreReport report = restore_all(state(), tree_);
  EXPECT_EQ(report.count(RestoreOutcome::failed), 2u);
  EXPECT_THAT(report.to_text(), HasSubstr("symbolic link"));
  EXPECT_TRUE(fs::is_symlink(state() / name));
}

TEST_F(JournalTest, AForkOfTheOwnerGivesNothingBack) {
  Session session({.state_dir = state(), .filesystem = tree_});
  Plan plan = FileValue("/sys/x/limit", space::ordinal("limit", {400}), {.filesystem = tree_}).plan(400.0);
  plan.resource = "x-limit";
  session.apply({plan});
  auto* const shared = &session;
  test::wait_for(test::fork_child([&] { shared->~Session(); }));
  EXPECT_EQ(tree_->get("/sys/x/limit"), "400");
  EXPECT_TRUE(fs::exists(session.journal_path()));
  // The parent still holds its lock.
  const int status = test::wait_for(test::fork_child([&] {
    Session other({.state_dir = state(), .filesystem = tree_, .guardian = false});
    other.apply({plan});
  }));
  EXPECT_EQ(WEXITSTATUS(status), 99);
}

TEST_F(JournalTest, AFolderOrFileOpenToOthersIsRefused) {
  fs::create_directories(state());
  fs::permissions(state(), fs::perms::all);
  EXPECT_THROW(Session({.state_dir = state(), .filesystem = tree_, .guardian = false}), DeviceError);
  fs::permissions(state(), fs::perms::owner_all);
  leave_behind();
  fs::permissions(journal(), fs::perms::owner_all | fs::perms::others_write);
  EXPECT_EQ(restore_all(state(), tree_).count(RestoreOutcome::failed), 1u);
  EXPECT_EQ(tree_->get("/sys/x/limit"), "400");
}

TEST_F(JournalTest, AGroupWithAnotherInodeOrNameIsNotTouched) {
  JournalEntry entry;
  entry.boot_id = boot_id();
  entry.owner = {.pid = 1 << 22, .starttime = 1};
  entry.seq = 1;
  entry.action = "make_group";
  entry.root = tree_->root().string();
  tree_->mkdir("/sys/fs/cgroup/cpuset/bayestuner-1-1");
  tree_->mkdir("/sys/fs/cgroup/cpuset/system.slice");
  {
    Journal journal(state(), entry.owner, 0);
    entry.path = "/sys/fs/cgroup/cpuset/bayestuner-1-1";
    entry.inode = 1;
    journal.append(entry);
    entry.seq = 2;
    entry.inode = 0;
    entry.path = "/sys/fs/cgroup/cpuset/system.slice";
    journal.append(entry);
  }
  const RestoreReport report = restore_all(state(), tree_);
  EXPECT_EQ(report.count(RestoreOutcome::left_foreign), 1u) << report.to_text();
  EXPECT_EQ(report.count(RestoreOutcome::failed), 1u);
  EXPECT_TRUE(tree_->exists("/sys/fs/cgroup/cpuset/bayestuner-1-1"));
  EXPECT_TRUE(tree_->exists("/sys/fs/cgroup/cpuset/system.slice"));
}

}  // namespace
}  // namespace bayestuner::knob
