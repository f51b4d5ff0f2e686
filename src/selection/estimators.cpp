#include "bayestuner/selection/estimators.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <functional>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/selection/detail/scratch.hpp"
#include "bayestuner/selection/optimum_estimators.hpp"
#include "bayestuner/selection/support_vectors.hpp"

namespace bayestuner::selection {

void ConstantEstimator::fit(const TrainingSet& data) {
  mean_ = data.means();
}

void ConstantEstimator::predict(std::span<const double>, std::span<const Neighbour>, std::span<double> out) const {
  std::copy(mean_.begin(), mean_.end(), out.begin());
}

void KnnEstimator::fit(const TrainingSet& data) {
  const Eigen::Index n = data.y.rows(), m = data.y.cols();
  mean_ = data.means();
  y_.resize(static_cast<std::size_t>(n * m));
  known_.clear();
  if (data.known.size() != 0) known_.resize(y_.size());
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < m; ++j) {
      y_[static_cast<std::size_t>(i * m + j)] = data.y(i, j);
      if (!known_.empty()) known_[static_cast<std::size_t>(i * m + j)] = data.known(i, j) ? 1 : 0;
    }
  }
  neighbours_ = std::max(1, std::min(wanted_, static_cast<int>(n)));
  if (wanted_ > 0) return;
  std::vector<int> tried;
  for (const int k : {5, 10, 20, 50, 100, 200, 400}) {
    if (k < 0.8 * static_cast<double>(n)) tried.push_back(k);
  }
  if (tried.empty()) return;
  // Every row, or a spread of 2000, predicted from the others.
  std::vector<double> error(tried.size(), 0.0);
  std::vector<Neighbour> near;
  std::vector<double> sum(static_cast<std::size_t>(m)), count(static_cast<std::size_t>(m));
  const Eigen::Index tests = std::min<Eigen::Index>(n, 2000);
  for (Eigen::Index t = 0; t < tests; ++t) {
    const Eigen::Index i = t * n / tests;
    const Eigen::RowVectorXd point = data.x.row(i);
    data.index.nearest({point.data(), static_cast<std::size_t>(point.size())}, static_cast<std::size_t>(tried.back()),
                       near, static_cast<std::uint32_t>(i));
    std::fill(sum.begin(), sum.end(), 0.0);
    std::fill(count.begin(), count.end(), 0.0);
    std::size_t at = 0;
    for (std::size_t k = 0; k < near.size() && at < tried.size(); ++k) {
      for (Eigen::Index j = 0; j < m; ++j) {
        if (!data.is_known(near[k].row, j)) continue;
        sum[static_cast<std::size_t>(j)] += data.y(near[k].row, j);
        count[static_cast<std::size_t>(j)] += 1.0;
      }
      if (static_cast<int>(k) + 1 != tried[at]) continue;
      for (Eigen::Index j = 0; j < m; ++j) {
        const auto s = static_cast<std::size_t>(j);
        if (!data.is_known(i, j)) continue;
        const double e = (count[s] > 0.0 ? sum[s] / count[s] : mean_[s]) - data.y(i, j);
        error[at] += e * e;
      }
      ++at;
    }
  }
  neighbours_ = tried[static_cast<std::size_t>(std::min_element(error.begin(), error.end()) - error.begin())];
}

void KnnEstimator::predict(std::span<const double>, std::span<const Neighbour> near, std::span<double> out) const {
  const std::size_t m = mean_.size(), k = std::min(near.size(), static_cast<std::size_t>(neighbours_));
  for (std::size_t j = 0; j < m; ++j) {
    double sum = 0.0, n = 0.0;
    for (std::size_t i = 0; i < k; ++i) {
      const std::size_t at = near[i].row * m + j;
      if (!known_.empty() && known_[at] == 0) continue;
      sum += y_[at];
      n += 1.0;
    }
    out[j] = n > 0.0 ? sum / n : mean_[j];
  }
}

void LogisticEstimator::fit(const TrainingSet& data) {
  constexpr double penalty = 1.0;
  const Eigen::Index p = data.x.cols(), m = data.y.cols();
  success_ = data.success;
  weights_ = Eigen::MatrixXd::Zero(p + 1, m);
  for (Eigen::Index j = 0; j < m; ++j) {
    const std::vector<Eigen::Index> rows = data.known_rows(j);
    if (rows.empty()) continue;
    const auto n = static_cast<Eigen::Index>(rows.size());
    Eigen::MatrixXd x(n, p + 1);
    x.leftCols(p) = data.x(rows, Eigen::all);
    x.col(p).setOnes();
    const Eigen::VectorXd y = data.y(rows, j);
    Eigen::VectorXd ridge = Eigen::VectorXd::Constant(p + 1, penalty);
    ridge[p] = 1e-9;  // the intercept is free, up to what keeps a one-sided score finite
    Eigen::VectorXd w = Eigen::VectorXd::Zero(p + 1);
    if (!success_) {
      Eigen::MatrixXd normal = x.transpose() * x;
      normal.diagonal() += ridge;
      weights_.col(j) = normal.ldlt().solve(x.transpose() * y);
      continue;
    }
    const double mean = std::clamp(y.mean(), 1e-6, 1.0 - 1e-6);
    w[p] = std::log(mean / (1.0 - mean));
    const auto loss_of = [&](const Eigen::VectorXd& v) {
      const Eigen::ArrayXd z = x * v;
      // log(1 + e^z) - y z without overflow
      return (z.max(0.0) + (-z.abs()).exp().log1p() - y.array() * z).sum() +
             0.5 * (ridge.array() * v.array().square()).sum();
    };
    double loss = loss_of(w);
    for (int step = 0; step < 50; ++step) {
      const Eigen::ArrayXd z = x * w;
      const Eigen::ArrayXd mu = 1.0 / (1.0 + (-z).exp());
      const Eigen::VectorXd gradient = x.transpose() * (mu - y.array()).matrix() + ridge.cwiseProduct(w);
      Eigen::MatrixXd hessian = x.transpose() * (mu * (1.0 - mu)).matrix().asDiagonal() * x;
      hessian.diagonal() += ridge;
      const Eigen::VectorXd direction = hessian.ldlt().solve(gradient);
      double share = 1.0, next = loss_of(w - direction);
      while (!(next <= loss) && share > 1e-6) next = loss_of(w - (share *= 0.5) * direction);
      if (!(next <= loss)) break;
      w -= share * direction;
      const double gained = loss - next;
      loss = next;
      if (gained <= 1e-10 * (1.0 + std::abs(loss))) break;
    }
    weights_.col(j) = w;
  }
}

