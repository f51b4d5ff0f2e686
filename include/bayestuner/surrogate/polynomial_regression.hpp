#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/posterior.hpp"
#include "bayestuner/core/student.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/space/axis.hpp"
#include "bayestuner/surrogate/concepts.hpp"
#include "bayestuner/surrogate/detail/folds.hpp"
#include "bayestuner/surrogate/detail/least_squares.hpp"
#include "bayestuner/surrogate/detail/monomials.hpp"
#include "bayestuner/surrogate/detail/training_data.hpp"

namespace bayestuner::surrogate {

struct PolynomialOptions {
  std::vector<space::AxisKind> axes{};  ///< one a column of x; empty: all numeric. Labels become indicators
  int degree = 0;                       ///< total degree; 0: by cross-validation, up to max_degree
  int max_degree = 4;                   ///< of that search
  double ridge = 0.0;                   ///< penalty on squared coefficients, the constant's excepted
  bool eliminate = true;                ///< drop terms while the prediction of each row from the others gains
  bool scale_inputs = true;             ///< columns to [-1, 1] over the rows learnt
  int folds = 5;                        ///< of the cross-validation
  std::vector<int> fold_of{};           ///< which fold tests a row (n); empty: drawn by `seed`
  std::uint64_t seed = 0;
};

/// One term of a fitted polynomial.
struct PolynomialTerm {
  std::vector<int> exponents;  ///< one a factor; all 0: the constant
  double coefficient;          ///< unit of the targets
  double standard_error;       ///< by ordinary least squares
  double p_value;              ///< of the coefficient being 0: two-sided t test
};

/// Names and units to print a polynomial with; what is missing is named y, x0, x1, …
struct FormulaNames {
  std::string output{}, output_unit{};
  std::vector<std::string> inputs{}, input_units{};  ///< (d, or empty)
  int digits = 4;                                    ///< significant ones
};

/// Polynomial with all interactions up to a total degree. The degree is the lowest whose cross-validated error is
/// within one standard error of the least; a degree is tried while it has fewer terms than 0.8 of the rows it learns
/// from. Terms are dropped by PRESS, never one that is part of another that stays. The deviation of a belief is that of
/// a new observation under Student's t: what the polynomial cannot follow is uncertain everywhere. Known noise
/// variances are checked and not used. Source: Draper & Smith 1998, ch. 12 and 15; PRESS: Allen 1974,
/// doi:10.1080/00401706.1974.10489157.
class PolynomialRegression {
 public:
  /// Throws InvalidArgument for options out of range.
  explicit PolynomialRegression(PolynomialOptions options = {});

  /// Learns rows `x` (n, d) with targets `y` (n). `noise` (n, or empty). Throws InvalidArgument, also where a degree
  /// that was asked for has more terms than there are rows and there is no ridge.
  void fit(const Eigen::Ref<const Eigen::MatrixXd>& x, const Eigen::Ref<const Eigen::VectorXd>& y,
           const Eigen::Ref<const Eigen::VectorXd>& noise = Eigen::VectorXd());

  /// Belief about the metric at rows `x` (m, d). Throws InvalidArgument where the columns differ in number.
  Posterior predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const;

  /// Half-widths (m) of the intervals that hold the polynomial's own value at rows `x` with probability `confidence`.
  Eigen::VectorXd confidence(const Eigen::Ref<const Eigen::MatrixXd>& x, double confidence = 0.95) const;

  int degree() const { return degree_; }  ///< before elimination
  std::vector<PolynomialTerm> terms() const;
  /// What the exponents of terms belong to.
  const std::vector<detail::Factor>& factors() const { return factors_; }
  /// Cross-validated root mean squared error of degrees 0, 1, …; NaN where there are too many terms.
  const Eigen::VectorXd& cross_validated_rmse() const { return cv_rmse_; }
  double training_rmse() const { return rmse_; }
  double press_rmse() const { return press_rmse_; }  ///< of predicting each row from the others
  double r2() const { return r2_; }                  ///< NaN for a constant output
  double aic() const { return aic_; }                ///< n ln(RSS / n) + 2 p
  double bic() const { return bic_; }                ///< n ln(RSS / n) + p ln n
  double degrees_of_freedom() const { return freedom_; }

  /// The polynomial as text: `power [W] = 41.2 + 12.5 cores - 0.8 cores batch`, and a line for every scaled input.
  /// Throws InvalidArgument where names are given for some inputs only.
  std::string formula(const FormulaNames& names = {}) const;

  Eigen::Index dimension() const { return columns_; }
  const PolynomialOptions& options() const { return options_; }
  PolynomialOptions& options() { return options_; }

 private:
  using Terms = std::vector<detail::Exponents>;

