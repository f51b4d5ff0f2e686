// A tuner that is killed at every point and at random leaves a copied tree as it was found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cores.hpp"
#include "bayestuner/knob/file_value.hpp"
#include "bayestuner/knob/memory_limit.hpp"
#include "bayestuner/knob/restore.hpp"
#include "bayestuner/knob/session.hpp"
#include "bayestuner/knob/stop_signals.hpp"
#include "trees.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

class KilledTuner : public ::testing::Test {
 protected:
  void SetUp() override {
    tree_ = test::v1_machine();
    // Same length as the values set: a copied tree's files are not written as atomically as the kernel's.
    tree_->set("/sys/x/min", "100");
    tree_->set("/sys/x/max", "900");
    found_ = snapshot();
  }
  std::string snapshot() const {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(tree_->root())) {
      const std::string logical = "/" + fs::relative(entry.path(), tree_->root()).string();
      files.insert(entry.is_regular_file() ? logical + "=" + tree_->get(logical) : logical);
    }
    std::string text;
    for (const std::string& file : files) text += file + "\n";
    return text;
  }
  bool journals_left() const {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(state_, error)) {
      if (entry.path().extension() == ".jsonl") return true;
    }
    return false;
  }
  std::vector<Plan> plans(int round) const {
    const auto file = [&](const std::string& path, int value) {
      return FileValue(path, space::ordinal("x", {static_cast<double>(value)}), {.filesystem = tree_})
          .plan(std::int64_t{value});
    };
    const CgroupLayout layout = CgroupLayout::discover(tree_);
    return {file("/sys/x/max", 800 - round % 100), Cores(layout).plan(std::int64_t{1 + round % 8}),
            file("/sys/x/min", 200 + round % 100), MemoryLimit(layout).plan(std::int64_t{64 << 20})};
  }
  void tune(bool guardian, const std::function<void(std::string_view)>& checkpoint = {}, int rounds = 1 << 30) const {
    Session session({.state_dir = state_, .filesystem = tree_, .guardian = guardian, .checkpoint = checkpoint});
    for (int round = 0; round < rounds; ++round) {
      session.apply(plans(round));
      session.apply(plans(round + 1));
      session.restore();
    }
  }
  test::TemporaryFolder folder_;
  fs::path state_ = folder_.path() / "state";
  std::shared_ptr<test::ModelFilesystem> tree_;
  std::string found_;
};

/// Kills itself the `nth` time it passes `where`.
std::function<void(std::string_view)> kill_at(std::string where, int nth) {
  return [where = std::move(where), nth](std::string_view here) mutable {
    if (here == where && --nth == 0) ::raise(SIGKILL);
  };
}

TEST_F(KilledTuner, AtEveryInjectionPointTheNextStartRestores) {
  int deaths = 0;
  for (const std::string where : {"before journal", "after journal", "after write", "during restore"}) {
    for (int nth = 1; nth < 40; ++nth) {
      const int status = test::wait_for(test::fork_child([&] { tune(false, kill_at(where, nth), 1); }));
      if (!WIFSIGNALED(status)) break;  // the point is not passed so often
      ++deaths;
      const RestoreReport report = restore_all(state_, tree_);
      ASSERT_TRUE(report.complete()) << where << " " << nth << "\n" << report.to_text();
      ASSERT_EQ(report.count(RestoreOutcome::left_foreign), 0u) << where << " " << nth << "\n" << report.to_text();
      ASSERT_EQ(snapshot(), found_) << where << " " << nth;
      ASSERT_FALSE(journals_left());
    }
  }
  EXPECT_GT(deaths, 40);
}

TEST_F(KilledTuner, AtEveryInjectionPointTheGuardianRestores) {
  for (const std::string where : {"before journal", "after journal", "after write", "during restore"}) {
    for (const int nth : {1, 2, 3}) {
      const int status = test::wait_for(test::fork_child([&] { tune(true, kill_at(where, nth), 1); }));
      ASSERT_TRUE(WIFSIGNALED(status));
      ASSERT_TRUE(test::wait_until([&] { return !journals_left() && snapshot() == found_; })) << where << " " << nth;
    }
  }
}

