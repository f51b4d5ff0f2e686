#pragma once
/// What is done to control groups of ours; nothing here touches a group without our name prefix.

#include <string>
#include <vector>

#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {

inline constexpr const char* kGroupPrefix = "bayestuner-";

/// Whether the last part of `path` carries our prefix.
bool is_our_group(const std::string& path);

/// Process ids listed in `<path>/cgroup.procs`.
std::vector<int> processes_in(const Filesystem& filesystem, const std::string& path);

/// SIGKILL for all processes inside and below; waits up to `timeout_s` until they are gone. Only on the machine itself:
/// a copied tree's numbers are nobody's. Returns whether the group is empty.
bool kill_group(const Filesystem& filesystem, const std::string& path, double timeout_s = 2.0);

/// Kills, then removes the group and those below. 0 or errno.
int remove_group(const Filesystem& filesystem, const std::string& path, double timeout_s = 3.0);

/// Moves every process in `from` to `to`. 0 or the first errno that was not "gone already".
int move_processes(const Filesystem& filesystem, const std::string& from, const std::string& to);

}  // namespace bayestuner::knob
