#pragma once

#include <optional>
#include <vector>

#include "bayestuner/runner/tune.hpp"
#include "bayestuner/study/exploration.hpp"

namespace bayestuner::runner {

struct ExploreResult {
  TuneResult run;                     ///< how the exploration went: why it ended, notes, warnings
  std::optional<TuneResult> against;  ///< the same of the strategy it is compared with; nullopt: none, or interrupted
  std::vector<study::Exploration> explorations;  ///< what was found: ours, then the other's, over one reference point

  bool stopped() const { return run.stopped || (against && against->stopped); }
};

/// What run_explore() makes of a spec: as many trials as its [explore] says, and no verification. Throws
/// InvalidArgument unless there are two or three objectives.
TuneSpec exploration_spec(const TuneSpec& spec);

/// Explores: baseline and Latin hypercube, then guided points, then the same number by the strategy to compare with,
/// if there is one. Everything else is as run_tune() does it: knobs, store, resuming, the machine as it was found.
/// Throws as run_tune() does, and InvalidArgument unless there are two or three objectives.
ExploreResult run_explore(const TuneSpec& spec, const TuneCallbacks& callbacks = {}, const Stop& stop = {});

}  // namespace bayestuner::runner
