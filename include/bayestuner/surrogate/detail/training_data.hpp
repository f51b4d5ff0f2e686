#pragma once
/// What every surrogate refuses, and the unit in which targets are learnt.

#include <Eigen/Core>
#include <cmath>
#include <string>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/space/axis.hpp"

namespace bayestuner::surrogate::detail {

/// Whether NaN in a row means "not known" or is a mistake.
enum class MissingValues { refused, allowed };

/// Throws InvalidArgument, naming `where`, for entries of `x` (n, d) that are not finite.
inline void require_inputs(const std::string& where, const Eigen::Ref<const Eigen::MatrixXd>& x,
                           MissingValues missing = MissingValues::refused) {
  const bool may_miss = missing == MissingValues::allowed;
  for (Eigen::Index j = 0; j < x.cols(); ++j) {
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      if (std::isfinite(x(i, j)) || (may_miss && std::isnan(x(i, j)))) continue;
      throw InvalidArgument(where + ": x(" + std::to_string(i) + ", " + std::to_string(j) + "): " + to_text(x(i, j)) +
                            " is not finite" + (may_miss ? " (nan alone stands for a missing value)" : ""));
    }
  }
}

/// The checks of Surrogate::fit: rows (n, d), targets (n), variances (n, or empty).
inline void require_training_data(const std::string& where, const Eigen::Ref<const Eigen::MatrixXd>& x,
                                  const Eigen::Ref<const Eigen::VectorXd>& y,
                                  const Eigen::Ref<const Eigen::VectorXd>& noise,
                                  MissingValues missing = MissingValues::refused) {
  require_same_size((where + ": rows and targets").c_str(), Eigen::VectorXd(x.rows()), y);
  if (noise.size() != 0) require_same_size((where + ": targets and noise variances").c_str(), y, noise);
  require_inputs(where, x, missing);
  for (Eigen::Index i = 0; i < y.size(); ++i) {
    if (!std::isfinite(y[i])) {
      throw InvalidArgument(where + ": y[" + std::to_string(i) + "]: " + to_text(y[i]) + " is not finite");
    }
    if (noise.size() != 0 && !(noise[i] >= 0.0 && std::isfinite(noise[i]))) {
      throw InvalidArgument(where + ": noise variance [" + std::to_string(i) + "]: " + to_text(noise[i]) +
                            " is not in [0, inf)");
    }
  }
}

/// The checks of Surrogate::predict for a model of `columns` columns that has seen data.
inline void require_columns(const std::string& where, const Eigen::Ref<const Eigen::MatrixXd>& x,
                            Eigen::Index columns) {
  if (x.cols() != columns) {
    throw InvalidArgument(where + ": x has " + std::to_string(x.cols()) + " columns, the model has " +
                          std::to_string(columns));
  }
}

/// Throws InvalidArgument unless `axes` is empty or has one entry a column.
inline void require_axes(const std::string& where, const std::vector<space::AxisKind>& axes, Eigen::Index columns) {
  if (!axes.empty() && static_cast<Eigen::Index>(axes.size()) != columns) {
    throw InvalidArgument(where + ": x has " + std::to_string(columns) + " columns, " + std::to_string(axes.size()) +
                          " axes were declared");
  }
}

/// Standard score of targets: with it neither 1e150 nor 1e-150 leaves the range of a double when squared.
struct TargetScale {
  double shift = 0.0, scale = 1.0;

  TargetScale() = default;
  /// Mean and standard deviation of `y` (n); a constant output, or n < 2, has the scale 1.
  explicit TargetScale(const Eigen::Ref<const Eigen::VectorXd>& y) {
    if (y.size() == 0) return;
    const auto n = static_cast<double>(y.size());
    shift = (y / n).sum();
    const double root = (y.array() - shift).matrix().stableNorm() / std::sqrt(std::max(n - 1.0, 1.0));
    if (root > 1e-12 * std::abs(shift) && std::isfinite(root)) scale = root;
  }

  Eigen::VectorXd operator()(const Eigen::Ref<const Eigen::VectorXd>& y) const { return (y.array() - shift) / scale; }

  /// Belief in the targets' own unit for one in standard scores. The deviation has the floor that a Gaussian process
  /// has: without one, acquisitions cannot order what they are certain of.
  Posterior restore(const Eigen::Ref<const Eigen::ArrayXd>& mean,
                    const Eigen::Ref<const Eigen::ArrayXd>& variance) const {
    return {.mean = mean * scale + shift, .stddev = variance.max(1e-10).sqrt() * scale};
  }
};

}  // namespace bayestuner::surrogate::detail
