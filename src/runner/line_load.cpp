#include "bayestuner/runner/line_load.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::runner {
namespace {

constexpr double pause_s = 0.02;

void collect(const std::vector<std::string>& lines, Slice& slice) {
  for (const std::string& line : lines) {
    if (auto metrics = metrics_of_line(line)) slice.readings.push_back(std::move(*metrics));
  }
}

}  // namespace

std::optional<std::map<std::string, double>> metrics_of_line(const std::string& line) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string::npos || line[first] != '{') return std::nullopt;
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  std::map<std::string, double> metrics;
  for (const auto& [name, value] : parsed.items()) {
    if (value.is_boolean()) metrics[name] = value.get<bool>() ? 1.0 : 0.0;
    if (value.is_number() && std::isfinite(value.get<double>())) metrics[name] = value.get<double>();
  }
  return metrics;
}

void PrintedMetrics::begin(const LoadStart& start) {
  lines_ = LineReader(start.workload_log);
  stop_ = start.stop;
}

Slice PrintedMetrics::run(double until_s) {
  Slice slice{.begin_s = monotonic_s()};
  sleep_until(until_s, stop_);
  throw_if_stopped(stop_);
  collect(lines_.read(), slice);
  slice.end_s = monotonic_s();
  return slice;
}

Slice PrintedMetrics::finish() {
  Slice slice{.begin_s = monotonic_s()};
  collect(lines_.read(), slice);
  slice.end_s = monotonic_s();
  return slice;
}

CommandLoad::CommandLoad(std::vector<std::string> argv, std::filesystem::path directory)
    : argv_(std::move(argv)), directory_(std::move(directory)) {
  if (argv_.empty() || argv_.front().empty()) throw InvalidArgument("load: command is empty");
}

void CommandLoad::begin(const LoadStart& start) {
  end();
  Command command{.directory = directory_, .log = start.directory / "load.log"};
  for (const std::string& text : argv_) command.argv.push_back(knob::render_template(text, start.values));
  log_ = command.log;
  lines_ = LineReader(log_);
  stop_ = start.stop;
  process_.emplace(command, knob::LaunchPlan{}, start.register_process);
}

Slice CommandLoad::run(double until_s) {
  Slice slice{.begin_s = monotonic_s()};
  while (!slice.ended) {
    throw_if_stopped(stop_);
    const auto status = process_ ? process_->poll() : std::optional(ExitStatus{});
    collect(lines_.read(status.has_value()), slice);
    if (status) {
      if (status->signalled || status->code != 0) {
        const std::string last = last_lines(log_);
        throw study::TrialFailed(study::FailureReason::crashed, "the load command " + status->to_text() +
                                                                    (last.empty() ? "" : "; its last lines: " + last));
      }
      slice.ended = true;
    }
    const double now = monotonic_s();
    if (now >= until_s) break;
    if (!slice.ended) sleep_until(std::min(until_s, now + pause_s), stop_);
  }
  slice.end_s = monotonic_s();
  return slice;
}

Slice CommandLoad::finish() {
  Slice slice{.begin_s = monotonic_s()};
  if (process_) process_->stop(2.0);
  collect(lines_.read(true), slice);
  slice.end_s = monotonic_s();
  return slice;
}

void CommandLoad::end() noexcept {
  process_.reset();
}

}  // namespace bayestuner::runner
