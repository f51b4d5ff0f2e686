#pragma once
// One function a subcommand: adds itself to the command line and says what to run. Exit codes as in docs/command.md.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "bayestuner/core/error.hpp"

namespace bayestuner::command {

inline constexpr int success = 0;
inline constexpr int partly_failed = 1;
inline constexpr int bad_input = 2;
inline constexpr int machine_problem = 3;
inline constexpr int nothing_feasible = 4;
inline constexpr int interrupted = 130;

// Ends the command with machine_problem, whatever kind of error it was.
class MachineProblem : public Error {
 public:
  using Error::Error;
};

// What the chosen subcommand runs; its result is the exit code.
using Action = std::function<int()>;

void add_tune(CLI::App& app, Action& action);
void add_explore(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_control(CLI::App& app, Action& action);
void add_control_run(CLI::App& group, Action& action);
void add_compare(CLI::App& app, Action& action);
void add_analyse(CLI::App& app, Action& action);
void add_report(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_restore(CLI::App& app, Action& action);
void add_select(CLI::App& app, Action& action);

// --format with the given choices, the first of them the default.
CLI::Option* add_format(CLI::App& app, std::string& format, std::vector<std::string> choices = {"table", "json"});
// Writes to `path`, or to standard output if it is empty or "-". Throws DeviceError.
void write_out(const std::string& path, const std::string& text);

}  // namespace bayestuner::command