void LogisticEstimator::predict(std::span<const double> x, std::span<const Neighbour>, std::span<double> out) const {
  const auto p = static_cast<Eigen::Index>(x.size());
  for (Eigen::Index j = 0; j < weights_.cols(); ++j) {
    double z = weights_(p, j);
    for (Eigen::Index k = 0; k < p; ++k) z += weights_(k, j) * x[static_cast<std::size_t>(k)];
    out[static_cast<std::size_t>(j)] = success_ ? 1.0 / (1.0 + std::exp(-z)) : z;
  }
}

void MixEstimator::fit(const TrainingSet& data) {
  if (parts_.empty()) throw InvalidArgument("MixEstimator: nothing to mix");
  for (AnyEstimator& part : parts_) part.fit(data);
}

int MixEstimator::neighbours() const {
  int most = 0;
  for (const AnyEstimator& part : parts_) most = std::max(most, part.neighbours());
  return most;
}

void MixEstimator::predict(std::span<const double> x, std::span<const Neighbour> near, std::span<double> out) const {
  detail::Scratch<double, 32> one(out.size());
  std::fill(out.begin(), out.end(), 0.0);
  for (const AnyEstimator& part : parts_) {
    part.predict(x, near, one);
    for (std::size_t j = 0; j < out.size(); ++j) out[j] += one[j];
  }
  for (double& value : out) value /= static_cast<double>(parts_.size());
}

namespace {

AnyEstimator mix(std::uint64_t seed) {
  std::vector<AnyEstimator> parts;
  for (const char* name : {"knn", "logistic", "forest", "boosting"}) parts.push_back(make_estimator(name, seed));
  return MixEstimator(std::move(parts));
}

struct Named {
  std::string name;
  std::function<AnyEstimator(std::uint64_t)> make;
};

const std::vector<Named>& all_named() {
  using Kind = TreesEstimator::Kind;
  static const std::vector<Named> named{
      {"constant", [](std::uint64_t) { return ConstantEstimator(); }},
      {"logistic", [](std::uint64_t) { return LogisticEstimator(); }},
      {"knn", [](std::uint64_t) { return KnnEstimator(); }},
      {"tree", [](std::uint64_t seed) { return TreesEstimator(Kind::tree, seed); }},
      {"forest", [](std::uint64_t seed) { return JointForest(seed); }},
      {"boosting", [](std::uint64_t seed) { return TreesEstimator(Kind::boosting, seed); }},
      {"pairwise", [](std::uint64_t seed) { return PairwiseForest(seed); }},
      {"mix", mix},
      {"svm", [](std::uint64_t seed) { return SvmEstimator({}, seed); }},
      {"multi-knn", [](std::uint64_t) { return MultiClassEstimator(MultiClassEstimator::Kind::knn); }},
      {"multi-svm", [](std::uint64_t seed) { return MultiClassEstimator(MultiClassEstimator::Kind::svm, seed); }},
      {"multi-tree", [](std::uint64_t) { return MultiClassEstimator(MultiClassEstimator::Kind::tree); }},
      {"cascade", [](std::uint64_t) { return KnnEstimator(5); }},
  };
  return named;
}

}  // namespace

const std::vector<std::string>& estimator_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Named& n : all_named()) out.push_back(n.name);
    return out;
  }();
  return names;
}

AnyEstimator make_estimator(const std::string& name, std::uint64_t seed) {
  for (const Named& n : all_named()) {
    if (n.name == name) return n.make(seed);
  }
  if (name.find('.') != std::string::npos) {
    std::vector<std::string> kinds(1);
    for (const char c : name) {
      if (c == '.') {
        kinds.emplace_back();
      } else {
        kinds.back() += c;
      }
    }
    return StagedEstimator(std::move(kinds), seed);
  }
  throw InvalidArgument("estimator: '" + name + "' is none of " + join(estimator_names()) +
                        ", and no stages as knn.svm.dt");
}

Eigen::MatrixXd predict_all(const AnyEstimator& estimator, const NeighbourIndex& index,
                            const Eigen::Ref<const Eigen::MatrixXd>& x, Eigen::Index models) {
  Eigen::MatrixXd out(x.rows(), models);
  if (estimator.predict_rows(x, out)) return out;
  std::vector<double> row(static_cast<std::size_t>(x.cols())), scores(static_cast<std::size_t>(models));
  std::vector<Neighbour> near;
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    Eigen::RowVectorXd::Map(row.data(), x.cols()) = x.row(i);
    if (estimator.neighbours() > 0) index.nearest(row, static_cast<std::size_t>(estimator.neighbours()), near);
    estimator.predict(row, near, scores);
    out.row(i) = Eigen::RowVectorXd::Map(scores.data(), models);
  }
  return out;
}

}  // namespace bayestuner::selection
