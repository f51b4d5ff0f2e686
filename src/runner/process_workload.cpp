#include "bayestuner/runner/process_workload.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/runner/subprocess.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::runner {
namespace {

using study::FailureReason;
using study::TrialFailed;

constexpr double look_s = 0.1;  // between two looks whether the process still lives

std::string python() {
  const char* const given = std::getenv("BAYESTUNER_PYTHON");
  return given != nullptr && *given != '\0' ? given : "python3";
}

}  // namespace

std::vector<std::string> placeholders(const std::string& text) {
  std::vector<std::string> names;
  const auto is_name = [](char c, bool first) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9');
  };
  for (std::size_t at = 0; (at = text.find('{', at)) != std::string::npos; ++at) {
    std::size_t end = at + 1;
    while (end < text.size() && is_name(text[end], end == at + 1)) ++end;
    if (end > at + 1 && end < text.size() && text[end] == '}') names.push_back(text.substr(at + 1, end - at - 1));
  }
  return names;
}

void check_template(const std::string& where, const std::string& text, const std::vector<std::string>& parameters) {
  for (const std::string& name : placeholders(text)) {
    if (name == "port" || name == "python") continue;
    if (std::find(parameters.begin(), parameters.end(), name) != parameters.end()) continue;
    throw InvalidArgument(where + ": {" + name + "} in \"" + text + "\" is neither port, python nor a parameter (" +
                          join(parameters) + ")");
  }
}

struct ProcessWorkload::State {
  ProcessOptions options;
  AnyLoad load;
  std::vector<std::string> parameters;
  Start start = {};
  std::map<std::string, std::string> values = {};
  std::optional<Subprocess> process = {};
  double started_s = 0.0;

  std::filesystem::path log() const { return start.directory / "workload.log"; }
  std::string render(const std::string& text) const { return knob::render_template(text, values); }
  void throw_if_dead();
  bool has_ended() {
    if (!options.may_end || !process) return false;
    const auto& status = process->poll();
    return status && !status->signalled && status->code == 0;
  }
};

/// Throws with the reason if the process has ended, or if the kernel took a part of it for memory.
void ProcessWorkload::State::throw_if_dead() {
  if (!process) throw TrialFailed(FailureReason::invalid, "the workload was not started");
  const auto& status = process->poll();
  const auto kills = knob::oom_kills(start.launch);
  // Old kernels do not count: there a SIGKILL under a limit has one likely cause.
  const bool likely = !kills && start.launch.group("memory") && status && status->signalled && status->code == SIGKILL;
  const bool out_of_memory = kills.value_or(0) > 0 || likely;
  if (!status && !out_of_memory) return;
  const std::string last = last_lines(log());
  const std::string after = to_text(std::round((monotonic_s() - started_s) * 10.0) / 10.0) + " s";
  const std::string printed = last.empty() ? "; it printed nothing" : "; its last lines: " + last;
  if (out_of_memory) {
    throw TrialFailed(FailureReason::out_of_memory,
                      "the kernel killed " + std::string(status ? "the workload" : "a process of the workload") +
                          " for memory after " + after + printed);
  }
  throw TrialFailed(FailureReason::crashed, "the workload " + status->to_text() + " after " + after + printed);
}

ProcessWorkload::ProcessWorkload(ProcessOptions options, AnyLoad load, std::vector<std::string> parameters) {
  if (options.command.empty() || options.command.front().empty()) throw InvalidArgument("workload: command is empty");
  for (const std::string& text : options.command) check_template("workload.command", text, parameters);
  for (const auto& [name, text] : options.environment) check_template("workload.environment." + name, text, parameters);
  const Readiness& ready = options.ready;
  for (const std::string& text : {ready.http, ready.tcp, ready.line, ready.file}) {
    check_template("workload.ready", text, parameters);
  }
  if (!(ready.timeout_s > 0.0)) {
    throw InvalidArgument("workload.ready.timeout_s: " + to_text(ready.timeout_s) + " must be above 0");
  }
  if (!(options.stop_timeout_s >= 0.0)) {
    throw InvalidArgument("workload.stop_timeout_s: " + to_text(options.stop_timeout_s) + " must be at least 0");
  }
  state_ = std::make_unique<State>(
      State{.options = std::move(options), .load = std::move(load), .parameters = std::move(parameters)});
}

