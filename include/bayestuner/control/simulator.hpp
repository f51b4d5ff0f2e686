#pragma once
/// A server made of what was recorded of one: what controllers are tried on without hardware.

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/control/guard_prior.hpp"
#include "bayestuner/control/setting.hpp"
#include "bayestuner/core/random.hpp"

namespace bayestuner::control {

/// One row of a recorded run: one batch.
struct TraceRow {
  double time_s = 0.0;
  std::uint32_t batch = 0;
  double clock_mhz = 0.0;  ///< 0: left to the driver
  double per_s = 0.0;
  double power_w = 0.0;  ///< largest reading since the recorded controller's last decision, not of this batch
  double cap_w = 0.0;
};

/// Recorded runs by problem and approach, from a traces.csv(.gz) with the columns problem, approach, t_s, k_batch_size,
/// k_gpu_clock_mhz, m_throughput_ips, m_power_w, power_cap_w. Throws InvalidArgument, DeviceError.
using Traces = std::map<std::string, std::map<std::string, std::vector<TraceRow>>>;
Traces read_traces(const std::filesystem::path& path);

/// Positions [begin, end) of the rows between two decisions of the recorded controller, which come when more than 3 s
/// have passed since the last: the last row of each holds its one valid power reading.
std::vector<std::pair<std::size_t, std::size_t>> trace_windows(const std::vector<TraceRow>& rows);

/// Power and rate of one job over batch and clock, fitted to all its recorded windows with missed bursts trimmed, and
/// the residuals that windows are drawn with, missed bursts included.
class JobModel {
 public:
  /// `idle_w`: below every reading. Throws InvalidArgument where too little was recorded.
  JobModel(std::string name, const std::map<std::string, std::vector<TraceRow>>& runs, double idle_w = 40.0);

  const std::string& name() const { return name_; }
  double cap_w() const { return cap_w_; }
  /// MHz; the levels seen, and NaN for the driver's choice.
  double power_w(double batch, double clock_mhz) const;
  double per_s(double batch, double clock_mhz) const;
  /// Probability that a window of the setting is above `cap_w`.
  double risk(double batch, double clock_mhz, double cap_w) const;
  /// How much longer the first batch after a change takes, times.
  double warm_up() const { return warm_up_; }
  double idle_w() const { return idle_w_; }

  struct Draw {
    double power_w, per_s;
  };
  /// One window; `rise`: factor on the power above idle.
  Draw draw(Random& random, double batch, double clock_mhz, double rise = 1.0) const;

  const std::array<double, 6>& power_coefficients() const { return power_; }
  const std::array<double, 4>& time_coefficients() const { return time_; }
  double spread() const { return spread_; }

 private:
  const std::vector<double>& pool(double batch) const;

  std::string name_;
  double idle_w_, cap_w_ = 0.0, warm_up_ = 1.8, spread_ = 0.0;
  std::array<double, 6> power_{};  // of (1, F, L, L^2, F L, driver's clock)
  std::array<double, 4> time_{};   // of (1, r, 1/b, r/b)
  std::vector<double> time_residuals_;
  std::array<std::vector<double>, 3> pools_;  // power residuals by size of batch
};

/// Prior of Guard from other jobs: their mean and covariance. Throws InvalidArgument for fewer than two.
GuardPrior history_prior(const std::vector<const JobModel*>& jobs);

}  // namespace bayestuner::control
