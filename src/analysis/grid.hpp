#pragma once
// The places on every axis of an encoded space, and the product of them.

#include <Eigen/Core>
#include <vector>

#include "bayestuner/analysis/sample.hpp"

namespace bayestuner::analysis {

// Places on one column of DynamicSpace::encode: all of a parameter's values up to `most`, else `most` spread evenly.
inline std::vector<double> axis_places(const space::Parameter& p, space::AxisKind kind, std::size_t most) {
  std::vector<double> places;
  if (!p.is_finite()) {
    for (std::size_t i = 0; i < most; ++i) {
      places.push_back((static_cast<double>(i) + 0.5) / static_cast<double>(most));
    }
    return places;
  }
  const auto levels = static_cast<std::size_t>(p.level_count());
  const std::size_t count = std::min(levels, most);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t code = levels <= most ? i : i * (levels - 1) / (most - 1);
    const auto level = static_cast<double>(code);
    places.push_back(kind == space::AxisKind::categorical ? level : p.coordinate(level));
  }
  return places;
}

struct Grid {
  std::vector<space::Parameter> parameters;
  std::vector<std::vector<double>> places;  // [column]

  std::size_t columns() const { return places.size(); }

  // Number of cells, or `limit` + 1 where there are more than `limit`.
  std::size_t cells(std::size_t limit) const {
    std::size_t n = 1;
    for (const auto& axis : places) {
      n *= axis.size();
      if (n > limit) return limit + 1;
    }
    return n;
  }

  // All rows (cells, columns), the last column changing first.
  Eigen::MatrixXd rows() const {
    std::size_t n = 1;
    for (const auto& axis : places) n *= axis.size();
    Eigen::MatrixXd x(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(columns()));
    std::size_t stride = n;
    for (std::size_t j = 0; j < columns(); ++j) {
      stride /= places[j].size();
      for (std::size_t i = 0; i < n; ++i) {
        x(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = places[j][i / stride % places[j].size()];
      }
    }
    return x;
  }
};

inline Grid make_grid(const space::DynamicSpace& space, std::size_t most) {
  Grid grid{.parameters = axis_parameters(space), .places = {}};
  for (std::size_t j = 0; j < grid.parameters.size(); ++j) {
    grid.places.push_back(axis_places(grid.parameters[j], space.axes()[j], most));
  }
  return grid;
}

}  // namespace bayestuner::analysis
