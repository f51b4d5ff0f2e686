#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/control/control_spec.hpp"
#include "bayestuner/control/phases.hpp"
#include "bayestuner/meter/latency_histogram.hpp"
#include "bayestuner/runner/stop.hpp"

namespace bayestuner::control {

/// What is known once everything is made and before the loop decides.
struct ControlBeginning {
  std::string meter;
  Provenance provenance = Provenance::measured;
  std::string source;
  std::string url;      ///< of the server's control resource
  int http_port = -1;   ///< where the loop answers; -1: nowhere
  ServerSetting found;  ///< in force before
};

/// All are called from the thread that called run_control.
struct ControlCallbacks {
  std::function<void(const ControlBeginning&)> begin = {};  ///< from here on the server is under control
  std::function<void(const LoopWindow&)> window = {};
  std::function<void(const LoopEvent&)> event = {};
  std::function<void(const LoopStatus&)> status = {};      ///< a few times a second
  std::function<std::optional<Limits>()> new_limits = {};  ///< asked a few times a second: limits to hold from now on
};

struct ControlResult {
  ControlBeginning beginning;
  LoopStatus status;
  std::vector<Phase> phases;
  double seconds = 0.0;
  bool stopped = false;                            ///< by `stop`; else its seconds are over
  std::string not_given_back;                      ///< the first thing that could not be given back; empty: none
  std::int64_t load_answers = 0, load_errors = 0;  ///< of [load], as its clients saw it
  std::string load_problem;                        ///< the first one
  meter::LatencyHistogram load_latencies;          ///< open loop: from when a request was due
};

/// Runs a control loop as `spec` says until `stop` or its seconds: starts the workload where there is one, waits until
/// it is ready, controls, gives everything back. Throws InvalidArgument and DeviceError for what cannot be had here,
/// WorkloadError where the server cannot be reached or started, or dies; nothing is left behind.
ControlResult run_control(const ControlSpec& spec, const ControlCallbacks& callbacks = {},
                          const runner::Stop& stop = {});

}  // namespace bayestuner::control
