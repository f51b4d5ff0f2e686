#pragma once
/// Loads that report by printing: one JSON object of metrics a line.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/runner/load.hpp"
#include "bayestuner/runner/subprocess.hpp"

namespace bayestuner::runner {

/// Numbers (and booleans) of a line that is a JSON object; nullopt for any other line.
std::optional<std::map<std::string, double>> metrics_of_line(const std::string& line);

/// The workload prints its metrics itself.
class PrintedMetrics {
 public:
  void begin(const LoadStart& start);
  Slice run(double until_s);
  Slice finish();
  void end() noexcept {}

 private:
  LineReader lines_;
  Stop stop_;
};
static_assert(Load<PrintedMetrics>);

/// A program of the user's that asks for work and prints metrics. Its own time is part of the measured window; it may
/// end by itself.
class CommandLoad {
 public:
  /// `argv`: template. Throws InvalidArgument if it is empty.
  explicit CommandLoad(std::vector<std::string> argv, std::filesystem::path directory = {});

  void begin(const LoadStart& start);
  Slice run(double until_s);
  Slice finish();
  void end() noexcept;

 private:
  std::vector<std::string> argv_;
  std::filesystem::path directory_;
  std::filesystem::path log_;
  LineReader lines_;
  Stop stop_;
  std::optional<Subprocess> process_;
};
static_assert(Load<CommandLoad>);

}  // namespace bayestuner::runner
