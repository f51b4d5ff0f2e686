#pragma once
/// What the analyses learn from: one metric at the configurations where it is known.

#include <Eigen/Core>
#include <string>
#include <vector>

#include "bayestuner/analysis/recorded_table.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/study/study.hpp"

namespace bayestuner::analysis {

/// Measurements of one metric, each configuration once (the mean of its readings).
struct Sample {
  space::DynamicSpace space;
  std::string metric = {};
  std::vector<space::Point> points = {};  ///< (n), distinct
  Eigen::VectorXd y = {};                 ///< (n), the metric's unit
  std::size_t left_out = 0;               ///< trials or rows without the metric: failed, or not finished

  std::size_t size() const { return points.size(); }
  /// Rows (n, d) as DynamicSpace::encode gives them: a column for every parameter with more than one level.
  Eigen::MatrixXd x() const { return space.encode(points); }
};

/// The complete trials of a study that have `metric` (empty: the first objective). Throws InvalidArgument that lists
/// the metrics there are, or says that no trial is complete.
Sample sample_of(study::Study& study, const std::string& metric = {});

/// The rows of a table that have `metric` (empty: the first objective). `rows`: their indices in the pool; empty: all.
/// Throws InvalidArgument.
Sample sample_of(const RecordedTable& table, const std::string& metric = {},
                 const std::vector<std::uint64_t>& rows = {});

/// The parameters behind the columns of Sample::x(), in order.
std::vector<space::Parameter> axis_parameters(const space::DynamicSpace& space);

/// Text of what lies at a place on a parameter's axis, as DynamicSpace::encode codes it: `16`, `ort`, `true`.
std::string value_text(const space::Parameter& parameter, space::AxisKind kind, double place);

}  // namespace bayestuner::analysis
