// expect: constraint
// expect: PredictsPosterior
#include "bayestuner/search/bayesian.hpp"

using namespace bayestuner;

namespace {

// predict() gives the mean alone.
struct Mean {
  void fit(const Eigen::MatrixXd&, const Eigen::VectorXd&, const Eigen::VectorXd&) {}
  Eigen::VectorXd predict(const Eigen::MatrixXd& x) const { return Eigen::VectorXd::Zero(x.rows()); }
};

}  // namespace

int main() {
  search::BayesianOptimisation<Mean> strategy;
}
