#pragma once
/// What a control loop tells people: windows, events, where it stands.

#include <cmath>
#include <cstdint>
#include <string>

#include "bayestuner/control/batch_report.hpp"
#include "bayestuner/control/decision.hpp"
#include "bayestuner/control/meter_watch.hpp"

namespace bayestuner::control {

/// One window of batches, and what was decided on it.
struct LoopWindow {
  double time_s = 0.0;            ///< its end, since the loop began
  double seconds = 0.0;           ///< its length
  Setting setting;                ///< served with in it
  ServerSetting served;           ///< the values behind `setting`
  double power_w = std::nan("");  ///< the statistic that the cap holds for
  double power_mean_w = std::nan(""), power_max_w = std::nan("");
  std::uint32_t readings = 0;  ///< behind the power
  double cap_w = std::nan("");
  bool within = true;                                                 ///< power_w <= cap_w
  double throughput = std::nan("");                                   ///< requests answered a second
  double latency_p50_s = std::nan(""), latency_p99_s = std::nan("");  ///< since the last change; NaN: too few
  double queue_length = std::nan("");
  std::uint32_t batches = 0;
  double mean_batch = std::nan("");  ///< requests a batch really held
  Decision decision;
  ServerSetting next;  ///< the values behind the decision
};

/// Something that happens once: a fault begins or ends, limits change, the load goes.
struct LoopEvent {
  double time_s = 0.0;  ///< since the loop began
  std::string name;     ///< started, limits, meter_silent, …: docs/control.md lists them
  std::string text;     ///< one line
  bool is_fault = false;
};

/// Where a loop stands. Counts are since it began.
struct LoopStatus {
  double time_s = 0.0;
  ServerSetting served;
  Setting setting;
  double cap_w = std::nan(""), power_w = std::nan("");
  double throughput = std::nan(""), latency_p99_s = std::nan(""), queue_length = std::nan("");
  Reason reason = Reason::recorded;
  Trust trust = Trust::good;
  bool infeasible = false, idle = false, server_answers = true, emergency = false;
  std::uint64_t windows = 0, windows_within = 0, changes = 0, faults = 0, readings = 0, readings_dropped = 0;
  std::uint64_t items = 0, batches = 0, failed_batches = 0, reports_lost = 0;
};

}  // namespace bayestuner::control
