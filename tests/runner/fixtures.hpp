#pragma once
// A server of our own, a folder, and what every test of this area asks.

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/detail/read_file.hpp"
#include "bayestuner/runner/http_load.hpp"
#include "bayestuner/runner/process_workload.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::runner::tests {

namespace fs = std::filesystem;

/// A temporary folder.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "bayestuner-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

inline std::string python() {
  return fs::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
}

inline std::string server_script() {
  const char* const data = std::getenv("BAYESTUNER_TEST_DATA");
  return fs::absolute(fs::path(data != nullptr ? data : "tests/data") / "../runner/server.py")
      .lexically_normal()
      .string();
}

/// Requests that the server answers with twice the number.
inline std::vector<HttpRequest> requests() {
  std::vector<HttpRequest> all;
  for (int i = 1; i <= 5; ++i) {
    const std::string n = std::to_string(i);
    all.push_back({.body = R"({"inputs":[{"name":"x","shape":[1],"data":[)" + n + "]}]}",
                   .expect = "[" + std::to_string(2 * i) + "]"});
  }
  return all;
}

inline ProcessOptions server(const std::string& mode, std::vector<std::string> more = {}) {
  ProcessOptions options{.command = {python(), server_script(), "--port", "{port}", "--mode", mode},
                         .ready = {.http = "http://127.0.0.1:{port}/ready", .timeout_s = 120.0},
                         .stop_timeout_s = 2.0};
  options.command.insert(options.command.end(), more.begin(), more.end());
  return options;
}

inline HttpLoadOptions closed_load(int concurrency = 4, double timeout_s = 30.0) {
  return {.url = "http://127.0.0.1:{port}/infer",
          .requests = requests(),
          .concurrency = concurrency,
          .timeout_s = timeout_s};
}

/// The reason and message of the study::TrialFailed that `f` throws.
inline study::TrialFailed failure_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const study::TrialFailed& failure) {
    return failure;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {study::FailureReason::none, ""};
}

inline bool lives(pid_t pid) {
  const std::string text = detail::read_file("/proc/" + std::to_string(pid) + "/stat").value_or("");
  const std::size_t end = text.rfind(')');
  return end != std::string::npos && text[end + 2] != 'Z' && text[end + 2] != 'X';
}

/// Whether `condition` comes true within `seconds`.
inline bool eventually(double seconds, const std::function<bool()>& condition) {
  const double until = monotonic_s() + seconds;
  while (!condition()) {
    if (monotonic_s() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace bayestuner::runner::tests
