#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bayestuner/knob/filesystem.hpp"
#include "bayestuner/knob/launch.hpp"
#include "bayestuner/knob/plan.hpp"
#include "bayestuner/knob/restore.hpp"

namespace bayestuner::knob {

struct SessionOptions {
  std::filesystem::path state_dir = {};               ///< journals and locks; empty: state_directory()
  std::shared_ptr<const Filesystem> filesystem = {};  ///< empty: the machine
  bool guardian = true;                               ///< a child that restores where this process is killed
  bool lock = true;                                   ///< one tuner per resource
  bool recover = true;                                ///< first put back what dead tuners left behind
  /// Called at "before journal", "after journal", "after write", "during restore": tests end the process there.
  std::function<void(std::string_view)> checkpoint = {};
};

/// Sets knobs for a trial and gives the machine back as it was found.
/// Every write is journalled, done, read back; a write that did not take is rolled back and thrown. Whatever ends the
/// process, the journal restores: the destructor, the guardian after SIGKILL, restore_all() at the next start.
/// Construct it early: the guardian is forked in the constructor. Not thread-safe; one trial at a time.
class Session {
 public:
  explicit Session(SessionOptions options = {});
  /// Restores; failures stay in the journal.
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Applies the plans in order and returns how to start the workload. May be called again while the workload lives.
  /// Takes the plans' resources, see hold(). Throws DeviceError (path, bytes, errno, effective value) after undoing
  /// what this call had done.
  LaunchPlan apply(const std::vector<Plan>& plans);

  /// Takes a resource until this session ends, restores in between included: a tuner that let go between two trials
  /// would meet another one in the next. Throws BusyError naming the holder.
  void hold(const std::string& resource);

  /// Tells the journal about the workload, so that it dies with us. Call it before the child execs.
  void register_process(pid_t pid);

  /// Whether process `pid` and every thread of it is where `plan` wants it, or has ended. Throws DeviceError if not.
  void verify(pid_t pid, const LaunchPlan& plan) const;

  /// Kills every process in our groups; used when a workload does not stop by itself.
  void kill_workload();

  /// Kills what is left in our groups and undoes every write in reverse order. Journals nothing new; may be repeated.
  RestoreReport restore();

  /// What the constructor put back for others.
  const RestoreReport& recovered() const;
  /// `<pid>-<starttime>-<n>`: what kSessionToken stands for.
  const std::string& identity() const;
  const std::filesystem::path& journal_path() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bayestuner::knob
