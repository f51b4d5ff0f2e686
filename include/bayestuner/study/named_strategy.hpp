#pragma once
/// search::make_strategy, compiled once: it instantiates every strategy with its surrogates.

#include <string>

#include "bayestuner/search/any_strategy.hpp"

namespace bayestuner::study {

/// A strategy by its name, as search::make_strategy gives it. Throws InvalidArgument for a name that is none.
search::AnyStrategy named_strategy(const std::string& name);

}  // namespace bayestuner::study
