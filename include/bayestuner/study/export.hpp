#pragma once
/// A study as text for other programs.

#include <string>
#include <vector>

#include "bayestuner/study/exploration.hpp"
#include "bayestuner/study/study.hpp"

namespace bayestuner::study {

/// {"name", "problem", "space", "seed", "thresholds", "best", "trials": [...]}; one object, indented.
std::string to_json(Study& study);
/// One trial as a JSON object.
std::string to_json(const Trial& trial);
/// One row a trial: number, state, reason, params_*, <metric>, sem_<metric>, feasible, is_baseline, …
std::string to_csv(Study& study);

/// Array of objects: study, objectives (metric, sense, reference, reference_rule), finished, failed, hypervolume, knee
/// (number of a trial, or null), front, dominated and infeasible (numbers of trials), history ([trials finished,
/// hypervolume] after each measured configuration), points (trial, params, metrics, feasible, front, probability,
/// finished, hypervolume).
std::string to_json(const std::vector<Exploration>& explorations);
/// One row a measured configuration: study, number, finished, feasible, front, knee, probability, hypervolume,
/// params_*, <metric>, sem_<metric>, provenance_<metric>.
std::string to_csv(const std::vector<Exploration>& explorations);

}  // namespace bayestuner::study
