#include <set>

#include "bayestuner/analysis/prediction.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/study/named_strategy.hpp"

namespace bayestuner::analysis {

std::vector<std::vector<std::uint64_t>> gather_rows(const RecordedTable& table, const GatherOptions& options) {
  if (options.repeats < 1) throw InvalidArgument("gather_rows: repeats: must be at least 1");
  if (options.evaluations < 1) throw InvalidArgument("gather_rows: evaluations: must be at least 1");
  std::vector<std::vector<std::uint64_t>> out;
  for (int r = 0; r < options.repeats; ++r) {
    search::AnyStrategy strategy =
        options.make_strategy ? options.make_strategy(options.strategy) : study::named_strategy(options.strategy);
    search::History history{.space = &table.space,
                            .task = table.task,
                            .observations = {},
                            .seed = options.first_seed + static_cast<std::uint64_t>(r),
                            .budget = options.evaluations};
    std::vector<std::uint64_t> rows;
    std::set<std::uint64_t> seen;
    while (history.observations.size() < options.evaluations) {
      if (options.stop && options.stop()) throw Error("gather_rows: stopped");
      const auto point = strategy.suggest(history);
      if (!point) break;
      const auto index = table.space.index_of(*point);
      if (!index) throw Error("strategy " + options.strategy + ": suggested a row that does not exist");
      if (seen.insert(*index).second) rows.push_back(*index);
      history.observations.push_back(table.observe(*index, *point));
    }
    out.push_back(std::move(rows));
  }
  return out;
}

SampleGroup sample_group(const std::string& name, const RecordedTable& table, const std::string& metric,
                         const std::vector<std::vector<std::uint64_t>>& rows) {
  SampleGroup group{.name = name};
  for (const auto& one : rows) {
    if (one.empty()) throw InvalidArgument("sample_group: " + name + ": a list of rows is empty");
    group.samples.push_back(sample_of(table, metric, one));
  }
  return group;
}

PredictionStudy prediction_study(const RecordedTable& table, const std::string& metric, const GatherOptions& guided,
                                 const PredictionOptions& options) {
  GatherOptions random = guided;
  random.strategy = "random";
  const Sample whole = sample_of(table, metric);
  return prediction_study({sample_group(guided.strategy, table, metric, gather_rows(table, guided)),
                           sample_group(random.strategy, table, metric, gather_rows(table, random))},
                          options, &whole);
}

}  // namespace bayestuner::analysis
