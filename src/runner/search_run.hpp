#pragma once
// What tuning and exploring share: one search on this machine, with everything that surrounds it.

#include <memory>
#include <optional>

#include "bayestuner/runner/tune.hpp"
#include "bayestuner/search/any_strategy.hpp"

namespace bayestuner::runner {

struct SearchRun {
  TuneResult result;
  std::unique_ptr<study::Study> study;  // as the run left it
};

// run_tune() with a strategy in place of the named one. The strategy then knows no budget.
SearchRun run_search(const TuneSpec& spec, std::optional<search::AnyStrategy> strategy, const TuneCallbacks& callbacks,
                     const Stop& stop);

// make_study() with a strategy in place of the named one.
std::unique_ptr<study::Study> open_study(const TuneSpec& spec, std::optional<search::AnyStrategy> strategy);

}  // namespace bayestuner::runner
