#pragma once
// Which process runs a trial, and whether it still lives.

#include <string>

namespace bayestuner::study {

// "<boot id>/<pid>/<start time>" of this process: no later process has the same.
std::string this_process();
// False where the process is gone, or ran before the last boot. A process of another PID namespace looks gone.
bool is_alive(const std::string& process);

}  // namespace bayestuner::study
