#pragma once
// What `tune` and `explore` share: a run on this machine as a person follows it.

#include <functional>
#include <string>
#include <vector>

#include "bayestuner/runner/tune.hpp"
#include "bayestuner/runner/tune_spec.hpp"

namespace bayestuner::command {

// Seconds as people say them.
std::string minutes(double seconds);

// Parameters, configurations, objectives, notes and today's configuration; nothing is touched.
std::string dry_run_text(const runner::TuneSpec& spec);

// One line a trial; on a terminal also what the running one is doing.
class Progress {
 public:
  Progress(const runner::TuneSpec& spec, bool quiet);

  void phase(const study::Trial& trial, runner::Phase phase) const;
  void resume(const runner::TuneProgress& p);
  void trial(const runner::TuneProgress& p);
  // Notes wait for the first trial: where it cannot even begin, the reason stands alone.
  void note(const std::string& text);
  void print_notes();
  bool any_trial() const { return any_; }
  void clear() const;

 private:
  std::string standing(const runner::TuneProgress& p) const;
  std::string best(const runner::TuneProgress& p) const;

  std::vector<std::string> metrics_, notes_;
  bool quiet_, live_, any_ = false;
};

using LiveRun = std::function<void(const runner::TuneCallbacks&, const runner::Stop&)>;

// Calls `run` with signals watched and progress shown. What cannot work here ends as InvalidArgument before the first
// told trial, what the machine refuses later as MachineProblem.
void run_live(Progress& progress, const LiveRun& run);

}  // namespace bayestuner::command