ProcessWorkload::~ProcessWorkload() {
  if (state_) stop();
}
ProcessWorkload::ProcessWorkload(ProcessWorkload&&) noexcept = default;
ProcessWorkload& ProcessWorkload::operator=(ProcessWorkload&& other) noexcept {
  if (state_) stop();
  state_ = std::move(other.state_);
  return *this;
}

void ProcessWorkload::start(const Start& start) {
  stop();
  State& state = *state_;
  state.start = start;
  state.values.clear();
  for (const std::string& name : state.parameters) state.values[name] = "";  // inactive, unless set below
  for (const auto& [name, value] : start.params) state.values[name] = space::to_text(value);
  for (const auto& [name, text] : start.launch.arguments) state.values[name] = text;
  state.values["port"] = to_text(free_port());
  state.values["python"] = python();

  Command command{.directory = state.options.directory, .log = state.log()};
  std::error_code ignored;
  std::filesystem::remove(command.log, ignored);
  for (const std::string& text : state.options.command) command.argv.push_back(state.render(text));
  for (const auto& [name, text] : state.options.environment) command.environment[name] = state.render(text);
  state.started_s = monotonic_s();
  try {
    state.process.emplace(command, start.launch, start.register_process);
  } catch (const WorkloadError& error) {
    throw TrialFailed(FailureReason::crashed, error.what());
  } catch (const DeviceError& error) {
    throw TrialFailed(FailureReason::knob_refused, error.what());
  }
}

void ProcessWorkload::wait_ready(double until_s) {
  State& state = *state_;
  Readiness ready = state.options.ready;
  // A short job may be done before anybody looks: it has failed only where something was to be waited for.
  const bool at_once = ready.http.empty() && ready.tcp.empty() && ready.line.empty() && ready.file.empty();
  const auto check = [&] {
    if (!at_once || !state.has_ended()) state.throw_if_dead();
  };
  check();
  for (std::string* text : {&ready.http, &ready.tcp, &ready.line, &ready.file}) *text = state.render(*text);
  const std::filesystem::path directory =
      state.options.directory.empty() ? std::filesystem::current_path() : state.options.directory;
  wait_until_ready(ready, directory, state.log(), until_s, state.start.stop, check);
  state.load.begin({.values = state.values,
                    .directory = state.start.directory,
                    .workload_log = state.log(),
                    .register_process = state.start.register_process,
                    .stop = state.start.stop});
}

Slice ProcessWorkload::run(double until_s) {
  State& state = *state_;
  if (!state.has_ended()) state.throw_if_dead();
  Slice slice{.begin_s = monotonic_s()};
  do {
    try {
      slice.append(state.load.run(std::min(until_s, monotonic_s() + look_s)));
    } catch (const TrialFailed& failure) {
      // A dead server is the better explanation of an unanswered request.
      if (failure.reason != FailureReason::cancelled) state.throw_if_dead();
      throw;
    }
    if (state.has_ended()) {
      slice.append(state.load.run(monotonic_s()));  // what it printed last
      slice.ended = true;
    } else {
      state.throw_if_dead();
    }
  } while (monotonic_s() < until_s && !slice.ended);
  slice.end_s = monotonic_s();
  return slice;
}

Slice ProcessWorkload::finish() {
  State& state = *state_;
  Slice slice = state.load.finish();
  if (!state.has_ended()) state.throw_if_dead();
  return slice;
}

void ProcessWorkload::stop() noexcept {
  State& state = *state_;
  state.load.end();
  if (state.process) state.process->stop(state.options.stop_timeout_s);
  state.process.reset();
}

pid_t ProcessWorkload::pid() const {
  return state_->process ? state_->process->pid() : 0;
}

}  // namespace bayestuner::runner
