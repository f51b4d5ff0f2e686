#pragma once

namespace bayestuner::space {

/// How a column of encoded points enters a kernel: as a number (squared difference) or as a label (equal or not).
enum class AxisKind { numeric, categorical };

}  // namespace bayestuner::space
