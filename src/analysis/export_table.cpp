#include <nlohmann/json.hpp>

#include "bayestuner/analysis/report.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

ExportedTable export_table(study::Study& study) {
  const auto problem = study.problem();
  const auto best = study.best();
  if (!best) throw InvalidArgument(study.name() + ": nothing feasible was measured, so the table has no optimum");
  const auto metrics = problem.metrics();
  const auto thresholds = study.thresholds();

  std::vector<std::string> head, knobs;
  for (const auto& p : study.space().parameters()) knobs.push_back("k_" + p.name());
  head = knobs;
  for (const auto& m : metrics) head.push_back("m_" + m);
  head.insert(head.end(), {"ok", "fail", "rep"});
  ExportedTable out{.tasks = {}, .csv = join(head, ",") + "\n"};
  std::map<std::string, int> repeats;
  for (const auto& t : study.trials()) {
    if (!t.is_finished() || t.reason == study::FailureReason::cancelled) continue;
    std::string line;
    for (const auto& p : study.space().parameters()) {
      line += (t.params.contains(p.name()) ? space::to_text(t.params.at(p.name())) : std::string("inactive")) + ",";
    }
    const int repeat = repeats[line]++;
    const bool ok = t.state == study::TrialState::complete;
    for (const auto& name : metrics) {
      const auto it = t.metrics.find(name);
      line += (ok && it != t.metrics.end() ? to_text(it->second.value) : std::string()) + ",";
    }
    out.csv +=
        line + (ok ? "1,," : "0," + std::string(study::to_string(t.reason)) + ",") + std::to_string(repeat) + "\n";
  }

  nlohmann::ordered_json task{{"id", study.name()},
                              {"type", problem.constraints().empty() ? "single" : "constrained"},
                              {"file", "trials.csv"},
                              {"knobs", knobs}};
  const auto& objective = problem.objectives().front();
  task["objective"] = {{"column", "m_" + objective.metric}, {"sense", objective.maximise ? "max" : "min"}};
  if (!problem.constraints().empty()) task["constraints"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    const auto& c = problem.constraints()[i];
    task["constraints"].push_back(
        {{"column", "m_" + c.metric}, {"op", c.bound == Bound::at_most ? "<=" : ">="}, {"value", *thresholds[i]}});
  }
  task["optimum"] = {{"value", best->metrics.at(objective.metric).value}};
  task["budget"] = 20;
  out.tasks = nlohmann::ordered_json{{"dataset", study.name()}, {"tasks", {task}}}.dump(1) + "\n";
  return out;
}

}  // namespace bayestuner::analysis
