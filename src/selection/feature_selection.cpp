#include "bayestuner/selection/feature_selection.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bayestuner::selection {

Reduction drop_correlated(const Eigen::MatrixXd& x, const std::vector<std::string>& names, double most) {
  const Eigen::Index p = x.cols();
  Eigen::MatrixXd z = x.rowwise() - x.colwise().mean();
  for (Eigen::Index j = 0; j < p; ++j) {
    const double norm = z.col(j).norm();
    if (norm > 0.0) z.col(j) /= norm;
  }
  Eigen::MatrixXd r = (z.transpose() * z).cwiseAbs();
  std::vector<char> alive(static_cast<std::size_t>(p), 1);
  const auto lives = [&](Eigen::Index j) { return alive[static_cast<std::size_t>(j)] != 0; };
  const auto mean_with_rest = [&](Eigen::Index j) {
    double sum = 0.0, n = 0.0;
    for (Eigen::Index k = 0; k < p; ++k) {
      if (k == j || !lives(k)) continue;
      sum += r(j, k);
      n += 1.0;
    }
    return n > 0.0 ? sum / n : 0.0;
  };
  Reduction out;
  while (true) {
    Eigen::Index a = -1, b = -1;
    double highest = most;
    for (Eigen::Index i = 0; i < p; ++i) {
      for (Eigen::Index j = i + 1; j < p; ++j) {
        if (!lives(i) || !lives(j) || !(r(i, j) > highest)) continue;
        highest = r(i, j);
        a = i;
        b = j;
      }
    }
    if (a < 0) break;
    const bool drop_first = mean_with_rest(a) > mean_with_rest(b);
    const Eigen::Index gone = drop_first ? a : b, stays = drop_first ? b : a;
    alive[static_cast<std::size_t>(gone)] = 0;
    out.dropped.push_back({names[static_cast<std::size_t>(gone)], names[static_cast<std::size_t>(stays)], highest});
  }
  // The one that stood for another may have gone after it: name the survivor that is most like it.
  for (auto& d : out.dropped) {
    const auto gone = static_cast<Eigen::Index>(std::find(names.begin(), names.end(), d.name) - names.begin());
    Eigen::Index best = -1;
    for (Eigen::Index k = 0; k < p; ++k) {
      if (lives(k) && (best < 0 || r(gone, k) > r(gone, best))) best = k;
    }
    d.for_name = names[static_cast<std::size_t>(best)];
    d.correlation = r(gone, best);
  }
  for (Eigen::Index j = 0; j < p; ++j) {
    if (lives(j)) out.kept.push_back(j);
  }
  return out;
}

void remove_backward(Reduction& reduction, const std::vector<std::string>& names, const JudgeColumns& judge) {
  Eigen::VectorXd now = judge(reduction.kept);
  std::vector<double> losses;
  while (reduction.kept.size() > 1) {
    std::size_t least = 0;
    double least_loss = 0.0;
    Eigen::VectorXd least_scores;
    losses.clear();
    for (std::size_t k = 0; k < reduction.kept.size(); ++k) {
      std::vector<Eigen::Index> without = reduction.kept;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(k));
      Eigen::VectorXd scores = judge(without);
      const double loss = (now - scores).mean();
      losses.push_back(loss);
      if (k > 0 && !(loss < least_loss)) continue;
      least = k;
      least_loss = loss;
      least_scores = std::move(scores);
    }
    const Eigen::ArrayXd difference = (now - least_scores).array() - least_loss;
    const double error = std::sqrt(difference.square().mean() / static_cast<double>(now.size()));
    if (least_loss > error) break;
    reduction.dropped.push_back({names[static_cast<std::size_t>(reduction.kept[least])], "", 0.0});
    reduction.kept.erase(reduction.kept.begin() + static_cast<std::ptrdiff_t>(least));
    now = std::move(least_scores);
    losses.clear();
  }
  reduction.importance.assign(reduction.kept.size(), 1.0 / static_cast<double>(reduction.kept.size()));
  double sum = 0.0;
  for (double& loss : losses) sum += (loss = std::max(loss, 0.0));
  if (losses.size() != reduction.kept.size() || !(sum > 0.0)) return;
  for (std::size_t k = 0; k < losses.size(); ++k) reduction.importance[k] = losses[k] / sum;
}

}  // namespace bayestuner::selection
