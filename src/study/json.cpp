#include "study/json.hpp"

namespace bayestuner::study {

nlohmann::json value_to_json(const space::Value& value) {
  return std::visit([](const auto& v) { return nlohmann::json(v); }, value);
}

space::Value value_from_json(const nlohmann::json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  throw InvalidArgument("value: " + json.dump() + " is neither a number nor a text nor a boolean");
}

nlohmann::ordered_json params_to_json(const space::Configuration& params) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, value] : params) {
    std::visit([&json, &name = name](const auto& v) { json[name] = v; }, value);
  }
  return json;
}

space::Configuration params_from_json(const nlohmann::ordered_json& json) {
  space::Configuration params;
  for (const auto& [name, value] : json.items()) params.set(name, value_from_json(value));
  return params;
}

nlohmann::json metrics_to_json(const Metrics& metrics) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, m] : metrics) {
    json[name] = {
        {"value", m.value}, {"standard_error", m.standard_error}, {"n", m.n}, {"provenance", to_string(m.provenance)}};
  }
  return json;
}

Metrics metrics_from_json(const nlohmann::json& json) {
  Metrics metrics;
  for (const auto& [name, m] : json.items()) {
    metrics[name] = {.value = m.at("value").is_null() ? std::nan("") : m.at("value").get<double>(),
                     .standard_error = m.at("standard_error").get<double>(),
                     .n = m.at("n").get<std::int64_t>(),
                     .provenance = provenance_from_string(m.at("provenance").get<std::string>())};
  }
  return metrics;
}

nlohmann::ordered_json trial_to_json(const Trial& trial) {
  nlohmann::ordered_json json{{"number", trial.number},
                              {"state", to_string(trial.state)},
                              {"reason", to_string(trial.reason)},
                              {"message", trial.message},
                              {"params", params_to_json(trial.params)},
                              {"metrics", metrics_to_json(trial.metrics)},
                              {"started_s", trial.started_s},
                              {"finished_s", trial.finished_s},
                              {"told", trial.told},
                              {"is_baseline", trial.is_baseline},
                              {"is_verification", trial.is_verification},
                              {"user_attrs", trial.user_attrs}};
  return json;
}

namespace {

space::Parameter parameter_from_json(const nlohmann::json& json) {
  const auto name = json.at("name").get<std::string>();
  const auto kind = json.at("kind").get<std::string>();
  const auto make = [&]() -> space::Parameter {
    if (kind == "categorical") return space::categorical(name, json.at("labels").get<std::vector<std::string>>());
    if (kind == "boolean") return space::boolean(name);
    const auto scale = space::scale_from_string(json.at("scale").get<std::string>());
    if (kind == "ordinal") {
      return space::ordinal(name, json.at("levels").get<std::vector<double>>(), {.scale = scale});
    }
    const double low = json.at("low").get<double>(), high = json.at("high").get<double>();
    const double step = json.at("step").get<double>();
    if (kind == "real") return space::real(name, low, high, {.scale = scale, .step = step});
    if (kind != "integer") throw InvalidArgument("space: unknown kind '" + kind + "'");
    return space::integer(name, static_cast<std::int64_t>(low), static_cast<std::int64_t>(high),
                          {.scale = scale, .step = static_cast<std::int64_t>(step)});
  };
  space::Parameter parameter = make();
  if (const auto when = json.find("when"); when != json.end()) {
    std::vector<space::Value> values;
    for (const auto& v : when->begin().value()) values.push_back(value_from_json(v));
    return parameter.when(when->begin().key(), std::move(values));
  }
  return parameter;
}

}  // namespace

space::DynamicSpace space_from_fingerprint(const std::string& fingerprint) {
  const auto json = nlohmann::json::parse(fingerprint);
  if (json.contains("pool")) throw InvalidArgument("space: a pool of rows cannot be rebuilt from its store");
  std::vector<space::Parameter> parameters;
  for (const auto& p : json.at("parameters")) parameters.push_back(parameter_from_json(p));
  std::vector<space::Constraint> constraints;
  for (const auto& c : json.at("constraints")) constraints.emplace_back(c.get<std::string>());
  return space::DynamicSpace(std::move(parameters), std::move(constraints));
}

}  // namespace bayestuner::study
