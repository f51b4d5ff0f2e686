#pragma once
// The functional analysis of variance, of a table or by sampling.

#include <Eigen/Core>
#include <functional>
#include <vector>

#include "analysis/grid.hpp"

namespace bayestuner::analysis {

struct VarianceSplit {
  double mean = 0.0, variance = 0.0;
  Eigen::VectorXd first, total;  // (d), shares
  Eigen::MatrixXd pairs;         // (d, d), upper triangle: shares beyond the two alone
  double higher = 0.0;
};

// Of `y` (cells), one value a row of Grid::rows(), all equally likely. Exact.
VarianceSplit split_table(const Grid& grid, const Eigen::VectorXd& y);

// Of a function of rows at quasi-random places of the grid: Saltelli's estimator of first order and of pairs, Jansen's
// of total order, with `draws` base points.
VarianceSplit split_sampled(const Grid& grid, std::size_t draws, std::uint64_t seed,
                            const std::function<Eigen::VectorXd(const Eigen::MatrixXd&)>& f);

// Predictions that split_sampled asks for.
inline std::size_t sampled_evaluations(std::size_t columns, std::size_t draws) {
  return draws * (2 + columns + columns * (columns - 1) / 2);
}

}  // namespace bayestuner::analysis
