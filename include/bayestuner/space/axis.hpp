#pragma once

namespace bayestuner::space {

/// A column of an encoded matrix: `numeric` ones are distances on [0, 1], `categorical` ones only equal or not.
enum class AxisKind { numeric, categorical };

}  // namespace bayestuner::space
