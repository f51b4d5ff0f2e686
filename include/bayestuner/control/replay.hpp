#pragma once
/// Controllers on recorded servers: what `bayestuner control replay` prints.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/control/setting.hpp"

namespace bayestuner::control {

enum class ReplayMode {
  table,   ///< a setting always answers its recorded row: exact, without noise
  traces,  ///< windows drawn from a model of recorded runs, seeded
};

struct ReplayOptions {
  ReplayMode mode = ReplayMode::table;
  std::vector<std::string> tasks = {};  ///< only these; empty: all
  /// Names of make_controller, with options: `pseudo_binary:reopen=0:window_s=3`. In traces mode `guard` starts from
  /// what the other jobs were like, `guard:history=0` from the generic prior. The fail-safe is off unless asked for:
  /// tables repeat their readings.
  std::vector<std::string> controllers = {"guard"};
  std::vector<double> caps_w = {};  ///< each on its own; empty: the task's
  int seeds = 1;
  std::uint64_t first_seed = 0;
  int decisions = 40;                                     ///< table
  double horizon_s = 200.0;                               ///< traces
  std::vector<std::pair<double, double>> cap_steps = {};  ///< traces: from second, factor on the cap (60 to 250 W)
  int delay = 0;                                          ///< traces: windows that the meter is late
  double rise = 0.0;                                      ///< traces: share by which power above idle rises at 100 s
  double idle_w = 40.0;                                   ///< traces: below every reading
  bool log = false;                                       ///< keep every window
};

/// One window of a replay.
struct ReplayWindow {
  double end_s, seconds, batch, clock_mhz, power_w, per_s, cap_w;
  std::string reason;
};

/// Lists over seeds, in order; shares are of the best feasible setting's rate. The keys of `--format json`.
struct ReplayResult {
  std::string task, controller;
  ReplayMode mode = ReplayMode::table;
  double cap_w = 0.0;
  double best_per_s = 0.0;  ///< rate of the best feasible setting: at most 5 % of its windows above the cap
  std::vector<double> throughput_share = {}, goodput_share = {}, violation_share = {}, violation_w = {},
                      longest_violation_s = {};
  std::vector<double> longest_far_violation_s = {};           ///< above 1.05 times the cap
  std::vector<double> rest_goodput_share = {};                ///< of the last 12 decisions
  std::vector<std::vector<double>> phase_goodput_share = {};  ///< between cap steps, each of its own best
  std::vector<std::optional<double>> seconds_to_converge = {}, recovery_s = {};
  std::vector<std::optional<int>> decisions_to_converge = {}, changes_after_convergence = {};
  std::vector<int> changes = {};
  std::vector<bool> alternates = {};                  ///< the last 12 decisions are not one setting
  std::vector<std::pair<double, double>> final = {};  ///< batch, clock (or second knob; 0: the driver's)
  std::vector<std::vector<ReplayWindow>> windows = {};

  std::string to_json() const;
};

/// What the recorded controllers themselves did on each job, by the same measures.
struct RecordedRun {
  std::string task, approach;
  double cap_w = 0.0, throughput_share = 0.0, violation_share = 0.0, violation_w = 0.0;
};
std::vector<RecordedRun> recorded_runs(const std::filesystem::path& folder, double idle_w = 40.0);

/// Plays every controller against every task. `path`: a folder or its tasks.json; traces mode reads traces.csv.gz
/// beside it. `done` is called for each (task, cap, controller), in that order. Equal seeds give equal results. Throws
/// InvalidArgument, DeviceError.
std::vector<ReplayResult> replay(const std::filesystem::path& path, const ReplayOptions& options,
                                 const std::function<void(const ReplayResult&)>& done = {});

}  // namespace bayestuner::control
