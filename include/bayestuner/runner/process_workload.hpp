#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bayestuner/runner/concepts.hpp"
#include "bayestuner/runner/load.hpp"
#include "bayestuner/runner/readiness.hpp"

namespace bayestuner::runner {

/// A program under load. Templates may hold {parameter}, {port} (a free one, new for each trial) and {python}
/// ($BAYESTUNER_PYTHON, else python3). A parameter that is inactive in a configuration becomes an empty text.
struct ProcessOptions {
  std::vector<std::string> command;                     ///< templates; the first is the program
  std::map<std::string, std::string> environment = {};  ///< templates, added to ours
  std::filesystem::path directory = {};                 ///< working directory; empty: ours
  Readiness ready = {};                                 ///< templates
  double stop_timeout_s = 10.0;                         ///< from SIGTERM to SIGKILL
  bool may_end = false;  ///< a job: exit code 0 ends the load; a server that exits has crashed
};

/// A server or job in a process of its own, with everything it starts.
class ProcessWorkload {
 public:
  /// `parameters`: names a template may use. Throws InvalidArgument for an empty command and for any other name.
  ProcessWorkload(ProcessOptions options, AnyLoad load, std::vector<std::string> parameters);
  ~ProcessWorkload();
  ProcessWorkload(ProcessWorkload&&) noexcept;
  ProcessWorkload& operator=(ProcessWorkload&&) noexcept;

  void start(const Start& start);
  void wait_ready(double until_s);
  Slice run(double until_s);
  Slice finish();
  void stop() noexcept;
  bool is_process() const { return true; }
  pid_t pid() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};
static_assert(Workload<ProcessWorkload>);

/// Checks that `text` holds no placeholder but `parameters`, port and python. Throws InvalidArgument that begins with
/// `where`.
void check_template(const std::string& where, const std::string& text, const std::vector<std::string>& parameters);
/// Names in braces in `text`.
std::vector<std::string> placeholders(const std::string& text);

}  // namespace bayestuner::runner
