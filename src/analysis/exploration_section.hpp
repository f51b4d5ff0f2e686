#pragma once

#include <string>
#include <vector>

#include "bayestuner/study/exploration.hpp"

namespace bayestuner::analysis {

// The part of a page that shows a front, its history, and those it is compared with.
std::string exploration_section(const std::vector<study::Exploration>& explorations);

}  // namespace bayestuner::analysis
