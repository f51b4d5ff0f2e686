#include "analysis/variance_split.hpp"

#include <algorithm>

#include "bayestuner/core/sobol_sequence.hpp"

namespace bayestuner::analysis {

namespace {

// A variance of rounding errors is none.
bool is_constant(double variance, double mean) {
  return !(variance > 1e-20 * (1.0 + mean * mean));
}

// Means of y over all columns but those in `kept`, each weighted by its cells, as a sum of squares about the mean.
double explained(const Grid& grid, const Eigen::VectorXd& centred, std::initializer_list<std::size_t> kept) {
  std::size_t groups = 1;
  for (const std::size_t j : kept) groups *= grid.places[j].size();
  std::vector<double> sum(groups, 0.0);
  std::vector<std::size_t> stride(grid.columns(), 1);
  for (std::size_t j = grid.columns() - 1; j-- > 0;) stride[j] = stride[j + 1] * grid.places[j + 1].size();
  const auto n = static_cast<std::size_t>(centred.size());
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t group = 0;
    for (const std::size_t j : kept) group = group * grid.places[j].size() + i / stride[j] % grid.places[j].size();
    sum[group] += centred[static_cast<Eigen::Index>(i)];
  }
  const double each = static_cast<double>(n) / static_cast<double>(groups);
  double squares = 0.0;
  for (const double s : sum) squares += s / each * (s / each);
  return squares / static_cast<double>(groups);
}

// Mean variance along column `j` with all others held: what would be left if they were known.
double left_along(const Grid& grid, const Eigen::VectorXd& y, std::size_t j) {
  std::size_t stride = 1;
  for (std::size_t k = j + 1; k < grid.columns(); ++k) stride *= grid.places[k].size();
  const std::size_t levels = grid.places[j].size(), block = stride * levels;
  const auto n = static_cast<std::size_t>(y.size());
  double squares = 0.0;
  for (std::size_t start = 0; start < n; start += block) {
    for (std::size_t inner = 0; inner < stride; ++inner) {
      double mean = 0.0;
      for (std::size_t l = 0; l < levels; ++l) mean += y[static_cast<Eigen::Index>(start + inner + l * stride)];
      mean /= static_cast<double>(levels);
      for (std::size_t l = 0; l < levels; ++l) {
        const double d = y[static_cast<Eigen::Index>(start + inner + l * stride)] - mean;
        squares += d * d;
      }
    }
  }
  return squares / static_cast<double>(n);
}

VarianceSplit nothing(std::size_t columns, double mean) {
  const auto d = static_cast<Eigen::Index>(columns);
  return {.mean = mean,
          .first = Eigen::VectorXd::Zero(d),
          .total = Eigen::VectorXd::Zero(d),
          .pairs = Eigen::MatrixXd::Zero(d, d)};
}

}  // namespace

VarianceSplit split_table(const Grid& grid, const Eigen::VectorXd& y) {
  VarianceSplit out = nothing(grid.columns(), y.mean());
  const Eigen::VectorXd centred = y.array() - out.mean;
  out.variance = centred.squaredNorm() / static_cast<double>(y.size());
  if (is_constant(out.variance, out.mean)) return out;
  double known = 0.0;
  for (std::size_t i = 0; i < grid.columns(); ++i) {
    const auto a = static_cast<Eigen::Index>(i);
    out.first[a] = explained(grid, centred, {i}) / out.variance;
    out.total[a] = left_along(grid, centred, i) / out.variance;
    known += out.first[a];
  }
  for (std::size_t i = 0; i < grid.columns(); ++i) {
    for (std::size_t j = i + 1; j < grid.columns(); ++j) {
      const auto a = static_cast<Eigen::Index>(i), b = static_cast<Eigen::Index>(j);
      out.pairs(a, b) = std::max(0.0, explained(grid, centred, {i, j}) / out.variance - out.first[a] - out.first[b]);
      known += out.pairs(a, b);
    }
  }
  out.higher = std::max(0.0, 1.0 - known);
  return out;
}

VarianceSplit split_sampled(const Grid& grid, std::size_t draws, std::uint64_t seed,
                            const std::function<Eigen::VectorXd(const Eigen::MatrixXd&)>& f) {
  const std::size_t d = grid.columns();
  const auto n = static_cast<Eigen::Index>(draws);
  SobolSequence sequence(2 * d, Random(seed, 0xa05a));
  Eigen::MatrixXd a(n, static_cast<Eigen::Index>(d)), b = a;
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::VectorXd u = sequence.point(static_cast<std::uint64_t>(i));
    for (std::size_t j = 0; j < d; ++j) {
      const auto& axis = grid.places[j];
      const auto place = [&](double at) {
        return axis[std::min(axis.size() - 1, static_cast<std::size_t>(at * static_cast<double>(axis.size())))];
      };
      const auto column = static_cast<Eigen::Index>(j);
      a(i, column) = place(u[column]);
      b(i, column) = place(u[static_cast<Eigen::Index>(d + j)]);
    }
  }
  const Eigen::VectorXd fa = f(a), fb = f(b);
  Eigen::VectorXd both(2 * n);
  both << fa, fb;
  VarianceSplit out = nothing(d, both.mean());
  out.variance = (both.array() - out.mean).square().mean();
  if (is_constant(out.variance, out.mean)) return out;
  const Eigen::VectorXd centred_b = fb.array() - out.mean;  // centring takes noise from the products
  const auto mixed = [&](std::initializer_list<Eigen::Index> columns) {
    Eigen::MatrixXd x = a;
    for (const Eigen::Index j : columns) x.col(j) = b.col(j);
    return f(x);
  };
  double known = 0.0;
  for (Eigen::Index i = 0; i < static_cast<Eigen::Index>(d); ++i) {
    const Eigen::VectorXd fi = mixed({i});
    out.first[i] = std::max(0.0, (centred_b.array() * (fi - fa).array()).mean() / out.variance);
    out.total[i] = 0.5 * (fa - fi).squaredNorm() / static_cast<double>(n) / out.variance;
    known += out.first[i];
  }
  for (Eigen::Index i = 0; i < static_cast<Eigen::Index>(d); ++i) {
    for (Eigen::Index j = i + 1; j < static_cast<Eigen::Index>(d); ++j) {
      const double closed = (centred_b.array() * (mixed({i, j}) - fa).array()).mean() / out.variance;
      out.pairs(i, j) = std::max(0.0, closed - out.first[i] - out.first[j]);
      known += out.pairs(i, j);
    }
  }
  out.higher = std::max(0.0, 1.0 - known);
  return out;
}

}  // namespace bayestuner::analysis
