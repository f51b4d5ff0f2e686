#pragma once
/// What a server says of the batches it ran, and what it is asked to run with.

#include <cmath>
#include <cstdint>
#include <vector>

namespace bayestuner::control {

/// What a server serves with: the values behind a Setting.
struct ServerSetting {
  std::uint32_t batch = 1;      ///< most requests a batch takes from the next one on
  double level = std::nan("");  ///< the grid's second axis (threads, clock in Hz, …); NaN: not set by us
  std::uint16_t instances = 1;  ///< copies of the network

  friend bool operator==(const ServerSetting& a, const ServerSetting& b) {
    return a.batch == b.batch && a.instances == b.instances &&
           (a.level == b.level || (std::isnan(a.level) && std::isnan(b.level)));
  }
};

/// One batch as it was run. Times are seconds of the monotonic clock (core/clock.hpp).
struct BatchReport {
  double begin_s = 0.0;
  double end_s = 0.0;
  std::uint32_t size = 0;              ///< requests in it: smaller than `limit` where the queue ran out
  std::uint32_t limit = 0;             ///< largest batch in force when it began
  double level = std::nan("");         ///< second axis in force when it began; NaN: none
  bool first = false;                  ///< first one after a change: slower, runtimes plan anew
  bool failed = false;                 ///< its requests got errors for answers
  double queue_length = std::nan("");  ///< requests left waiting when it ended; NaN: not known
};

/// What happened at a server since the last look.
struct Collected {
  std::vector<BatchReport> batches = {};  ///< in order of their ends
  std::vector<float> latencies_s = {};    ///< of single requests, waiting included
  std::uint64_t lost = 0;                 ///< reports that nobody fetched in time
  double running_since_s = std::nan("");  ///< begin of the oldest batch under way; NaN: none
  double queue_length = std::nan("");     ///< requests waiting now; NaN: not known
  double arrivals = std::nan("");         ///< requests that came, from an arbitrary zero; NaN: not known
};

}  // namespace bayestuner::control
