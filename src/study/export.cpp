#include "bayestuner/study/export.hpp"

#include <set>

#include "bayestuner/core/text.hpp"
#include "study/csv.hpp"
#include "study/json.hpp"

namespace bayestuner::study {

std::string to_json(const Trial& trial) {
  return trial_to_json(trial).dump();
}

std::string to_json(Study& study) {
  nlohmann::ordered_json json{{"name", study.name()},
                              {"seed", study.seed()},
                              {"space", nlohmann::ordered_json::parse(study.space().fingerprint())},
                              {"problem", nlohmann::ordered_json::parse(study.problem().to_json())},
                              {"thresholds", nlohmann::ordered_json::array()},
                              {"best", nullptr},
                              {"trials", nlohmann::ordered_json::array()}};
  for (const auto& t : study.thresholds()) json["thresholds"].push_back(t ? nlohmann::ordered_json(*t) : nullptr);
  if (const auto best = study.best()) json["best"] = trial_to_json(*best);
  const std::vector<Trial> trials = study.trials();
  const std::vector<bool> feasible = study.feasible(trials);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    auto one = trial_to_json(trials[i]);
    one["feasible"] = static_cast<bool>(feasible[i]);
    json["trials"].push_back(std::move(one));
  }
  return json.dump(1);
}

std::string to_csv(Study& study) {
  const auto trials = study.trials();
  const std::vector<bool> feasible = study.feasible(trials);
  std::set<std::string> metrics;
  for (const Trial& t : trials) {
    for (const auto& [name, m] : t.metrics) metrics.insert(name);
  }
  std::vector<std::string> head{"number",      "state",           "reason",    "feasible",
                                "is_baseline", "is_verification", "started_s", "duration_s"};
  for (const auto& p : study.space().parameters()) head.push_back("params_" + p.name());
  for (const std::string& name : metrics) {
    head.push_back(name);
    head.push_back("sem_" + name);
    head.push_back("provenance_" + name);
  }
  std::string text = join(head, ",") + "\n";
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const Trial& t = trials[i];
    std::vector<std::string> row{to_text(t.number),
                                 to_string(t.state),
                                 to_string(t.reason),
                                 feasible[i] ? "true" : "false",
                                 t.is_baseline ? "true" : "false",
                                 t.is_verification ? "true" : "false",
                                 to_text(t.started_s),
                                 t.finished_s > 0.0 ? to_text(t.finished_s - t.started_s) : ""};
    for (const auto& p : study.space().parameters()) {
      row.push_back(t.params.contains(p.name()) ? csv_cell(space::to_text(t.params.at(p.name()))) : "");
    }
    for (const std::string& name : metrics) {
      const auto it = t.metrics.find(name);
      row.push_back(it == t.metrics.end() ? "" : to_text(it->second.value));
      row.push_back(it == t.metrics.end() ? "" : to_text(it->second.standard_error));
      row.push_back(it == t.metrics.end() ? "" : to_string(it->second.provenance));
    }
    text += join_cells(row) + "\n";
  }
  return text;
}

}  // namespace bayestuner::study
