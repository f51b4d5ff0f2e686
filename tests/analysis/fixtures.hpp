#pragma once
// Small spaces and samples of known functions.

#include <functional>

#include "bayestuner/analysis/sample.hpp"
#include "bayestuner/core/random.hpp"

namespace bayestuner::analysis {

// 16 x 10 x 3 configurations; batch lies on a log axis.
inline space::DynamicSpace server() {
  return space::DynamicSpace({space::integer("cores", 1, 16, {.scale = space::Scale::linear}),
                              space::integer("batch", 1, 512, {.scale = space::Scale::power_of_two}),
                              space::categorical("runtime", {"ort", "tvm", "xla"})});
}

// `n` configurations drawn without repeats (all where there are fewer); `f` sees encoded rows.
inline Sample sample_from(const space::DynamicSpace& space, std::size_t n,
                          const std::function<double(const Eigen::RowVectorXd&)>& f, double noise = 0.0,
                          std::uint64_t seed = 1) {
  Random random(seed);
  std::vector<std::uint64_t> order(*space.count());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  random.shuffle(order);
  order.resize(std::min(n, order.size()));
  Sample sample{.space = space, .metric = "power_w"};
  for (const std::uint64_t i : order) sample.points.push_back(space.at(i));
  const Eigen::MatrixXd x = sample.x();
  sample.y.resize(x.rows());
  for (Eigen::Index i = 0; i < x.rows(); ++i) sample.y[i] = f(x.row(i)) + noise * random.normal();
  return sample;
}

// 20 + 10 cores + 4 cores batch, scaled to [-1, 1], and 5 more with tvm.
inline double power(const Eigen::RowVectorXd& x) {
  const double cores = 2.0 * x[0] - 1.0, batch = 2.0 * x[1] - 1.0;
  return 20.0 + 10.0 * cores + 4.0 * cores * batch + (x[2] == 1.0 ? 5.0 : 0.0);
}

}  // namespace bayestuner::analysis
