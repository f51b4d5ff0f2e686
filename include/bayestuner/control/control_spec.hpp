#pragma once
/// What `bayestuner control run` does: its file as data.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/control/control_loop.hpp"
#include "bayestuner/control/http_server_port.hpp"
#include "bayestuner/control/make_controller.hpp"
#include "bayestuner/knob/discover.hpp"
#include "bayestuner/runner/tune_spec.hpp"

namespace bayestuner::control {

/// [level]: the grid's second axis.
struct LevelSpec {
  std::vector<double> values;               ///< ascending
  std::optional<knob::KnobSpec> knob = {};  ///< set by us; nullopt: the server sets it, under `server.level_name`
  std::optional<space::Parameter> parameter = {};
};

/// [meter]
struct PowerSpec {
  std::string name = "power";
  bool allow_estimates = false;
  double period_s = 0.1;
};

struct ControlSpec {
  std::filesystem::path file = {};  ///< where it came from, for messages
  std::string controller = "guard";
  ControllerOptions options = {};
  Limits limits = {};
  std::vector<std::uint32_t> batches = {};
  std::optional<LevelSpec> level = {};
  HttpServerPortOptions server = {};  ///< the URL may hold {port}, of `workload`
  pid_t pid = 0;                      ///< of a server that is there already, for meters of processes; 0: not known
  std::optional<runner::ProcessOptions> workload = {};  ///< nullopt: the server is there already
  runner::LoadSpec load = {};                           ///< of `workload`: none or http
  PowerSpec meter = {};
  ControlLoopOptions loop = {};        ///< without level_knob and callbacks
  std::optional<double> seconds = {};  ///< ends then

  KnobGrid grid() const;
  /// Everything that can be found wrong without touching anything. Throws InvalidArgument.
  void check() const;
};

/// Reads a control file (TOML; docs/control_file.md lists its keys). Relative paths are relative to the file. Throws
/// InvalidArgument with one line: `control.toml:12: …`.
ControlSpec read_control_file(const std::filesystem::path& file);

/// The same from a text; `file` gives messages their name and paths their folder.
ControlSpec parse_control_text(const std::string& text, const std::filesystem::path& file);

}  // namespace bayestuner::control
