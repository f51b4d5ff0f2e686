#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "bayestuner/runner/stop.hpp"

namespace bayestuner::runner {

/// When a server counts as ready; exactly one of the four is set, or none (ready at once). Placeholders are filled in.
struct Readiness {
  std::string http = {};  ///< URL that answers GET with 200
  std::string tcp = {};   ///< `port` or `host:port` that accepts a connection
  std::string line = {};  ///< text in a line of its output
  std::string file = {};  ///< path that exists (relative to its working directory)
  double timeout_s = 60.0;

  bool empty() const { return http.empty() && tcp.empty() && line.empty() && file.empty(); }
  std::string to_text() const;
};

/// Waits until `ready` holds. `check` is called every few milliseconds and throws if the process has died.
/// Throws study::TrialFailed: timed_out after min(timeout, `until_s`), cancelled.
void wait_until_ready(const Readiness& ready, const std::filesystem::path& directory, const std::filesystem::path& log,
                      double until_s, const Stop& stop, const std::function<void()>& check);

}  // namespace bayestuner::runner
