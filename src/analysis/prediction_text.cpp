#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/json.hpp"
#include "analysis/text_table.hpp"
#include "bayestuner/analysis/prediction.hpp"

namespace bayestuner::analysis {

std::string PredictionStudy::to_json() const {
  using Json = nlohmann::ordered_json;
  Json json{{"metric", metric}, {"groups", groups},         {"samples", samples},    {"train", train},
            {"splits", splits}, {"confidence", confidence}, {"deviation", deviation}};
  json["rows"] = Json::array();
  for (const Interval& r : rows) json["rows"].push_back({{"mean", r.value}, {"least", r.low}, {"most", r.high}});
  json["whole_deviation"] = whole_deviation ? Json(*whole_deviation) : Json(nullptr);
  json["scores"] = Json::array();
  for (const PredictionScore& s : scores) {
    Json one{{"surrogate", s.surrogate}, {"test", Json::array()}, {"whole", Json::array()}};
    for (const Interval& i : s.test) one["test"].push_back(json_of(i));
    for (const Interval& i : s.whole) one["whole"].push_back(json_of(i));
    one["difference"] = s.difference ? json_of(*s.difference) : Json(nullptr);
    one["whole_difference"] = s.whole_difference ? json_of(*s.whole_difference) : Json(nullptr);
    one["test_rmse"] = s.test_rmse;
    one["whole_rmse"] = s.whole_rmse;
    json["scores"].push_back(std::move(one));
  }
  json["caveat"] = caveat;
  return json.dump();
}

std::string PredictionStudy::to_text() const {
  std::string text = fmt::format(
      "RMSE of {} where {:g} % of a sample is learnt and the rest tests, {} splits a sample, "
      "intervals hold with {:g} %\n",
      metric, 100.0 * train, splits, 100.0 * confidence);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    text += fmt::format("{}: {} sample{} of {:g} to {:g} configurations, standard deviation {:.4g}\n", groups[g],
                        samples[g], samples[g] == 1 ? "" : "s", rows[g].low, rows[g].high, deviation[g]);
  }
  if (whole_deviation) text += fmt::format("whole table: standard deviation {:.4g}\n", *whole_deviation);
  const auto cell = [](const Interval& i) {
    if (std::isnan(i.low)) return fmt::format("{:.4g}", i.value);
    return fmt::format("{:.4g} [{:.4g}, {:.4g}]", i.value, i.low, i.high);
  };
  std::vector<std::vector<std::string>> table(1);
  table[0].push_back("surrogate");
  for (const std::string& g : groups) table[0].push_back(g + ": held out");
  if (scores[0].difference) table[0].push_back("difference");
  if (!scores[0].whole.empty()) {
    for (const std::string& g : groups) table[0].push_back(g + ": whole table");
    if (scores[0].whole_difference) table[0].push_back("difference");
  }
  for (const PredictionScore& s : scores) {
    auto& row = table.emplace_back();
    row.push_back(s.surrogate);
    for (const Interval& i : s.test) row.push_back(cell(i));
    if (s.difference) row.push_back(cell(*s.difference));
    for (const Interval& i : s.whole) row.push_back(cell(i));
    if (s.whole_difference) row.push_back(cell(*s.whole_difference));
  }
  return text + text_table(table) + "note: " + caveat + "\n";
}

}  // namespace bayestuner::analysis
