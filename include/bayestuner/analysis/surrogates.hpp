#pragma once

#include <string>
#include <vector>

#include "bayestuner/space/axis.hpp"
#include "bayestuner/surrogate/any_surrogate.hpp"

namespace bayestuner::analysis {

/// A surrogate for a finished study by its name: gp, boosting (100 stages of depth 3, or fewer by cross-validation),
/// forest, polynomial, knn, and mean, which predicts that of what it learnt. Compiled once. `axes`: of the columns that
/// it will learn. `spread`: whether predicted deviations matter; without, boosting costs a fraction. Throws
/// InvalidArgument for a name that is none.
surrogate::AnySurrogate named_surrogate(const std::string& name, const std::vector<space::AxisKind>& axes,
                                        bool spread = true);

/// Names that named_surrogate knows, `mean` last.
const std::vector<std::string>& surrogate_names();

}  // namespace bayestuner::analysis
