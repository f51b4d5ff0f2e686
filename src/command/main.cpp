#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "command/commands.hpp"

namespace bayestuner::command {

CLI::Option* add_format(CLI::App& app, std::string& format, std::vector<std::string> choices) {
  format = choices.front();
  return app.add_option("--format", format, "how to print")->check(CLI::IsMember(choices))->capture_default_str();
}

void write_out(const std::string& path, const std::string& text) {
  if (path.empty() || path == "-") {
    std::fputs(text.c_str(), stdout);
    if (std::fflush(stdout) != 0) throw DeviceError("standard output: cannot be written");
    return;
  }
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text;
  out.flush();
  if (!out) throw DeviceError(path + ": cannot be written");
}

namespace {

// One line, whatever the message holds.
int complain(int code, std::string message) {
  for (char& c : message) {
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = ' ';  // also what a binary file would do to a terminal
  }
  fmt::print(stderr, "bayestuner: {}\n", message);
  return code;
}

int run(int argc, char** argv) {
  CLI::App app{"Tunes hardware and software knobs to the least cost that keeps your constraints.", "bayestuner"};
  app.set_version_flag("--version", "bayestuner " BAYESTUNER_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 a part failed; 2 bad input, nothing was touched; 3 the machine or a file refused;\n"
      "4 nothing feasible was found; 130 interrupted, the study can be resumed.");
  Action action;
  add_tune(app, action);
  add_explore(app, action);
  add_report(app, action);
  add_export(app, action);
  add_doctor(app, action);
  add_restore(app, action);
  add_replay(app, action);
  add_control(app, action);
  add_compare(app, action);
  add_analyse(app, action);
  add_select(app, action);
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands({})) names.push_back(sub->get_name());
  if (argc > 1 && argv[1][0] != '-' && std::find(names.begin(), names.end(), argv[1]) == names.end()) {
    return complain(bad_input, fmt::format("'{}' is none of {}", argv[1], join(names)));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return app.exit(e);  // --help, --version
  } catch (const CLI::ParseError& e) {
    return complain(bad_input, e.what());
  }
  try {
    return action();
  } catch (const InvalidArgument& e) {
    return complain(bad_input, e.what());
  } catch (const StoreError& e) {
    return complain(bad_input, e.what());
  } catch (const Error& e) {
    return complain(machine_problem, e.what());
  } catch (const std::exception& e) {
    return complain(machine_problem, e.what());
  }
}

}  // namespace
}  // namespace bayestuner::command

int main(int argc, char** argv) {
  return bayestuner::command::run(argc, argv);
}
