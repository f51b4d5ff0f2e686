#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace bayestuner::knob {

/// A process that survives reuse of its number: PID and start time.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t starttime = 0;  ///< clock ticks since boot, field 22 of /proc/<pid>/stat
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

/// Identity of `pid` (0: this process); nullopt where there is no such process.
std::optional<ProcessIdentity> identity_of(pid_t pid = 0);

/// Whether exactly this process still runs. One that has ended and waits for its parent does not.
bool is_alive(const ProcessIdentity& process);

/// Parent of `pid`, 0 where unknown.
pid_t parent_of(pid_t pid);

/// Name of the program, as /proc/<pid>/comm has it; empty where unknown.
std::string command_of(pid_t pid);

}  // namespace bayestuner::knob
