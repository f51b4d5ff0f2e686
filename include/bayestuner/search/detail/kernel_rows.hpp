#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <vector>

#include "bayestuner/search/detail/label_names.hpp"
#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/space/point.hpp"

namespace bayestuner::search::detail {

/// Points as a surrogate sees them: the columns of DynamicSpace::encode and, of every parameter with more labels than a
/// study can try one by one, the coordinates of their names.
class KernelRows {
 public:
  static constexpr std::size_t many_labels = 16;  ///< fewer: each is met often enough to be learnt by itself
  static constexpr Eigen::Index columns_a_name = 8;

  /// `names` false: the columns of DynamicSpace::encode alone.
  explicit KernelRows(const space::DynamicSpace& space, bool names = true) : space_(space), axes_(space.axes()) {
    for (std::size_t j = 0; names && j < space.dimension(); ++j) {
      const space::Parameter& parameter = space.parameters()[j];
      if (parameter.kind() != space::ParameterKind::categorical || parameter.labels().size() <= many_labels) continue;
      named_.push_back({j, name_coordinates(parameter.labels(), columns_a_name)});
      axes_.insert(axes_.end(), static_cast<std::size_t>(named_.back().coordinates.cols()), space::AxisKind::numeric);
    }
  }

  const std::vector<space::AxisKind>& axes() const { return axes_; }  ///< kind of every column

  /// (n, axes().size())
  Eigen::MatrixXd operator()(const std::vector<space::Point>& points) const {
    Eigen::MatrixXd out = space_.encode(points);
    for (const Named& named : named_) {
      const Eigen::Index first = out.cols(), count = named.coordinates.cols();
      out.conservativeResize(Eigen::NoChange, first + count);
      for (Eigen::Index i = 0; i < out.rows(); ++i) {
        const double label = points[static_cast<std::size_t>(i)][named.parameter];
        if (std::isnan(label)) {  // inactive
          out.row(i).tail(count).setConstant(0.5);
        } else {
          out.row(i).tail(count) = named.coordinates.row(static_cast<Eigen::Index>(label));
        }
      }
    }
    return out;
  }

 private:
  struct Named {
    std::size_t parameter;
    Eigen::MatrixXd coordinates;  // (labels, columns)
  };

  space::DynamicSpace space_;
  std::vector<space::AxisKind> axes_;
  std::vector<Named> named_;
};

}  // namespace bayestuner::search::detail
