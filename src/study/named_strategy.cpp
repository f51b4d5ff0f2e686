// The one file that instantiates every strategy with its surrogates.

#include "bayestuner/study/named_strategy.hpp"

#include "bayestuner/search/make_strategy.hpp"
#include "bayestuner/study/exploration.hpp"

namespace bayestuner::study {

search::AnyStrategy named_strategy(const std::string& name) {
  return search::make_strategy(name);
}

void ExplorationOptions::check() const {
  if (initial == 0) throw InvalidArgument("initial: 0 must be at least 1");
  static_cast<void>(search::make_front_choice(criterion));
}

search::AnyStrategy exploration_strategy(const ExplorationOptions& options, const std::string& strategy) {
  options.check();
  search::BayesianOptions guided{.initial_points = options.initial,
                                 .points_after_start = options.initial - 1,
                                 .front_acquisition = search::make_front_choice(options.criterion)};
  if (strategy == "bo") return search::BayesianOptimisation<>(std::move(guided));
  if (strategy.starts_with("bo:")) {
    return search::BayesianOptimisation<surrogate::AnySurrogate>(std::move(guided),
                                                                 surrogate::make_surrogate(strategy.substr(3)));
  }
  return named_strategy(strategy);
}

}  // namespace bayestuner::study
