#pragma once
// What a person sees of a running loop: text only, whoever prints it.

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "bayestuner/control/loop_record.hpp"
#include "bayestuner/core/metric.hpp"

namespace bayestuner::control {

/// What stands above the numbers.
struct ViewTitle {
  std::string controller, url, meter;
  Provenance provenance = Provenance::measured;
  std::string level_name;  ///< empty: the grid has one axis
  bool dry_run = false;
};

/// One line for a window and what was decided on it.
std::string decision_line(const LoopWindow& window, const ViewTitle& title);
std::string event_line(const LoopEvent& event);

/// A screen of a running loop: power against its cap as a bar and over time, batch, rate, latency, the last decisions
/// and events.
class LiveView {
 public:
  explicit LiveView(ViewTitle title) : title_(std::move(title)) {}
  void add(const LoopWindow& window);
  void add(const LoopEvent& event);
  void set(const LoopStatus& status) { status_ = status; }
  /// Lines of at most `width` characters (UTF-8, no control characters).
  std::vector<std::string> lines(std::size_t width) const;

 private:
  static constexpr std::size_t shown_decisions = 6, shown_events = 4;

  ViewTitle title_;
  LoopStatus status_;
  LoopWindow last_;
  std::deque<double> power_w_, cap_w_, throughput_;
  std::deque<std::string> decisions_, events_;
};

}  // namespace bayestuner::control