  int choose_degree(const Eigen::MatrixXd& x, const Eigen::VectorXd& y);
  void eliminate(Eigen::MatrixXd& design, const Eigen::VectorXd& y);
  double inflation() const { return freedom_ > 2.5 ? freedom_ / (freedom_ - 2.0) : 5.0; }

  PolynomialOptions options_;
  Eigen::Index columns_ = -1;  // -1: nothing learnt
  detail::TargetScale scale_;
  std::vector<detail::Factor> factors_;
  Terms terms_;
  int degree_ = 0;
  Eigen::VectorXd coefficients_;  // (p), of standard scores
  Eigen::MatrixXd root_;          // (p, p): root * root' times the error variance: their covariance
  double variance_ = 1.0;         // of the error, of standard scores
  double freedom_ = 0.0;
  Eigen::VectorXd cv_rmse_;
  double rmse_ = 0.0, press_rmse_ = 0.0, r2_ = 0.0, aic_ = 0.0, bic_ = 0.0;
};
static_assert(Surrogate<PolynomialRegression>);

inline PolynomialRegression::PolynomialRegression(PolynomialOptions options) : options_(std::move(options)) {
  const auto require = [](bool valid, const char* name, double value, const char* allowed) {
    if (!valid) {
      throw InvalidArgument(std::string("PolynomialRegression: ") + name + ": " + to_text(value) + " is not " +
                            allowed);
    }
  };
  require(options_.degree >= 0, "degree", options_.degree, "0 (chosen) or more");
  require(options_.max_degree >= 0, "max_degree", options_.max_degree, "0 or more");
  require(options_.ridge >= 0.0 && std::isfinite(options_.ridge), "ridge", options_.ridge, "in [0, inf)");
  require(options_.folds >= 2, "folds", options_.folds, "at least 2");
}

/// Fills cv_rmse_ and returns the degree by the rule of one standard error.
inline int PolynomialRegression::choose_degree(const Eigen::MatrixXd& x, const Eigen::VectorXd& y) {
  const Eigen::Index n = x.rows();
  const auto folds = options_.fold_of.empty() ? detail::seeded_folds(n, options_.folds, options_.seed)
                                              : detail::folds_of(options_.fold_of);
  const int highest = options_.degree > 0 ? options_.degree : options_.max_degree;
  cv_rmse_ = Eigen::VectorXd::Constant(highest + 1, std::numeric_limits<double>::quiet_NaN());
  if (folds.size() < 2) return 0;
  std::size_t learnt = static_cast<std::size_t>(n);
  for (const auto& fold : folds) learnt = std::min(learnt, fold.train.size());
  const auto most = static_cast<std::size_t>(0.8 * static_cast<double>(learnt));
  int best = 0;
  Eigen::VectorXd mean = cv_rmse_, error = cv_rmse_;
  for (int k = 0; k <= highest; ++k) {
    const auto terms = detail::monomials(factors_, k, k == 0 ? 1 : most);
    if (!terms) break;
    const Eigen::MatrixXd design = detail::design_matrix(x, factors_, *terms);
    Eigen::VectorXd squares(n);
    for (const auto& fold : folds) {
      Eigen::MatrixXd a = design(fold.train, Eigen::all);
      const auto columns = options_.ridge > 0.0 ? std::vector<Eigen::Index>() : detail::independent_columns(a);
      Eigen::MatrixXd held = design(fold.test, Eigen::all);
      if (options_.ridge == 0.0) {
        a = Eigen::MatrixXd(a(Eigen::all, columns));
        held = Eigen::MatrixXd(held(Eigen::all, columns));
      }
      const detail::LeastSquares fitted(a, y(fold.train), options_.ridge);
      squares(fold.test) = (y(fold.test) - held * fitted.coefficients).cwiseAbs2();
    }
    mean[k] = squares.mean();
    error[k] = std::sqrt((squares.array() - mean[k]).square().sum() / static_cast<double>(n) / static_cast<double>(n));
    cv_rmse_[k] = std::sqrt(mean[k]) * scale_.scale;
    if (mean[k] < mean[best]) best = k;
  }
  int chosen = 0;
  while (!(mean[chosen] <= mean[best] + error[best] + 1e-24)) ++chosen;
  return chosen;
}

/// Drops, one after the other, the term without which PRESS is least, as long as it does not grow. Without column j,
/// (A'A)^{-1} loses g g' / g_j, g its column j: every candidate costs O(n).
inline void PolynomialRegression::eliminate(Eigen::MatrixXd& design, const Eigen::VectorXd& y) {
  const detail::LeastSquares all(design, y, options_.ridge);
  Eigen::MatrixXd inverse = all.root * all.root.transpose(), moved = design * inverse;
  Eigen::VectorXd beta = all.coefficients, residual = all.residual, leverage = all.leverage;
  std::vector<Eigen::Index> kept(terms_.size());
  for (std::size_t t = 0; t < kept.size(); ++t) kept[t] = static_cast<Eigen::Index>(t);
  constexpr double exact = 1e-20;  // of standard scores: what is below is rounding
  double press = std::max(all.press(), exact);
  while (kept.size() > 1) {
    double least = std::numeric_limits<double>::infinity();
    std::size_t worst = 0;
    for (std::size_t c = kept.size(); c-- > 1;) {  // of equals the most complex
      const auto& term = terms_[static_cast<std::size_t>(kept[c])];
      const bool needed = std::any_of(kept.begin(), kept.end(), [&](Eigen::Index other) {
        return other != kept[c] && detail::divides(term, terms_[static_cast<std::size_t>(other)]);
      });
      if (needed) continue;
      const Eigen::Index j = kept[c];
      const auto z = moved.col(j).array();
      const double g = inverse(j, j);
      const double without =
          ((residual.array() + z * (beta[j] / g)) / (1.0 - leverage.array() + z.square() / g).max(1e-8))
              .square()
              .mean();
      if (without < least) least = without, worst = c;
    }
    if (worst == 0 || !(std::max(least, exact) <= press)) break;
    press = std::max(least, exact);
    const Eigen::Index j = kept[worst];
    const Eigen::VectorXd g = inverse.col(j), z = moved.col(j);
    residual += z * (beta[j] / g[j]);
    leverage -= z.cwiseAbs2() / g[j];
    beta -= g * (beta[j] / g[j]);
    moved -= z * (g / g[j]).transpose();
    inverse -= g * (g / g[j]).transpose();
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(worst));
  }
  Terms terms;
  for (const Eigen::Index t : kept) terms.push_back(terms_[static_cast<std::size_t>(t)]);
  terms_ = std::move(terms);
  design = Eigen::MatrixXd(design(Eigen::all, kept));
}

