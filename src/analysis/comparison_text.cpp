#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/json.hpp"
#include "bayestuner/analysis/comparison.hpp"

namespace bayestuner::analysis {

std::string Comparison::to_json() const {
  using Json = nlohmann::ordered_json;
  Json json{{"measure", measure},       {"tasks", tasks},         {"runs", runs},
            {"confidence", confidence}, {"tolerance", tolerance}, {"blocks", blocks}};
  json["strategies"] = Json::array();
  for (const StrategyScore& s : strategies) {
    Json at = Json::object();
    for (const auto& [evaluations, score] : s.at) {
      at[std::to_string(evaluations)] = json_of(score.mean);
      at[std::to_string(evaluations)]["tasks"] = score.tasks;
    }
    json["strategies"].push_back({{"strategy", s.strategy},
                                  {"mean", json_of(s.mean)},
                                  {"at", at},
                                  {"rank", json_of(s.rank)},
                                  {"within", json_of(s.within)},
                                  {"nothing", s.nothing},
                                  {"repeats", s.repeats},
                                  {"task_mean", s.task_mean}});
  }
  json["differences"] = Json::array();
  for (const StrategyDifference& d : differences) {
    json["differences"].push_back({{"first", d.first},
                                   {"second", d.second},
                                   {"mean", json_of(d.mean)},
                                   {"wins", d.wins},
                                   {"ties", d.ties},
                                   {"losses", d.losses},
                                   {"p_value", d.p_value},
                                   {"p_holm", d.p_holm}});
  }
  json["friedman"] = {{"statistic", friedman.statistic},
                      {"p_value", friedman.p_value},
                      {"f_statistic", number_or_null(friedman.f_statistic)},
                      {"f_p_value", friedman.f_p_value}};
  json["critical_difference"] = critical_difference;
  json["notes"] = notes;
  return json.dump();
}

std::string Comparison::to_text() const {
  const double percent = 100.0 * confidence;
  std::string text = fmt::format(
      "{} over {} tasks, {} runs a strategy; smaller is better, intervals hold with {:g} %\n",
      measure == "gap" ? "gap to the optimum" : "lost share of the hypervolume", tasks.size(), runs, percent);
  std::size_t width = 8;
  for (const auto& s : strategies) width = std::max(width, s.strategy.size());
  text += fmt::format("{:<{}}  {:<20}", "strategy", width, "rank");
  for (const auto& [at, score] : strategies.front().at) {
    text += fmt::format("  {:<21}", fmt::format("after {} ({} tasks)", at, score.tasks));
  }
  text += fmt::format("  {:<21}  {:<21}  {:>7}  {:>7}\n", "at the budget", fmt::format("share <= {:g}", tolerance),
                      "nothing", "repeats");
  for (const auto& s : strategies) {
    text += fmt::format("{:<{}}  {:<20}", s.strategy, width, interval_text(s.rank, 2));
    for (const auto& [at, score] : s.at) text += fmt::format("  {:<21}", interval_text(score.mean));
    text += fmt::format("  {:<21}  {:<21}  {:>7.3f}  {:>7}\n", interval_text(s.mean), interval_text(s.within),
                        s.nothing, s.repeats);
  }
  if (strategies.size() < 2) return text + "one strategy: nothing to compare it with\n";
  std::size_t pair = 10;
  for (const auto& d : differences) pair = std::max(pair, d.first.size() + d.second.size() + 3);
  text += fmt::format("\n{:<{}}  {:<24}  {:>5} {:>5} {:>6}  {:>9}  {:>9}\n", "difference", pair, "mean at the budget",
                      "wins", "ties", "losses", "Wilcoxon", "Holm");
  for (const auto& d : differences) {
    text += fmt::format("{:<{}}  {:<24}  {:>5} {:>5} {:>6}  {:>9.2g}  {:>9.2g}\n", d.first + " - " + d.second, pair,
                        interval_text(d.mean), d.wins, d.ties, d.losses, d.p_value, d.p_holm);
  }
  text += fmt::format("wins, ties and losses are of the first, over {}\n", blocks);
  text += fmt::format("Friedman: chi-square {:.2f}, p {:.2g}; Iman-Davenport: F {:.2f}, p {:.2g}\n", friedman.statistic,
                      friedman.p_value, friedman.f_statistic, friedman.f_p_value);
  if (critical_difference > 0.0) {
    text += fmt::format("Nemenyi: mean ranks that differ by {:.2f} or more differ at {:g} %\n", critical_difference,
                        100.0 - percent);
  }
  for (const std::string& note : notes) text += "note: " + note + "\n";
  return text;
}

}  // namespace bayestuner::analysis
