#pragma once
// What a tuner leaves behind: processes, control groups, journals, values.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "kill/tuner.hpp"

namespace bayestuner::kill {

struct Process {
  pid_t pid = 0;
  std::string name;  ///< as `ps` shows it
};

/// Living processes whose environment has the state folder of `place`: the tuner, its guardian, its workload.
std::vector<Process> processes_of(const Place& place);
/// Names of our control groups on this machine that were made by one of `tuners`.
std::vector<std::string> groups_of(const std::vector<pid_t>& tuners);
/// Every value a knob sets, as text.
std::string values_of(const Place& place);
std::vector<std::string> journals_of(const Place& place);
Doing doing_now(const Place& place);

/// A told trial, as the tuner wrote it down after it was told.
struct Told {
  std::int64_t number = 0;
  std::string state, params;
  double cost = 0.0;
};
std::vector<Told> told_of(const Place& place);

}  // namespace bayestuner::kill
