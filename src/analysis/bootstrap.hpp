#pragma once
// Models of resampled measurements, for intervals of whatever is read off a model.

#include <functional>
#include <string>

#include "bayestuner/analysis/sample.hpp"
#include "bayestuner/analysis/surrogates.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/random.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

inline void require_learnable(const char* where, const Sample& sample, std::size_t least) {
  if (sample.size() >= least) return;
  throw InvalidArgument(std::string(where) + ": " + to_text(sample.size()) + " configurations with " + sample.metric +
                        " are too few; at least " + to_text(least) + " are needed");
}

inline void require_resamples(const char* where, int resamples) {
  if (resamples < 0) throw InvalidArgument(std::string(where) + ": resamples: " + to_text(resamples) + " is below 0");
}

inline surrogate::AnySurrogate model_of(const std::string& name, const Sample& sample, const Eigen::MatrixXd& x,
                                        const Eigen::VectorXd& y) {
  surrogate::AnySurrogate model = named_surrogate(name, sample.space.axes(), false);
  model.fit(x, y);
  return model;
}

// Calls `use` with a model of each of `resamples` samples drawn with replacement. A sample of one configuration is
// drawn again: it says nothing of how the metric changes.
inline void resampled_models(const std::string& name, const Sample& sample, int resamples, std::uint64_t seed,
                             const std::function<void(const surrogate::AnySurrogate&)>& use) {
  const Eigen::MatrixXd x = sample.x();
  const std::size_t n = sample.size();
  Random random(seed, 0xb007);
  for (int r = 0; r < resamples; ++r) {
    std::vector<Eigen::Index> rows(n);
    do {
      for (Eigen::Index& row : rows) row = static_cast<Eigen::Index>(random.below(n));
    } while (std::all_of(rows.begin(), rows.end(), [&](Eigen::Index row) { return row == rows[0]; }));
    use(model_of(name, sample, x(rows, Eigen::all), sample.y(rows)));
  }
}

}  // namespace bayestuner::analysis
