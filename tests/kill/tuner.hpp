#pragma once
// The tuner that is killed: a whole run of run_tune(), with a real child process as workload.

#include <filesystem>
#include <string>

#include "bayestuner/runner/tune_spec.hpp"

namespace bayestuner::kill {

enum class Knobs { fake, real };

/// What the tuner does at the moment; it writes it into a file of one byte that the killer reads.
enum class Doing : unsigned char { starting_up, applying, starting, measuring, stopping, between, verifying, finished };
inline constexpr int doings = 8;
const char* to_string(Doing doing);

/// Folder of a run: store, state, fake tree, configuration file, told trials.
struct Place {
  std::filesystem::path folder;
  Knobs knobs = Knobs::fake;
  int round = 0;  ///< a finished study is followed by another one

  std::filesystem::path store() const { return folder / ("round-" + std::to_string(round) + ".db"); }
  std::filesystem::path told() const { return folder / ("told-" + std::to_string(round)); }
  std::filesystem::path state() const { return folder / "state"; }
  std::filesystem::path tree() const { return folder / "tree"; }
  /// As the knob names it; in a tree it lies below that.
  std::filesystem::path config() const { return folder / "server.conf"; }
  std::filesystem::path config_on_disk() const {
    return knobs == Knobs::fake ? tree() / config().relative_path() : config();
  }
  std::filesystem::path doing() const { return folder / "doing"; }
};

inline constexpr int trials = 10;
inline constexpr const char* kernel_file = "/proc/sys/vm/stat_interval";  // any value of a few seconds does no harm

/// Makes the tree and the files as they are found.
void furnish(const Place& place);
/// `program` is this executable: it is the workload too. Fake knobs: two files of a tree and a configuration file. Real
/// knobs: cores, memory limit, CPU quota, a kernel file, a configuration file.
runner::TuneSpec spec_of(const Place& place, const std::string& program);

/// Runs or resumes the study. `only_start`: makes the runner, which restores what dead tuners left, and ends.
int tune(const Place& place, const std::string& program, bool only_start);
/// The workload: prints its metric, starts a child, and waits to be stopped.
int work(int a, int b, bool escape);
/// The metric of a configuration; exact, so that an interrupted study can be compared with an uninterrupted one.
double cost(int a, int b);

}  // namespace bayestuner::kill
