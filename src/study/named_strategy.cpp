#include "bayestuner/study/named_strategy.hpp"

#include "bayestuner/search/make_strategy.hpp"

namespace bayestuner::study {

search::AnyStrategy named_strategy(const std::string& name) {
  return search::make_strategy(name);
}

}  // namespace bayestuner::study