inline void PolynomialRegression::fit(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                      const Eigen::Ref<const Eigen::VectorXd>& y,
                                      const Eigen::Ref<const Eigen::VectorXd>& noise) {
  detail::require_training_data("PolynomialRegression", x, y, noise);
  detail::require_axes("PolynomialRegression", options_.axes, x.cols());
  const Eigen::Index n = x.rows();
  if (!options_.fold_of.empty() && static_cast<Eigen::Index>(options_.fold_of.size()) != n) {
    throw InvalidArgument("PolynomialRegression: fold_of has " + std::to_string(options_.fold_of.size()) +
                          " entries, x has " + std::to_string(n) + " rows");
  }
  columns_ = n > 0 ? x.cols() : -1;
  scale_ = detail::TargetScale(y);
  factors_.clear();
  terms_.clear();
  degree_ = 0;
  if (n == 0) return;
  factors_ = detail::factors_of(x, options_.axes, options_.scale_inputs);
  const Eigen::VectorXd targets = scale_(y);
  degree_ = choose_degree(x, targets);
  if (options_.degree > 0) degree_ = options_.degree;
  const auto rows = static_cast<std::size_t>(n);
  const auto terms = detail::monomials(factors_, degree_, options_.ridge > 0.0 ? 100'000 : rows);
  if (!terms) {
    int possible = 0;
    while (detail::monomials(factors_, possible + 1, rows)) ++possible;
    columns_ = -1;
    throw InvalidArgument("PolynomialRegression: degree: " + std::to_string(options_.degree) + " has more terms in " +
                          std::to_string(factors_.size()) + " inputs than the sample has rows, " + std::to_string(n) +
                          "; the highest possible is " + std::to_string(possible) + ", or give a ridge");
  }
  terms_ = *terms;
  Eigen::MatrixXd design = detail::design_matrix(x, factors_, terms_);
  if (options_.ridge == 0.0) {
    const auto columns = detail::independent_columns(design);
    Terms kept;
    for (const Eigen::Index t : columns) kept.push_back(terms_[static_cast<std::size_t>(t)]);
    terms_ = std::move(kept);
    design = Eigen::MatrixXd(design(Eigen::all, columns));
  }
  if (options_.eliminate) eliminate(design, targets);

  const detail::LeastSquares fitted(design, targets, options_.ridge);
  coefficients_ = fitted.coefficients;
  root_ = fitted.root;
  freedom_ = fitted.degrees_of_freedom();
  const double rss = fitted.residual.squaredNorm(), all = static_cast<double>(n);
  // Without freedom nothing is known about the error: the whole variance is what can be said.
  variance_ = freedom_ > 0.5 ? rss / freedom_ : 1.0;
  rmse_ = std::sqrt(rss / all) * scale_.scale;
  press_rmse_ = std::sqrt(fitted.press()) * scale_.scale;
  const double total = (targets.array() - targets.mean()).square().sum();
  r2_ = total > 0.0 ? 1.0 - rss / total : std::numeric_limits<double>::quiet_NaN();
  const double deviance = 2.0 * all * std::log(rmse_), parameters = all - freedom_;
  aic_ = deviance + 2.0 * parameters;
  bic_ = deviance + parameters * std::log(all);
}

inline Posterior PolynomialRegression::predict(const Eigen::Ref<const Eigen::MatrixXd>& x) const {
  detail::require_inputs("PolynomialRegression", x);
  if (columns_ < 0) return scale_.restore(Eigen::ArrayXd::Zero(x.rows()), Eigen::ArrayXd::Ones(x.rows()));
  detail::require_columns("PolynomialRegression", x, columns_);
  const Eigen::MatrixXd design = detail::design_matrix(x, factors_, terms_);
  const Eigen::ArrayXd spread = (design * root_).rowwise().squaredNorm();
  return scale_.restore((design * coefficients_).array(), variance_ * inflation() * (1.0 + spread));
}

inline Eigen::VectorXd PolynomialRegression::confidence(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                                        double confidence) const {
  if (!(confidence > 0.0 && confidence < 1.0)) {
    throw InvalidArgument("PolynomialRegression: confidence: " + to_text(confidence) + " is not in (0, 1)");
  }
  detail::require_inputs("PolynomialRegression", x);
  detail::require_columns("PolynomialRegression", x, columns_);
  const double t = student_quantile(std::max(freedom_, 1.0), confidence);
  const Eigen::MatrixXd design = detail::design_matrix(x, factors_, terms_);
  return t * scale_.scale * std::sqrt(variance_) * (design * root_).rowwise().norm();
}

inline std::vector<PolynomialTerm> PolynomialRegression::terms() const {
  std::vector<PolynomialTerm> out;
  const boost::math::students_t distribution(std::max(freedom_, 1.0));
  for (std::size_t t = 0; t < terms_.size(); ++t) {
    const auto j = static_cast<Eigen::Index>(t);
    const bool constant = detail::total_degree(terms_[t]) == 0;
    PolynomialTerm term{.exponents = terms_[t],
                        .coefficient = coefficients_[j] * scale_.scale + (constant ? scale_.shift : 0.0),
                        .standard_error = std::sqrt(variance_) * root_.row(j).norm() * scale_.scale,
                        .p_value = 0.0};
    const double ratio = std::abs(term.coefficient) / term.standard_error;
    if (std::isfinite(ratio)) term.p_value = 2.0 * boost::math::cdf(boost::math::complement(distribution, ratio));
    out.push_back(std::move(term));
  }
  return out;
}

inline std::string PolynomialRegression::formula(const FormulaNames& names) const {
  const auto require = [&](const std::vector<std::string>& given, const char* what) {
    if (!given.empty() && static_cast<Eigen::Index>(given.size()) != columns_) {
      throw InvalidArgument("PolynomialRegression: formula: " + std::to_string(given.size()) + " " + what + " for " +
                            std::to_string(std::max<Eigen::Index>(columns_, 0)) + " inputs");
    }
  };
  require(names.inputs, "names");
  require(names.input_units, "units");
  const auto number = [&](double value) {
    std::array<char, 48> buffer{};
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, names.digits)
            .ptr;
    return std::string(buffer.data(), end);
  };
  const auto name_of = [&](const detail::Factor& factor) {
    const std::string name = names.inputs.empty() ? "x" + std::to_string(factor.column)
                                                  : names.inputs[static_cast<std::size_t>(factor.column)];
    return factor.label ? "[" + name + " = " + number(*factor.label) + "]" : name;
  };
  std::string text = names.output.empty() ? "y" : names.output;
  if (!names.output_unit.empty()) text += " [" + names.output_unit + "]";
  text += " =";
  std::vector<char> used(factors_.size(), 0);
  bool first = true;
  for (const PolynomialTerm& term : terms()) {
    text += term.coefficient < 0.0 ? " - " : first ? " " : " + ";
    text += number(std::abs(term.coefficient));
    first = false;
    for (std::size_t f = 0; f < factors_.size(); ++f) {
      if (term.exponents[f] == 0) continue;
      used[f] = 1;
      text += " " + name_of(factors_[f]);
      if (term.exponents[f] > 1) text += "^" + std::to_string(term.exponents[f]);
    }
  }
  if (first) text += " 0";
  if (!options_.scale_inputs) return text;
  for (std::size_t f = 0; f < factors_.size(); ++f) {
    const detail::Factor& factor = factors_[f];
    if (used[f] == 0 || factor.label) continue;
    std::string unit = names.input_units.empty() ? "" : names.input_units[static_cast<std::size_t>(factor.column)];
    if (!unit.empty()) unit = " " + unit;
    text += "\n  " + name_of(factor) + ": -1 at " + number(factor.centre - factor.half) + unit + ", 1 at " +
            number(factor.centre + factor.half) + unit;
  }
  return text;
}

}  // namespace bayestuner::surrogate
