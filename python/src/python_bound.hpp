#pragma once

#include <string>

#include "bayestuner/core/bound.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::python {

// The side of a threshold, as Python writes it.
inline Bound to_bound(const std::string& text) {
  if (text == "<=") return Bound::at_most;
  if (text == ">=") return Bound::at_least;
  throw InvalidArgument("bound: '" + text + "' is neither <= nor >=");
}

}  // namespace bayestuner::python
