#include "bayestuner/selection/support_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/selection/candidates.hpp"
#include "bayestuner/surrogate/detail/folds.hpp"
#include "selection/logistic_curve.hpp"

namespace bayestuner::selection {

namespace {

double width_of(const Eigen::MatrixXd& x, double wanted) {
  if (wanted > 0.0) return wanted;
  const double mean = x.mean(), variance = (x.array() - mean).square().mean();
  return variance > 0.0 ? 1.0 / (static_cast<double>(x.cols()) * variance) : 1.0;
}

// Rows of the kernel matrix, made when asked for; the oldest make room beyond 64 MiB.
class KernelRows {
 public:
  KernelRows(const Eigen::MatrixXd& x, double width)
      : x_(x.cast<float>()),
        norm_(x_.rowwise().squaredNorm()),
        width_(static_cast<float>(width)),
        rows_(static_cast<std::size_t>(x.rows())),
        most_(std::max<std::size_t>(2, (std::size_t{1} << 24) / static_cast<std::size_t>(x.rows()))) {}

  const Eigen::VectorXf& operator()(Eigen::Index i) {
    Eigen::VectorXf& row = rows_[static_cast<std::size_t>(i)];
    if (row.size() != 0) return row;
    if (made_.size() >= most_) {
      rows_[static_cast<std::size_t>(made_[next_])].resize(0);
      made_[next_] = i;
      next_ = (next_ + 1) % most_;
    } else {
      made_.push_back(i);
    }
    row = x_ * x_.row(i).transpose();
    row = (-width_ * (norm_.array() + norm_[i] - 2.0F * row.array()).max(0.0F)).exp();
    return row;
  }

 private:
  Eigen::MatrixXf x_;
  Eigen::VectorXf norm_;
  float width_;
  std::vector<Eigen::VectorXf> rows_;
  std::vector<Eigen::Index> made_;  // a ring once it is full
  std::size_t most_, next_ = 0;
};

bool both_classes(const std::vector<char>& positive) {
  const auto ones = std::count(positive.begin(), positive.end(), 1);
  return ones > 0 && ones < static_cast<std::ptrdiff_t>(positive.size());
}

template <class T>
std::vector<T> taken(const std::vector<T>& items, const std::vector<Eigen::Index>& places) {
  std::vector<T> out;
  out.reserve(places.size());
  for (const Eigen::Index k : places) out.push_back(items[static_cast<std::size_t>(k)]);
  return out;
}

}  // namespace

double SupportVectors::operator()(const Eigen::MatrixXd& training,
                                  const Eigen::Ref<const Eigen::RowVectorXd>& x) const {
  double f = intercept;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    f += coefficient[k] * std::exp(-width * (training.row(rows[k]) - x).squaredNorm());
  }
  return f;
}

SupportVectors fit_support_vectors(const Eigen::MatrixXd& x, const std::vector<char>& positive,
                                   const SupportVectorOptions& options) {
  const auto require = [](bool valid, const char* name, double value, const char* allowed) {
    if (!valid) throw InvalidArgument(std::string(name) + ": " + to_text(value) + " is not " + allowed);
  };
  require(options.penalty > 0.0 && std::isfinite(options.penalty), "penalty", options.penalty, "above 0");
  require(options.width >= 0.0 && std::isfinite(options.width), "width", options.width, "at least 0");
  require(options.tolerance > 0.0, "tolerance", options.tolerance, "above 0");
  const Eigen::Index n = x.rows();
  if (static_cast<Eigen::Index>(positive.size()) != n) {
    throw InvalidArgument("fit_support_vectors: " + std::to_string(n) + " rows, " + std::to_string(positive.size()) +
                          " labels");
  }
  if (!both_classes(positive)) throw InvalidArgument("fit_support_vectors: all rows are of one class");

  const double c = options.penalty, width = width_of(x, options.width);
  KernelRows kernel(x, width);
  Eigen::VectorXd y(n), alpha = Eigen::VectorXd::Zero(n);
  for (Eigen::Index i = 0; i < n; ++i) y[i] = positive[static_cast<std::size_t>(i)] != 0 ? 1.0 : -1.0;
  // v = y - sum_j alpha_j y_j K: what each row's own condition says of the intercept.
  Eigen::VectorXd v = y;
  const auto may_rise = [&](Eigen::Index t) { return y[t] > 0.0 ? alpha[t] < c : alpha[t] > 0.0; };
  const auto may_fall = [&](Eigen::Index t) { return y[t] > 0.0 ? alpha[t] > 0.0 : alpha[t] < c; };
  double top = 0.0, bottom = 0.0;
  // No more steps than any table here came near; what is left then is a slightly larger violation.
  const Eigen::Index most_steps = std::max<Eigen::Index>(100000, 100 * n);
  for (Eigen::Index step = 0; step < most_steps; ++step) {
    Eigen::Index i = -1, j = -1;
    top = -std::numeric_limits<double>::infinity();
    bottom = -top;
    for (Eigen::Index t = 0; t < n; ++t) {
      if (may_rise(t) && v[t] > top) {
        top = v[t];
        i = t;
      }
      if (may_fall(t)) bottom = std::min(bottom, v[t]);
    }
    if (i < 0 || !(top - bottom > options.tolerance)) break;
    const Eigen::VectorXf& of_i = kernel(i);
    double most_gain = 0.0, distance = 0.0;
    for (Eigen::Index t = 0; t < n; ++t) {
      if (!may_fall(t) || !(v[t] < top)) continue;
      const double gap = top - v[t], apart = std::max(2.0 - 2.0 * static_cast<double>(of_i[t]), 1e-12);
      if (gap * gap / apart <= most_gain) continue;
      most_gain = gap * gap / apart;
      distance = apart;
      j = t;
    }
    if (j < 0) break;
    double d = (top - v[j]) / distance;
    d = std::min(d, y[i] > 0.0 ? c - alpha[i] : alpha[i]);
    d = std::min(d, y[j] > 0.0 ? alpha[j] : c - alpha[j]);
    alpha[i] = std::clamp(alpha[i] + y[i] * d, 0.0, c);
    alpha[j] = std::clamp(alpha[j] - y[j] * d, 0.0, c);
    const Eigen::VectorXf row_i = of_i;  // making the other may take its room
    v -= d * (row_i - kernel(j)).cast<double>();
  }
  SupportVectors out{.rows = {}, .coefficient = {}, .intercept = 0.5 * (top + bottom), .width = width};
  for (Eigen::Index t = 0; t < n; ++t) {
    if (!(alpha[t] > 0.0)) continue;
    out.rows.push_back(static_cast<std::uint32_t>(t));
    out.coefficient.push_back(y[t] * alpha[t]);
  }
  return out;
}

