// A stranger who wants the search alone: headers, no compiled part of the library.
#include <bayestuner/search/bayesian.hpp>
#include <bayestuner/space/dynamic_space.hpp>
#include <cmath>
#include <cstdio>

using namespace bayestuner;

int main() {
  const space::DynamicSpace s({space::integer("a", 0, 20), space::integer("b", 0, 20)}, {"a + b <= 30"});
  search::BayesianOptimisation<> strategy;
  search::History history{.space = &s, .task = {.metrics = {"y"}, .objectives = {{.metric = 0}}}, .seed = 1};
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    const auto point = strategy.suggest(history);
    const double y = 1.0 + std::pow((*point)[0] - 14, 2) + std::pow((*point)[1] - 5, 2);
    best = std::min(best, y);
    history.observations.push_back({.point = *point, .values = Eigen::VectorXd::Constant(1, y)});
  }
  std::printf("best of 20: %g\n", best);
  return best < 10.0 ? 0 : 1;
}
