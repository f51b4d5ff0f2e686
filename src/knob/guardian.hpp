#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <vector>

#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {

/// A process of its own that outlives us: when we die without a word it restores from the journals and ends.
/// It is no child of ours (double fork), in a session of its own (Ctrl-C does not reach it), ignores SIGINT, SIGTERM
/// and SIGHUP, and keeps no descriptor but a pipe's end. The calling program may have threads: glibc keeps malloc
/// usable in the child, and the child uses nothing else that could be locked.
class Guardian {
 public:
  /// Forks. Throws DeviceError if the system refuses.
  Guardian(std::vector<std::filesystem::path> journals, std::shared_ptr<const Filesystem> filesystem);
  /// Sends it home: nothing is left to restore.
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  pid_t pid() const { return pid_; }
  /// The name under which `ps` shows it.
  static constexpr const char* kName = "bayestuner-grd";

 private:
  int pipe_ = -1;
  pid_t pid_ = 0;
  pid_t owner_ = 0;
};

}  // namespace bayestuner::knob
