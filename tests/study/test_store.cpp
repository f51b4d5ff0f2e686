#include "bayestuner/study/store.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <set>

#include "bayestuner/study/named_strategy.hpp"
#include "study/fixtures.hpp"

namespace bayestuner::study {
namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {(std::istreambuf_iterator<char>(in)), {}};
}

std::string refusal(const std::filesystem::path& path) {
  const std::string before = bytes_of(path);
  std::string message = "accepted";
  try {
    Study(small_space(), least_power(), {.store = path});
  } catch (const StoreError& e) {
    message = e.what();
  }
  EXPECT_EQ(bytes_of(path), before) << "a file that is refused must stay as it was";
  EXPECT_EQ(message.find('\n'), std::string::npos);
  return message;
}

TEST(Store, RefusesForeignDamagedAndNewerFilesUntouched) {
  const Folder folder;
  std::ofstream(folder / "text.db") << "this is no database, but it is long enough to look at the header of one";
  EXPECT_NE(refusal(folder / "text.db").find("is not a study file"), std::string::npos);

  {
    Study s(small_space(), least_power(), {.store = folder / "good.db", .strategy = search::RandomSearch()});
    s.optimize(serve, {.trials = 200});
  }
  const std::string good = bytes_of(folder / "good.db");
  std::ofstream(folder / "cut.db", std::ios::binary) << good.substr(0, good.size() / 2);
  EXPECT_NE(refusal(folder / "cut.db").find("damaged"), std::string::npos);

  std::string newer = good;
  newer[63] = 9;  // user_version, big-endian at offset 60
  std::ofstream(folder / "newer.db", std::ios::binary) << newer;
  EXPECT_NE(refusal(folder / "newer.db").find("has format 9"), std::string::npos);

  std::string foreign = good;
  foreign[68] = 1;  // application_id
  std::ofstream(folder / "foreign.db", std::ios::binary) << foreign;
  EXPECT_NE(refusal(folder / "foreign.db").find("not a study file"), std::string::npos);
  EXPECT_THROW(Study::open(folder / "missing.db"), StoreError);
  EXPECT_FALSE(std::filesystem::exists(folder / "missing.db"));
}

TEST(Store, RefusesAnotherSpace) {
  const Folder folder;
  Study(small_space(), least_power(), {.store = folder / "s.db"});
  EXPECT_THROW(Study(space::DynamicSpace({space::integer("cores", 1, 8)}), least_power(), {.store = folder / "s.db"}),
               StoreError);
  EXPECT_NO_THROW(Study(small_space(), Problem().maximize("throughput"), {.store = folder / "s.db"}));
}

TEST(Store, AFullDiskLosesNothingTold) {
  const Folder folder;
  Study s(small_space(), least_power(), {.store = folder / "s.db", .strategy = search::RandomSearch()});
  s.optimize(serve, {.trials = 5});
  const auto trial = *s.ask();
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{4096, before.rlim_max};
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &tight);
  EXPECT_THROW(s.tell(trial.number, serve(trial)), StoreError);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  EXPECT_EQ(s.trials().size(), 6u);
  s.tell(trial.number, serve(trial));  // may be repeated once there is room
  EXPECT_EQ(Study::open(folder / "s.db")->trials().size(), 6u);
}

// Runs `work` in a child process; the caller waits for it.
template <class F>
pid_t spawn(F work) {
  const pid_t pid = fork();
  if (pid == 0) {
    work();
    _exit(0);
  }
  return pid;
}

TEST(Store, KillLosesNoToldTrial) {
  const Folder folder;
  Random random(11);
  const auto path = folder / "killed.db";
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < 60; ++round) {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t child = spawn([&] {
      close(fds[0]);
      Study s(space::DynamicSpace({space::integer("a", 0, 99999)}), Problem().minimize("y"),
              {.store = path, .seed = 5, .strategy = search::RandomSearch()});
      for (;;) {
        const auto t = s.ask();
        s.tell(t->number, {{"y", {.value = static_cast<double>(t->number)}}});
        if (write(fds[1], &t->number, sizeof t->number) != sizeof t->number) _exit(1);
      }
    });
    close(fds[1]);
    // Some acknowledgements, then a random moment: progress in each round, however busy the machine is.
    std::int64_t number = 0;
    for (std::uint64_t wanted = 1 + random.below(4); wanted > 0; --wanted) {
      ASSERT_EQ(read(fds[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
      acknowledged.insert(number);
    }
    usleep(static_cast<useconds_t>(random.below(20'000)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(fds[0], &number, sizeof number) == sizeof number) acknowledged.insert(number);
    close(fds[0]);
  }
  ASSERT_GT(acknowledged.size(), 60u);
  const auto s = Study::open(path);
  std::set<std::string> seen;
  std::int64_t expected = 0;
  for (const Trial& t : s->trials()) {
    EXPECT_EQ(t.number, expected++);
    EXPECT_TRUE(seen.insert(t.params.to_text()).second) << "a repeat after a kill";
    if (acknowledged.contains(t.number)) {
      EXPECT_EQ(t.state, TrialState::complete);
      EXPECT_EQ(t.metrics.at("y").value, static_cast<double>(t.number));
    }
  }
  EXPECT_GE(expected, static_cast<std::int64_t>(acknowledged.size()));
}

TEST(Store, ProcessesShareOneStudyWithoutRepeats) {
  const Folder folder;
  const auto path = folder / "shared.db";
  Study(small_space(), least_power(), {.store = path, .seed = 1});
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    children.push_back(spawn([&] {
      Study s(small_space(), least_power(), {.store = path, .seed = 1, .strategy = named_strategy("random")});
      for (int k = 0; k < 25; ++k) {
        const auto t = s.ask();
        s.tell(t->number, serve(*t));
      }
    }));
  }
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto s = Study::open(path);
  std::set<std::string> seen;
  std::set<std::int64_t> told;
  for (const Trial& t : s->trials()) {
    EXPECT_TRUE(seen.insert(t.params.to_text()).second);
    EXPECT_TRUE(told.insert(t.told).second);
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Store, AnInterruptedTrialIsRunAgain) {
  const Folder folder;
  const auto path = folder / "lost.db";
  const pid_t child = spawn([&] {
    Study s(small_space(), least_power(), {.store = path, .seed = 2, .strategy = search::RandomSearch()});
    (void)s.ask();
  });
  waitpid(child, nullptr, 0);
  Study s(small_space(), least_power(), {.store = path, .seed = 2, .strategy = search::RandomSearch()});
  Study fresh(small_space(), least_power(), {.seed = 2, .strategy = search::RandomSearch()});
  const auto again = *s.ask();
  EXPECT_EQ(again.number, 0);
  EXPECT_EQ(again.params, fresh.ask()->params);
}

}  // namespace
}  // namespace bayestuner::study
