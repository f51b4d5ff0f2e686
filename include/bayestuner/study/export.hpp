#pragma once
/// A study as text for other programs.

#include <string>

#include "bayestuner/study/study.hpp"

namespace bayestuner::study {

/// {"name", "problem", "space", "seed", "thresholds", "best", "trials": [...]}; one object, indented.
std::string to_json(Study& study);
/// One trial as a JSON object.
std::string to_json(const Trial& trial);
/// One row a trial: number, state, reason, params_*, <metric>, sem_<metric>, feasible, is_baseline, …
std::string to_csv(Study& study);

}  // namespace bayestuner::study
