#pragma once
// Trials, problems and spaces as JSON: shared by the store and the exports.

#include <nlohmann/json.hpp>

#include "bayestuner/space/dynamic_space.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::study {

nlohmann::json value_to_json(const space::Value& value);
space::Value value_from_json(const nlohmann::json& json);
nlohmann::ordered_json params_to_json(const space::Configuration& params);
space::Configuration params_from_json(const nlohmann::ordered_json& json);
nlohmann::json metrics_to_json(const Metrics& metrics);
Metrics metrics_from_json(const nlohmann::json& json);
nlohmann::ordered_json trial_to_json(const Trial& trial);
// Inverse of DynamicSpace::fingerprint(). Throws InvalidArgument for pools and predicates.
space::DynamicSpace space_from_fingerprint(const std::string& fingerprint);

}  // namespace bayestuner::study
