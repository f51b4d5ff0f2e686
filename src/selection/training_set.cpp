#include "bayestuner/selection/training_set.hpp"

namespace bayestuner::selection {

std::vector<Eigen::Index> TrainingSet::known_rows(Eigen::Index j) const {
  std::vector<Eigen::Index> rows;
  for (Eigen::Index i = 0; i < y.rows(); ++i) {
    if (is_known(i, j)) rows.push_back(i);
  }
  return rows;
}

std::vector<double> TrainingSet::means() const {
  std::vector<double> mean(static_cast<std::size_t>(y.cols()), 0.0);
  for (Eigen::Index j = 0; j < y.cols(); ++j) {
    double sum = 0.0, n = 0.0;
    for (Eigen::Index i = 0; i < y.rows(); ++i) {
      if (!is_known(i, j)) continue;
      sum += y(i, j);
      n += 1.0;
    }
    if (n > 0.0) mean[static_cast<std::size_t>(j)] = sum / n;
  }
  return mean;
}

TrainingSet make_training_set(const FeatureCoder& coder, const FeatureMatrix& x, const ScoreMatrix& scores,
                              const Eigen::VectorXd& cost) {
  TrainingSet data{.x = coder(x),
                   .y = scores.utilities(),
                   .known = scores.known,
                   .success = scores.kind == ScoreKind::success,
                   .cost_like = scores.kind == ScoreKind::cost_like,
                   .cost = cost};
  data.index = NeighbourIndex(data.x);
  return data;
}

}  // namespace bayestuner::selection
