#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bayestuner::runner {

/// Processes that live (no zombies) and were started with `name=value` in their environment.
std::vector<pid_t> processes_with_variable(const std::string& name, const std::string& value);

/// Whether a process of the group lives; zombies, which some containers never bury, do not.
bool group_lives(pid_t group);

}  // namespace bayestuner::runner
