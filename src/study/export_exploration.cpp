#include <algorithm>
#include <set>

#include "bayestuner/core/text.hpp"
#include "bayestuner/study/export.hpp"
#include "study/csv.hpp"
#include "study/json.hpp"

namespace bayestuner::study {

namespace {

nlohmann::ordered_json as_json(const Exploration& e) {
  nlohmann::ordered_json json{{"study", e.study}, {"objectives", nlohmann::ordered_json::array()}};
  for (std::size_t j = 0; j < e.problem.objectives().size(); ++j) {
    const Objective& o = e.problem.objectives()[j];
    json["objectives"].push_back({{"metric", o.metric},
                                  {"sense", o.maximise ? "maximize" : "minimize"},
                                  {"reference", e.reference[j]},  // NaN becomes null
                                  {"reference_rule", to_string(e.reference_from[j])}});
  }
  json["finished"] = e.finished;
  json["failed"] = e.failed;
  json["hypervolume"] = e.hypervolume();
  json["knee"] = e.knee ? nlohmann::ordered_json(e.points[*e.knee].trial.number) : nlohmann::ordered_json();
  json["front"] = nlohmann::ordered_json::array();
  for (const std::size_t i : e.front) json["front"].push_back(e.points[i].trial.number);
  json["dominated"] = e.dominated();
  json["infeasible"] = e.infeasible();
  json["history"] = nlohmann::ordered_json::array();
  json["points"] = nlohmann::ordered_json::array();
  for (const ExploredPoint& p : e.points) {
    json["history"].push_back({p.finished, p.hypervolume});
    json["points"].push_back({{"trial", p.trial.number},
                              {"params", params_to_json(p.trial.params)},
                              {"metrics", metrics_to_json(p.trial.metrics)},
                              {"feasible", p.is_feasible},
                              {"front", p.is_on_front},
                              {"probability", p.probability},
                              {"finished", p.finished},
                              {"hypervolume", p.hypervolume}});
  }
  return json;
}

}  // namespace

std::string to_json(const std::vector<Exploration>& explorations) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Exploration& e : explorations) json.push_back(as_json(e));
  return json.dump(1);
}

std::string to_csv(const std::vector<Exploration>& explorations) {
  std::set<std::string> metrics;
  std::vector<std::string> params;  // as they come: a conditional one may be missing at first
  for (const Exploration& e : explorations) {
    for (const ExploredPoint& p : e.points) {
      for (const auto& [name, m] : p.trial.metrics) metrics.insert(name);
      for (const auto& [name, value] : p.trial.params) {
        if (std::find(params.begin(), params.end(), name) == params.end()) params.push_back(name);
      }
    }
  }
  std::vector<std::string> head{"study", "number", "finished",    "feasible",
                                "front", "knee",   "probability", "hypervolume"};
  for (const std::string& name : params) head.push_back("params_" + name);
  for (const std::string& name : metrics) {
    for (const char* const prefix : {"", "sem_", "provenance_"}) head.push_back(prefix + name);
  }
  std::string text = join_cells(head) + "\n";
  const auto flag = [](bool is) { return std::string(is ? "true" : "false"); };
  for (const Exploration& e : explorations) {
    for (std::size_t i = 0; i < e.points.size(); ++i) {
      const ExploredPoint& p = e.points[i];
      std::vector<std::string> row{csv_cell(e.study),      to_text(p.trial.number), to_text(p.finished),
                                   flag(p.is_feasible),    flag(p.is_on_front),     flag(e.knee == i),
                                   to_text(p.probability), to_text(p.hypervolume)};
      for (const std::string& name : params) {
        row.push_back(p.trial.params.contains(name) ? csv_cell(space::to_text(p.trial.params.at(name))) : "");
      }
      for (const std::string& name : metrics) {
        const auto it = p.trial.metrics.find(name);
        const bool there = it != p.trial.metrics.end();
        row.push_back(there ? to_text(it->second.value) : "");
        row.push_back(there ? to_text(it->second.standard_error) : "");
        row.push_back(there ? to_string(it->second.provenance) : "");
      }
      text += join_cells(row) + "\n";
    }
  }
  return text;
}

}  // namespace bayestuner::study
