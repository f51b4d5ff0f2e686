#include "study/pooling.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace bayestuner::study {

Metric pool(const std::vector<Metric>& metrics) {
  Metric mean{.value = 0.0, .standard_error = 0.0, .n = 0};
  const double k = static_cast<double>(metrics.size());
  double claimed = 0.0;
  for (const Metric& m : metrics) {
    mean.value += m.value / k;
    claimed += m.standard_error * m.standard_error;
    mean.n += m.n;
    mean.provenance = std::max(mean.provenance, m.provenance);
  }
  double spread = 0.0;
  for (const Metric& m : metrics) spread += (m.value - mean.value) * (m.value - mean.value);
  const double seen = metrics.size() > 1 ? std::sqrt(spread / (k - 1.0) / k) : 0.0;
  mean.standard_error = std::max(std::sqrt(claimed) / k, seen);
  return mean;
}

std::vector<Trial> pool_by_configuration(const std::vector<Trial>& trials, const space::DynamicSpace& space) {
  std::unordered_map<space::Point, std::size_t, space::PointHash, space::PointEqual> place;
  std::vector<Trial> pooled;
  std::vector<std::map<std::string, std::vector<Metric>>> readings;
  for (const Trial& trial : trials) {
    const auto [it, fresh] = place.emplace(space.point(trial.params), pooled.size());
    if (fresh) {
      pooled.push_back(trial);
      readings.emplace_back();
    }
    for (const auto& [name, m] : trial.metrics) readings[it->second][name].push_back(m);
    pooled[it->second].is_baseline |= trial.is_baseline;
  }
  for (std::size_t i = 0; i < pooled.size(); ++i) {
    for (const auto& [name, all] : readings[i]) pooled[i].metrics[name] = pool(all);
  }
  return pooled;
}

void keep_best_provenance(std::vector<Trial>& trials, const std::string& metric) {
  const auto of = [&](const Trial& t) { return t.metrics.at(metric).provenance; };
  if (trials.empty()) return;
  const Provenance best = of(
      *std::min_element(trials.begin(), trials.end(), [&](const Trial& a, const Trial& b) { return of(a) < of(b); }));
  std::erase_if(trials, [&](const Trial& t) { return of(t) != best; });
}

}  // namespace bayestuner::study
