#pragma once

#include <Eigen/Core>
#include <string>

#include "bayestuner/core/error.hpp"

namespace bayestuner::surrogate {

/// Where a split falls between two neighbouring values of a column.
enum class SplitPoint {
  midpoint,  ///< half-way
  uniform  ///< anywhere between: many trees together interpolate (Hutter et al. 2014, doi:10.1016/j.artint.2013.10.003)
};

/// How one regression tree grows: by the split that lowers the squared error most; of equal ones the first column (in a
/// forest, any), then the lowest threshold. A row goes left where its value is at most the threshold. NaN goes to the
/// side that was better in training, or where there was none, to the larger one.
struct TreeOptions {
  int max_depth = 0;                              ///< 0: no limit
  Eigen::Index min_leaf = 1;                      ///< rows in a leaf, repeats of a bootstrap counted
  Eigen::Index features = 0;                      ///< columns tried at a node, drawn anew; 0: all
  Eigen::Index max_bins = 0;                      ///< histograms of so many values a column; 0: exact
  SplitPoint split_point = SplitPoint::midpoint;  ///< where the threshold lies
  bool random_thresholds = false;                 ///< one uniform threshold a column (Geurts et al. 2006, extra-trees)
};

/// Throws InvalidArgument, naming `where`, for options out of range.
inline void require_valid(const std::string& where, const TreeOptions& options) {
  const auto require = [&](bool valid, const char* name, Eigen::Index value, const char* allowed) {
    if (!valid) throw InvalidArgument(where + ": " + name + ": " + std::to_string(value) + " is not " + allowed);
  };
  require(options.max_depth >= 0, "max_depth", options.max_depth, "0 (no limit) or more");
  require(options.min_leaf >= 1, "min_leaf", options.min_leaf, "at least 1");
  require(options.features >= 0, "features", options.features, "0 (all) or more");
  require(options.max_bins == 0 || options.max_bins >= 2, "max_bins", options.max_bins, "0 (exact) or at least 2");
}

}  // namespace bayestuner::surrogate