void SvmEstimator::fit(const TrainingSet& data) {
  if (!data.success) throw InvalidArgument("svm: the scores are no successes");
  const Eigen::Index n = data.x.rows(), m = data.y.cols();
  SupportVectorOptions options = options_;
  options.width = width_ = width_of(data.x, options_.width);
  const auto models = static_cast<std::size_t>(m);
  intercept_.assign(models, 0.0);
  slope_.assign(models, 0.0);
  offset_.assign(models, 0.0);
  Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(m, n);
  for (Eigen::Index j = 0; j < m; ++j) {
    const auto model = static_cast<std::size_t>(j);
    const std::vector<Eigen::Index> rows = data.known_rows(j);
    std::vector<char> positive;
    for (const Eigen::Index i : rows) positive.push_back(answers(data.y(i, j)) ? 1 : 0);
    // Without a curve the mean stands, kept inside (0, 1).
    const double right = static_cast<double>(std::count(positive.begin(), positive.end(), 1)) + 0.5;
    offset_[model] = std::log(right / (static_cast<double>(rows.size()) + 1.0 - right));
    if (!both_classes(positive)) continue;
    const Eigen::MatrixXd x = data.x(rows, Eigen::all);
    const SupportVectors machine = fit_support_vectors(x, positive, options);
    std::vector<double> f;
    std::vector<char> is_positive;
    for (const auto& fold : surrogate::detail::seeded_folds(x.rows(), 3, seed_)) {
      const std::vector<char> labels = taken(positive, fold.train);
      if (!both_classes(labels)) continue;
      const Eigen::MatrixXd part = x(fold.train, Eigen::all);
      const SupportVectors one = fit_support_vectors(part, labels, options);
      for (const Eigen::Index i : fold.test) {
        f.push_back(one(part, x.row(i)));
        is_positive.push_back(positive[static_cast<std::size_t>(i)]);
      }
    }
    if (both_classes(is_positive)) {
      std::tie(slope_[model], offset_[model]) = detail::fit_logistic_curve(f, {is_positive.begin(), is_positive.end()});
    }
    intercept_[model] = machine.intercept;
    for (std::size_t k = 0; k < machine.rows.size(); ++k) dense(j, rows[machine.rows[k]]) = machine.coefficient[k];
  }
  std::vector<Eigen::Index> needed;
  for (Eigen::Index i = 0; i < n; ++i) {
    if ((dense.col(i).array() != 0.0).any()) needed.push_back(i);
  }
  coefficients_ = dense(Eigen::all, needed);
  vectors_ = data.x(needed, Eigen::all).transpose();
}

void SvmEstimator::predict(std::span<const double> x, std::span<const Neighbour>, std::span<double> out) const {
  const Eigen::Map<const Eigen::VectorXd> point(x.data(), static_cast<Eigen::Index>(x.size()));
  std::copy(intercept_.begin(), intercept_.end(), out.begin());
  Eigen::Map<Eigen::VectorXd> f(out.data(), static_cast<Eigen::Index>(intercept_.size()));
  for (Eigen::Index s = 0; s < vectors_.cols(); ++s) {
    const double k = std::exp(-width_ * (vectors_.col(s) - point).squaredNorm());
    f += k * coefficients_.col(s);
  }
  for (std::size_t j = 0; j < intercept_.size(); ++j)
    out[j] = 1.0 / (1.0 + std::exp(-(slope_[j] * out[j] + offset_[j])));
}

}  // namespace bayestuner::selection
