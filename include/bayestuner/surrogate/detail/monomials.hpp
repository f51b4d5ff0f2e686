#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "bayestuner/space/axis.hpp"

namespace bayestuner::surrogate::detail {

/// What a polynomial multiplies: a scaled column, or whether a column has a certain label.
struct Factor {
  Eigen::Index column = 0;
  std::optional<double> label{};    ///< empty: numeric
  double centre = 0.0, half = 1.0;  ///< numeric: (x - centre) / half
  int levels = 2;                   ///< values seen: powers from that on say nothing new

  double operator()(double x) const { return label ? (x == *label ? 1.0 : 0.0) : (x - centre) / half; }
};

/// The factors of rows `x` (n, d), n > 0: none for a column of one value; for labels, one each but the smallest, which
/// is the base.
inline std::vector<Factor> factors_of(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                      const std::vector<space::AxisKind>& axes, bool scale) {
  std::vector<Factor> out;
  for (Eigen::Index j = 0; j < x.cols(); ++j) {
    std::vector<double> values(x.col(j).begin(), x.col(j).end());
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    if (values.size() < 2) continue;
    if (!axes.empty() && axes[static_cast<std::size_t>(j)] == space::AxisKind::categorical) {
      for (std::size_t k = 1; k < values.size(); ++k) out.push_back({.column = j, .label = values[k]});
      continue;
    }
    Factor factor{.column = j, .levels = static_cast<int>(values.size())};
    if (scale) {
      factor.centre = 0.5 * values.front() + 0.5 * values.back();
      factor.half = 0.5 * values.back() - 0.5 * values.front();
    }
    out.push_back(factor);
  }
  return out;
}

/// A product of powers: one exponent a factor.
using Exponents = std::vector<int>;

inline int total_degree(const Exponents& e) {
  int sum = 0;
  for (const int power : e) sum += power;
  return sum;
}

/// Whether `e` is a part of `whole`: no exponent larger.
inline bool divides(const Exponents& e, const Exponents& whole) {
  for (std::size_t f = 0; f < e.size(); ++f) {
    if (e[f] > whole[f]) return false;
  }
  return true;
}

/// All products up to `degree`, by degree, then in the order of the factors; the constant first. Labels of one column
/// exclude each other. nullopt where there are more than `most`.
inline std::optional<std::vector<Exponents>> monomials(const std::vector<Factor>& factors, int degree,
                                                       std::size_t most) {
  std::vector<Exponents> out{Exponents(factors.size(), 0)};
  std::vector<std::size_t> first_factor{0};  // of what may be multiplied to it
  std::size_t begin = 0;
  for (int k = 1; k <= degree; ++k) {
    const std::size_t end = out.size();
    for (std::size_t t = begin; t < end; ++t) {
      for (std::size_t f = first_factor[t]; f < factors.size(); ++f) {
        Exponents next = out[t];
        if (++next[f] >= (factors[f].label ? 2 : factors[f].levels)) continue;
        const bool clashes = factors[f].label && f > 0 && [&] {
          for (std::size_t g = 0; g < f; ++g) {
            if (next[g] > 0 && factors[g].column == factors[f].column) return true;
          }
          return false;
        }();
        if (clashes) continue;
        if (out.size() >= most) return std::nullopt;
        out.push_back(std::move(next));
        first_factor.push_back(f);
      }
    }
    begin = end;
  }
  if (out.size() > most) return std::nullopt;
  return out;
}

/// The terms' values (n, terms) at rows `x` (n, d).
inline Eigen::MatrixXd design_matrix(const Eigen::Ref<const Eigen::MatrixXd>& x, const std::vector<Factor>& factors,
                                     const std::vector<Exponents>& terms) {
  Eigen::MatrixXd u(x.rows(), static_cast<Eigen::Index>(factors.size()));
  for (std::size_t f = 0; f < factors.size(); ++f) {
    u.col(static_cast<Eigen::Index>(f)) = x.col(factors[f].column).unaryExpr(factors[f]);
  }
  Eigen::MatrixXd out = Eigen::MatrixXd::Ones(x.rows(), static_cast<Eigen::Index>(terms.size()));
  for (std::size_t t = 0; t < terms.size(); ++t) {
    auto column = out.col(static_cast<Eigen::Index>(t)).array();
    for (std::size_t f = 0; f < factors.size(); ++f) {
      for (int power = 0; power < terms[t][f]; ++power) column *= u.col(static_cast<Eigen::Index>(f)).array();
    }
  }
  return out;
}

}  // namespace bayestuner::surrogate::detail
