#pragma once
/// How a loop kept each of its caps.

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "bayestuner/control/loop_record.hpp"

namespace bayestuner::control {

/// The windows between two changes of the cap.
struct Phase {
  double from_s = 0.0, seconds = 0.0;  ///< seconds: of windows
  double cap_w = std::nan("");
  std::uint64_t windows = 0, within = 0;
  /// Windows before the first of three in a row that keep the cap with one setting; nullopt: it never came to rest.
  std::optional<std::uint64_t> windows_to_settle = {};
  std::uint64_t settled_windows = 0, settled_within = 0;  ///< from then on
  double throughput = std::nan("");                       ///< requests answered a second, mean over the windows' time
  double settled_throughput = std::nan("");               ///< from then on
  ServerSetting last = {};                                ///< served with in the last window
};

/// Sums windows up as they come, in fixed memory for each phase.
class PhaseRecorder {
 public:
  void add(const LoopWindow& window);
  const std::vector<Phase>& phases() const { return phases_; }

 private:
  static constexpr std::uint64_t rest = 3;  // windows

  // Sums over windows, and over those that may turn out to be the first of a rest.
  struct Sum {
    double seconds = 0.0, items = 0.0;
    std::uint64_t windows = 0;
  };
  std::vector<Phase> phases_;
  Sum all_, settled_, row_;
};

}  // namespace bayestuner::control
