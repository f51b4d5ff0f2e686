#pragma once
/// Whether predicted probabilities are honest, and maps that make them more so.

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

namespace bayestuner::selection {

/// A non-decreasing map from a predicted to a calibrated probability.
class Calibration {
 public:
  enum class Kind : std::uint8_t {
    none,
    isotonic,  ///< pool-adjacent-violators, linear between the pools (Barlow et al. 1972)
    platt      ///< a logistic curve over the log-odds (Platt 1999)
  };

  Calibration() = default;
  /// Learns from predictions `p` and outcomes `y` (n each, in [0, 1]). Throws InvalidArgument where the sizes differ.
  Calibration(Kind kind, const Eigen::VectorXd& p, const Eigen::VectorXd& y);

  double operator()(double p) const;
  Kind kind() const { return kind_; }

  template <class A>
  void archive(A& a) {
    a(kind_), a(slope_), a(intercept_), a(at_), a(value_);
  }

 private:
  Kind kind_ = Kind::none;
  double slope_ = 1.0, intercept_ = 0.0;
  std::vector<double> at_, value_;
};

/// The map with the least Brier score in `folds`-fold cross-validation of `p` (out-of-fold predictions) and `y`; none,
/// unless another is better by more than one standard error.
Calibration choose_calibration(const Eigen::VectorXd& p, const Eigen::VectorXd& y, int folds, std::uint64_t seed);

/// How honest predictions `p` of outcomes `y` are.
struct CalibrationReport {
  struct Bin {
    double predicted = 0.0, observed = 0.0;
    Eigen::Index count = 0;
  };
  double brier = 0.0;
  double ece = 0.0;       ///< expected calibration error over 10 bins of equal width
  std::vector<Bin> bins;  ///< those ten
};
CalibrationReport calibration_report(const Eigen::VectorXd& p, const Eigen::VectorXd& y);

}  // namespace bayestuner::selection
