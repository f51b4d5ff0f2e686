// expect: AnyStrategy: this class is no SearchStrategy: see bayestuner/search/concepts.hpp
// expect: SuggestsPoints
#include "bayestuner/search/any_strategy.hpp"

using namespace bayestuner;

namespace {

// It cannot say that nothing is left.
struct First {
  space::Point suggest(const search::History& h) { return h.observations.front().point; }
};

}  // namespace

int main() {
  search::AnyStrategy strategy = First{};
}
