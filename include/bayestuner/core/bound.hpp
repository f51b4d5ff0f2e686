#pragma once

namespace bayestuner {

/// The side of a threshold on which a constraint holds.
enum class Bound { at_most, at_least };

}  // namespace bayestuner
