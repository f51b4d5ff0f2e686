#pragma once
// Several trials of one configuration as one.

#include <vector>

#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::study {

// Mean of several measurements of one metric. Its error is the larger of what the measurements claim and what their
// spread shows; its provenance the weakest among them.
Metric pool(const std::vector<Metric>& metrics);

// One trial a configuration (number and flags of its first), metrics pooled; in order of first appearance.
std::vector<Trial> pool_by_configuration(const std::vector<Trial>& trials, const space::DynamicSpace& space);

// Drops trials whose `metric` is of a weaker provenance than the best one present: an estimate never beats a
// measurement.
void keep_best_provenance(std::vector<Trial>& trials, const std::string& metric);

}  // namespace bayestuner::study
