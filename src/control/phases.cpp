#include "bayestuner/control/phases.hpp"

namespace bayestuner::control {

void PhaseRecorder::add(const LoopWindow& w) {
  if (phases_.empty() || phases_.back().cap_w != w.cap_w) {
    phases_.push_back({.from_s = w.time_s - w.seconds, .cap_w = w.cap_w});
    all_ = settled_ = row_ = {};
  }
  Phase& phase = phases_.back();
  const Sum one{w.seconds, std::isnan(w.throughput) ? 0.0 : w.throughput * w.seconds, 1};
  const auto join = [](Sum& sum, const Sum& more) {
    sum.seconds += more.seconds;
    sum.items += more.items;
    sum.windows += more.windows;
  };
  join(all_, one);
  ++phase.windows;
  phase.within += w.within;
  if (phase.windows_to_settle) {
    join(settled_, one);
    phase.settled_within += w.within;
  } else {
    if (!w.within || (row_.windows > 0 && !(phase.last == w.served))) row_ = {};
    if (w.within) join(row_, one);
    if (row_.windows == rest) {
      phase.windows_to_settle = phase.windows - rest;
      settled_ = row_;
      phase.settled_within = rest;
    }
  }
  phase.last = w.served;
  phase.seconds = all_.seconds;
  phase.throughput = all_.seconds > 0.0 ? all_.items / all_.seconds : std::nan("");
  phase.settled_windows = settled_.windows;
  phase.settled_throughput = settled_.seconds > 0.0 ? settled_.items / settled_.seconds : std::nan("");
}

}  // namespace bayestuner::control
