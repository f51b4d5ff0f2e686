#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/knob/launch.hpp"

namespace bayestuner::runner {

/// A program to run; no shell takes part.
struct Command {
  std::vector<std::string> argv = {};
  std::map<std::string, std::string> environment = {};  ///< added to ours
  std::filesystem::path directory = {};                 ///< working directory; empty: ours
  std::filesystem::path log = {};                       ///< takes stdout and stderr; empty: /dev/null
};

/// How a process ended.
struct ExitStatus {
  bool signalled = false;
  int code = 0;  ///< exit code, or the signal's number
  /// `exited with code 3`, `was killed by SIGKILL`.
  std::string to_text() const;
};

/// A child process with everything it starts. It leads a process group, and carries a mark in its environment by which
/// descendants that left the group are found; it gets SIGKILL when the thread that started it ends.
class Subprocess {
 public:
  /// Forks, calls `before_exec` with the child's number while the child waits, then the child joins the plan's groups
  /// and CPUs and execs. Throws WorkloadError if the program cannot be run (path, reason), DeviceError if the plan
  /// cannot be entered.
  Subprocess(const Command& command, const knob::LaunchPlan& launch = {},
             const std::function<void(pid_t)>& before_exec = {});
  /// Kills what is left.
  ~Subprocess();
  Subprocess(Subprocess&&) noexcept;
  Subprocess& operator=(Subprocess&&) noexcept;

  pid_t pid() const;
  /// How it ended; nullopt while it runs.
  const std::optional<ExitStatus>& poll();
  /// SIGTERM for the group, `grace_s` seconds, then SIGKILL for it and for every marked process.
  void stop(double grace_s) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A port that nobody listens on, on the loopback device. Throws DeviceError.
int free_port();

/// Last `lines` lines of a file, joined by " | ", at most `width` characters from the end; empty if there is none.
std::string last_lines(const std::filesystem::path& file, std::size_t lines = 5, std::size_t width = 600);

/// Lines that a growing file gained since the last look.
class LineReader {
 public:
  explicit LineReader(std::filesystem::path file = {}) : file_(std::move(file)) {}
  /// Complete lines; with `all` also an unfinished last one.
  std::vector<std::string> read(bool all = false);

 private:
  std::filesystem::path file_;
  std::uintmax_t at_ = 0;
  std::string rest_;
};

}  // namespace bayestuner::runner
