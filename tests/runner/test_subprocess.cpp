#include "bayestuner/runner/subprocess.hpp"

#include "bayestuner/core/error.hpp"
#include "runner/clean_text.hpp"
#include "runner/fixtures.hpp"

namespace bayestuner::runner::tests {

static ExitStatus wait(Subprocess& process) {
  EXPECT_TRUE(eventually(60.0, [&] { return process.poll().has_value(); }));
  return process.poll().value_or(ExitStatus{});
}

TEST(Subprocess, TellsHowItEnded) {
  Subprocess exits({.argv = {"sh", "-c", "exit 3"}});
  EXPECT_EQ(wait(exits).to_text(), "exited with code 3");
  Subprocess killed({.argv = {"sh", "-c", "kill -9 $$"}});
  EXPECT_EQ(wait(killed).to_text(), "was killed by SIGKILL");
}

TEST(Subprocess, GivesArgumentsAsTheyAreWithoutAShell) {
  const Folder folder;
  const fs::path log = folder.path() / "log";
  Subprocess echo({.argv = {"echo", "$HOME", "a b", ";ls"}, .log = log});
  wait(echo);
  EXPECT_EQ(last_lines(log), "$HOME a b ;ls");
}

TEST(Subprocess, AddsEnvironmentToOursAndTheKnobsWordIsTheLast) {
  const Folder folder;
  const fs::path log = folder.path() / "log";
  knob::LaunchPlan launch;
  launch.environment["THREADS"] = "4";
  Subprocess print({.argv = {"sh", "-c", "echo $THREADS $MORE ${PATH:+path}"},
                    .environment = {{"THREADS", "1"}, {"MORE", "yes"}},
                    .log = log},
                   launch);
  wait(print);
  EXPECT_EQ(last_lines(log), "4 yes path");
  EXPECT_EQ(std::getenv("THREADS"), nullptr);
}

TEST(Subprocess, SaysWhyAProgramCannotRun) {
  EXPECT_THROW(Subprocess({.argv = {}}), InvalidArgument);
  const auto message = [](const Command& command) {
    try {
      Subprocess process(command);
    } catch (const WorkloadError& error) {
      return std::string(error.what());
    }
    return std::string("it ran");
  };
  EXPECT_EQ(message({.argv = {"no-such-program-anywhere"}}), "no-such-program-anywhere: no such program in PATH");
  EXPECT_EQ(message({.argv = {"ls"}, .directory = "/nowhere"}), "/nowhere: is no directory to work in");
  const Folder folder;
  const fs::path plain = folder.path() / "plain";
  std::ofstream(plain) << "text\n";
  EXPECT_EQ(message({.argv = {plain.string()}}), plain.string() + ": cannot be run: Permission denied");
  const fs::path script = folder.path() / "broken";
  std::ofstream(script) << "#!/no/such/interpreter\n";
  fs::permissions(script, fs::perms::owner_all);
  // Only the kernel sees this one, after the fork.
  EXPECT_EQ(message({.argv = {script.string()}}), script.string() + ": cannot be run: No such file or directory");
}

TEST(Subprocess, WaitsForTheJournalBeforeItRuns) {
  const Folder folder;
  const fs::path mark = folder.path() / "ran";
  pid_t seen = 0;
  Subprocess touch({.argv = {"touch", mark.string()}}, {}, [&](pid_t pid) {
    seen = pid;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_FALSE(fs::exists(mark)) << "it ran before it was written down";
  });
  EXPECT_EQ(seen, touch.pid());
  wait(touch);
  EXPECT_TRUE(fs::exists(mark));
  // A journal that cannot be written means no process.
  fs::remove(mark);
  EXPECT_THROW(Subprocess({.argv = {"touch", mark.string()}}, {}, [](pid_t) { throw DeviceError("disk full"); }),
               DeviceError);
  EXPECT_FALSE(fs::exists(mark));
}

TEST(Subprocess, StopsAsAWholeEvenWhereADescendantLeftTheGroup) {
  const Folder folder;
  const fs::path log = folder.path() / "log";
  Subprocess tree(
      {.argv = {"sh", "-c", "trap '' TERM; sleep 1000 & echo $!; setsid sleep 1000 & echo $!; wait"}, .log = log});
  LineReader reader(log);
  std::vector<std::string> lines;
  ASSERT_TRUE(eventually(60.0, [&] {
    for (const std::string& line : reader.read()) lines.push_back(line);
    return lines.size() >= 2;
  }));
  std::vector<pid_t> all = {tree.pid()};
  for (const std::string& line : lines) all.push_back(std::stoi(line));
  for (const pid_t pid : all) EXPECT_TRUE(lives(pid));
  tree.stop(0.3);  // the shell ignores SIGTERM
  for (const pid_t pid : all) EXPECT_FALSE(lives(pid)) << pid;
}

TEST(Subprocess, LetsItTidyUpBeforeItKills) {
  const Folder folder;
  const fs::path mark = folder.path() / "tidy", log = folder.path() / "log";
  Subprocess polite(
      {.argv = {"sh", "-c", "trap 'touch " + mark.string() + "; exit 0' TERM; echo up; while :; do sleep 0.01; done"},
       .log = log});
  ASSERT_TRUE(eventually(60.0, [&] { return last_lines(log) == "up"; }));
  polite.stop(3600.0);  // it does not wait for the whole grace period: this test would be stopped long before
  EXPECT_TRUE(fs::exists(mark));
}

TEST(Subprocess, QuotesTheLastLinesInValidUtf8) {
  const Folder folder;
  const fs::path log = folder.path() / "log";
  std::ofstream(log) << "one\n\ntwo\x01\nthr\xFF"
                        "ee\nüber\n";
  EXPECT_EQ(last_lines(log, 3), "two | thr?ee | über");
  EXPECT_EQ(last_lines(folder.path() / "missing"), "");
  EXPECT_EQ(clean_text("\xC3", 10), "?");
  EXPECT_EQ(clean_text("aü", 2), "a…");
  EXPECT_EQ(clean_text("üa", 2, true), "…a");
}

TEST(LineReader, ReturnsWhatAFileGained) {
  const Folder folder;
  const fs::path file = folder.path() / "grows";
  LineReader reader(file);
  EXPECT_TRUE(reader.read().empty());
  std::ofstream out(file);
  out << "a\nb" << std::flush;
  EXPECT_EQ(reader.read(), std::vector<std::string>{"a"});
  out << "c\nrest" << std::flush;
  EXPECT_EQ(reader.read(), std::vector<std::string>{"bc"});
  EXPECT_EQ(reader.read(true), std::vector<std::string>{"rest"});
}

}  // namespace bayestuner::runner::tests
