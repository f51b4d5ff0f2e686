#include "bayestuner/runner/readiness.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/runner/subprocess.hpp"
#include "bayestuner/study/trial.hpp"
#include "runner/socket.hpp"

namespace bayestuner::runner {
namespace {

constexpr double longest_try_s = 1.0;

std::string outcome(int result) {
  return result < 0 ? std::strerror(-result) : "status " + std::to_string(result);
}

}  // namespace

std::string Readiness::to_text() const {
  if (!http.empty()) return "GET " + http + " to answer 200";
  if (!tcp.empty()) return tcp + " to accept a connection";
  if (!line.empty()) return "the line \"" + line + "\"";
  if (!file.empty()) return "the file " + file;
  return "nothing";
}

void wait_until_ready(const Readiness& ready, const std::filesystem::path& directory, const std::filesystem::path& log,
                      double until_s, const Stop& stop, const std::function<void()>& check) {
  const double begin_s = monotonic_s();
  const double end_s = std::min(begin_s + ready.timeout_s, until_s);
  LineReader lines(log);
  std::string last;  // what the last try found
  const auto holds = [&] {
    const double left_s = std::clamp(end_s - monotonic_s(), 0.01, longest_try_s);
    if (!ready.http.empty()) {
      const int status = http_status(Url::parse(ready.http), left_s);
      last = outcome(status);
      return status == 200;
    }
    if (!ready.tcp.empty()) {
      const std::size_t colon = ready.tcp.rfind(':');
      const bool port_only = colon == std::string::npos;
      const int error = try_connect(port_only ? "127.0.0.1" : ready.tcp.substr(0, colon),
                                    port_only ? ready.tcp : ready.tcp.substr(colon + 1), left_s);
      if (error != 0) last = std::strerror(error);
      return error == 0;
    }
    if (!ready.line.empty()) {
      const auto gained = lines.read();
      return std::any_of(gained.begin(), gained.end(),
                         [&](const std::string& text) { return text.find(ready.line) != std::string::npos; });
    }
    if (!ready.file.empty()) return std::filesystem::exists(directory / ready.file);
    return true;
  };
  for (double pause_s = 0.002;; pause_s = std::min(pause_s * 1.5, 0.05)) {
    throw_if_stopped(stop);
    check();
    if (holds()) return;
    if (monotonic_s() >= end_s) {
      const std::string lines_text = last_lines(log);
      throw study::TrialFailed(study::FailureReason::timed_out,
                               "not ready after " + to_text(std::round((monotonic_s() - begin_s) * 10.0) / 10.0) +
                                   " s: waited for " + ready.to_text() + (last.empty() ? "" : ", got " + last) +
                                   (lines_text.empty() ? "; it printed nothing" : "; its last lines: " + lines_text));
    }
    sleep_until(std::min(monotonic_s() + pause_s, end_s), stop);
  }
}

}  // namespace bayestuner::runner
