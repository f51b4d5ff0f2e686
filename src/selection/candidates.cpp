#include "bayestuner/selection/candidates.hpp"

#include <algorithm>
#include <numeric>

#include "bayestuner/core/error.hpp"

namespace bayestuner::selection {

namespace {

bool is_answered(const ScoreMatrix& s, Eigen::Index i, Eigen::Index j) {
  return s.is_known(i, j) && answers(s.values(i, j));
}

}  // namespace

std::vector<int> optimum_of(const ScoreMatrix& scores, const Eigen::VectorXd& cost,
                            const std::vector<Eigen::Index>& models) {
  std::vector<int> order(models.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return cost[models[static_cast<std::size_t>(a)]] < cost[models[static_cast<std::size_t>(b)]];
  });
  std::vector<int> out(static_cast<std::size_t>(scores.values.rows()), -1);
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (const int place : order) {
      if (!is_answered(scores, static_cast<Eigen::Index>(i), models[static_cast<std::size_t>(place)])) continue;
      out[i] = place;
      break;
    }
  }
  return out;
}

Candidates choose_candidates(const ScoreMatrix& scores, const Eigen::VectorXd& cost, double threshold_points) {
  const Eigen::Index n = scores.values.rows(), m = scores.values.cols();
  std::vector<Eigen::Index> all(static_cast<std::size_t>(m));
  std::iota(all.begin(), all.end(), Eigen::Index{0});
  std::vector<int> optimum = optimum_of(scores, cost, all);
  std::vector<Eigen::Index> count(all.size(), 0);
  for (const int best : optimum) {
    if (best >= 0) ++count[static_cast<std::size_t>(best)];
  }
  const auto first = std::max_element(count.begin(), count.end());
  if (first == count.end() || *first == 0) throw InvalidArgument("scores: no model answers any input");

  Candidates out;
  std::vector<char> open(static_cast<std::size_t>(n), 1);
  const auto gain_of = [&](Eigen::Index j) {
    Eigen::Index gained = 0;
    for (Eigen::Index i = 0; i < n; ++i) gained += open[static_cast<std::size_t>(i)] != 0 && is_answered(scores, i, j);
    return 100.0 * static_cast<double>(gained) / static_cast<double>(n);
  };
  auto next = static_cast<Eigen::Index>(first - count.begin());
  double gain = gain_of(next);
  while (true) {
    out.models.push_back(next);
    out.gain_points.push_back(gain);
    for (Eigen::Index i = 0; i < n; ++i) {
      if (is_answered(scores, i, next)) open[static_cast<std::size_t>(i)] = 0;
    }
    gain = -1.0;
    for (Eigen::Index j = 0; j < m; ++j) {
      if (std::find(out.models.begin(), out.models.end(), j) != out.models.end()) continue;
      const double g = gain_of(j);
      if (g > gain) {
        gain = g;
        next = j;
      }
    }
    if (!(gain > threshold_points)) break;
  }
  out.unanswered_points = 100.0 * static_cast<double>(std::count(open.begin(), open.end(), 1)) / static_cast<double>(n);
  return out;
}

}  // namespace bayestuner::selection