TEST_F(KilledTuner, AtRandomTheGuardianRestores) {
  std::mt19937 random(7);
  for (int kill = 0; kill < 100; ++kill) {
    const pid_t pid = test::fork_child([&] { tune(true); });
    ::usleep(static_cast<useconds_t>(1000 + random() % 30000));
    ::kill(pid, SIGKILL);
    test::wait_for(pid);
    ASSERT_TRUE(test::wait_until([&] { return !journals_left() && snapshot() == found_; })) << "kill " << kill << "\n"
                                                                                            << snapshot();
  }
}

TEST_F(KilledTuner, TheGuardianAndTheNextStartMayRestoreAtTheSameTime) {
  std::mt19937 random(11);
  for (int kill = 0; kill < 20; ++kill) {
    const pid_t pid = test::fork_child([&] { tune(true); });
    ::usleep(static_cast<useconds_t>(3000 + random() % 10000));
    ::kill(pid, SIGKILL);
    test::wait_for(pid);
    ASSERT_TRUE(restore_all(state_, tree_).complete());
    ASSERT_TRUE(test::wait_until([&] { return !journals_left() && snapshot() == found_; })) << kill;
  }
}

TEST_F(KilledTuner, TheGuardianKillsTheRegisteredWorkload) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t pid = test::fork_child([&] {
    Session session({.state_dir = state_, .filesystem = tree_});
    const pid_t workload =
        test::start({}, {"sh", "-c", "sleep 1000 & sleep 1000"}, [&](pid_t child) { session.register_process(child); });
    [[maybe_unused]] const ssize_t n = ::write(told[1], &workload, sizeof workload);
    ::pause();
  });
  pid_t workload = 0;
  ASSERT_EQ(::read(told[0], &workload, sizeof workload), static_cast<ssize_t>(sizeof workload));
  ::close(told[0]);
  ::close(told[1]);
  EXPECT_EQ(::kill(-workload, 0), 0);
  ::kill(pid, SIGKILL);
  test::wait_for(pid);
  EXPECT_TRUE(test::wait_until([&] { return ::kill(-workload, 0) != 0; }));
  ::kill(-workload, SIGKILL);  // or it would hold our output open
}

TEST_F(KilledTuner, SignalsToTheForegroundGroupDoNotStopTheGuardian) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const pid_t pid = test::fork_child([&] {
    ::setpgid(0, 0);
    Session session({.state_dir = state_, .filesystem = tree_});
    session.apply(plans(0));
    [[maybe_unused]] const ssize_t n = ::write(told[1], "x", 1);
    ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  ::close(told[0]);
  ::close(told[1]);
  ASSERT_NE(snapshot(), found_);
  ::kill(-pid, SIGINT);
  EXPECT_TRUE(WIFSIGNALED(test::wait_for(pid)));
  EXPECT_TRUE(test::wait_until([&] { return !journals_left() && snapshot() == found_; }));
}

TEST_F(KilledTuner, AnExceptionUnwindsThroughTheSession) {
  try {
    Session session({.state_dir = state_, .filesystem = tree_});
    session.apply(plans(0));
    throw std::runtime_error("x");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(snapshot(), found_);
  EXPECT_FALSE(journals_left());
}

TEST(StopSignals, TurnASignalIntoAWishAndGiveTheHandlerBack) {
  struct sigaction before {
  }, after{};
  ::sigaction(SIGTERM, nullptr, &before);
  {
    const StopSignals stop;
    EXPECT_FALSE(stop.requested());
    EXPECT_THROW(StopSignals{}, InvalidArgument);
    ::raise(SIGTERM);
    EXPECT_TRUE(stop.requested());
    EXPECT_EQ(stop.signal(), SIGTERM);
    std::uint64_t count = 0;
    EXPECT_EQ(::read(stop.fd(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
  }
  ::sigaction(SIGTERM, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
  const StopSignals again;
  EXPECT_FALSE(again.requested());
}

TEST(StopSignals, TakeAHangupForAWishToReadAgainWhereAsked) {
  StopSignals signals(Hangup::reloads);
  EXPECT_FALSE(signals.take_reload());
  ::raise(SIGHUP);
  ::raise(SIGHUP);  // a second one ends nothing
  EXPECT_FALSE(signals.requested());
  EXPECT_TRUE(signals.take_reload());
  EXPECT_FALSE(signals.take_reload());
  ::raise(SIGTERM);
  EXPECT_TRUE(signals.requested());
}

}  // namespace
}  // namespace bayestuner::knob
