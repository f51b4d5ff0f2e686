#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/knob/restore.hpp"
#include "bayestuner/runner/trial_runner.hpp"
#include "bayestuner/runner/tune_spec.hpp"
#include "bayestuner/study/study.hpp"

namespace bayestuner::runner {

/// How far a run is, after each told trial.
struct TuneProgress {
  study::Trial trial;  ///< just told
  bool is_feasible = false;
  std::size_t finished = 0;            ///< trials of the search, earlier sittings included
  std::optional<std::size_t> planned;  ///< of those, where the file says
  std::optional<study::Trial> best;
  std::optional<study::Trial> baseline = {};  ///< the configuration in force today, once it is measured
  std::vector<study::Trial> front = {};       ///< several objectives: feasible and dominated by nothing
  double elapsed_s = 0.0;
  std::optional<double> left_s = {};  ///< guess of the time to go, verification included
};

struct TuneCallbacks {
  /// Once, where the study holds told trials of earlier sittings: `trial` is the last of them.
  std::function<void(const TuneProgress&)> resume = {};
  std::function<void(const TuneProgress&)> trial = {};
  /// What a trial is doing: its number, its configuration, its phase.
  std::function<void(const study::Trial&, Phase)> phase = {};
  /// One line for a person: notes on this machine, the beginning of the verification.
  std::function<void(const std::string&)> note = {};
};

/// A metric of the default configuration against the recommended one.
struct Comparison {
  std::string metric;
  std::optional<Metric> baseline;
  std::optional<Metric> recommended;
  std::optional<Metric> change;  ///< recommended / baseline - 1, with its standard error
};

struct TuneResult {
  study::StopReason reason = study::StopReason::stopped;
  bool stopped = false;                  ///< on request: the study can be resumed
  std::size_t finished = 0, failed = 0;  ///< trials of the search; failed ones among them
  std::optional<study::Trial> baseline;
  std::optional<study::Trial> best;                     ///< best feasible one of the search
  std::optional<study::Recommendation> recommendation;  ///< after verification
  std::vector<study::Trial> front;                      ///< several objectives
  std::vector<Comparison> comparison;                   ///< objectives and constraints first
  std::optional<double> drift;  ///< relative change of the baseline's objective from first to last measurement
  Provenance provenance = Provenance::measured;  ///< the worst behind the objectives
  std::vector<std::string> notes;                ///< sources of the numbers, fall-backs
  std::vector<std::string> warnings;             ///< why the numbers deserve doubt: noise, drift
  knob::RestoreReport recovered;                 ///< put back for earlier runs that died
  double seconds = 0.0;
};

/// The study of a spec: opened or made, the baseline enqueued.
std::unique_ptr<study::Study> make_study(const TuneSpec& spec);

/// The runner of a spec. Throws InvalidArgument, DeviceError where a knob or meter cannot be had here.
TrialRunner make_trial_runner(const TuneSpec& spec, const Stop& stop = {}, std::function<void(Phase)> phase = {});

/// Tunes: baseline first, then the search until its budget is used, then verification. An existing study goes on where
/// it was. Whatever ends it, the machine is as it was found. Nothing is touched where the spec is wrong, and a store
/// made for a run that learnt nothing goes again. Throws InvalidArgument (spec), DeviceError (knob or meter not
/// available), BusyError (another run has the study or a resource), RestoreError, StoreError, WorkloadError where the
/// configuration in force today fails or never reports a metric: then the command or the readiness test is wrong.
TuneResult run_tune(const TuneSpec& spec, const TuneCallbacks& callbacks = {}, const Stop& stop = {});

}  // namespace bayestuner::runner
