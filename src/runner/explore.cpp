#include "bayestuner/runner/explore.hpp"

#include <algorithm>

#include "bayestuner/study/named_strategy.hpp"
#include "runner/search_run.hpp"

namespace bayestuner::runner {

TuneSpec exploration_spec(const TuneSpec& spec) {
  study::require_explorable(spec.problem);
  TuneSpec made = spec;
  made.explore.how.check();
  made.study.trials = spec.explore.how.trials();
  made.study.verify.reset();
  return made;
}

ExploreResult run_explore(const TuneSpec& spec, const TuneCallbacks& callbacks, const Stop& stop) {
  const study::ExplorationOptions& how = spec.explore.how;
  const TuneSpec ours = exploration_spec(spec);
  std::optional<search::AnyStrategy> other;
  if (!spec.explore.against.empty()) other = study::named_strategy(spec.explore.against);

  SearchRun first = run_search(ours, study::exploration_strategy(how, spec.study.strategy), callbacks, stop);
  ExploreResult out{.run = std::move(first.result), .against = {}, .explorations = {}};
  std::vector<study::Study*> studies{first.study.get()};
  SearchRun second;
  if (other && !out.run.stopped) {
    TuneSpec theirs = ours;
    theirs.study.name += "-" + spec.explore.against;
    if (callbacks.note) callbacks.note("to compare with: the same number of trials by " + spec.explore.against);
    TuneCallbacks rest = callbacks;  // what there is to say about this machine was said
    rest.note = [&](const std::string& line) {
      const auto& said = out.run.notes;
      if (callbacks.note && std::find(said.begin(), said.end(), line) == said.end()) callbacks.note(line);
    };
    second = run_search(theirs, std::move(other), rest, stop);
    out.against = std::move(second.result);
    studies.push_back(second.study.get());
  }
  out.explorations = study::explorations(studies, how.rule);
  return out;
}

}  // namespace bayestuner::runner
