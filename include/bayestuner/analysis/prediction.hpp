#pragma once
/// How well surrogates predict what they did not see.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/analysis/interval.hpp"
#include "bayestuner/analysis/sample.hpp"
#include "bayestuner/search/any_strategy.hpp"
#include "bayestuner/surrogate/any_surrogate.hpp"

namespace bayestuner::analysis {

struct PredictionOptions {
  std::vector<std::string> surrogates{"gp", "boosting", "forest", "polynomial", "knn", "mean"};
  double train = 0.8;        ///< share of a sample that is learnt; the rest tests
  int splits = 10;           ///< random splits of every sample
  double confidence = 0.95;  ///< of the intervals
  std::uint64_t seed = 0;    ///< of the splits; sample i of every group is split in the same places
  /// A surrogate by its name for columns of these kinds; empty: named_surrogate.
  std::function<surrogate::AnySurrogate(const std::string&, const std::vector<space::AxisKind>&)> make_surrogate = {};
};

/// Samples that were gathered in one way: `guided` by a model, `random`.
struct SampleGroup {
  std::string name = {};
  std::vector<Sample> samples = {};
};

/// Root mean squared errors of one surrogate, the metric's unit.
struct PredictionScore {
  std::string surrogate = {};
  std::vector<Interval> test = {};   ///< one a group: on the rows of the sample held out
  std::vector<Interval> whole = {};  ///< one a group: of all the sample's rows learnt, on the whole table; may be empty
  std::optional<Interval> difference = {};                           ///< test: first group minus second
  std::optional<Interval> whole_difference = {};                     ///< the same on the whole table
  std::vector<std::vector<double>> test_rmse = {}, whole_rmse = {};  ///< [group][sample]: means over the splits
};

struct PredictionStudy {
  std::string metric = {};
  std::vector<std::string> groups = {};
  std::vector<std::size_t> samples = {};  ///< of each group
  std::vector<Interval> rows = {};        ///< of a sample, one a group: mean, least, most
  std::vector<double> deviation = {};     ///< of the metric within a sample, mean over them, one a group
  std::optional<double> whole_deviation = {};
  double train = 0.8, confidence = 0.95;
  int splits = 0;
  std::vector<PredictionScore> scores = {};
  std::string caveat = {};  ///< what the numbers do not say

  std::string to_json() const;
  std::string to_text() const;
};

/// Learns `train` of each sample and tests on the rest, the same split rule for every surrogate and group; with `whole`
/// learns each sample entirely and tests on that table as well. An interval is Student's over the samples of a group,
/// or, for one sample, over its splits with Nadeau and Bengio's correction for their overlap (2003,
/// doi:10.1023/A:1024068626366). With two groups of equally many samples, sample i of one is paired with sample i of
/// the other. Throws InvalidArgument: no group, more than two, a sample of fewer than five rows, options out of range,
/// an unknown surrogate.
PredictionStudy prediction_study(const std::vector<SampleGroup>& groups, const PredictionOptions& options = {},
                                 const Sample* whole = nullptr);

struct GatherOptions {
  std::string strategy = "bo";
  std::size_t evaluations = 40;
  int repeats = 20;  ///< samples, one a seed
  std::uint64_t first_seed = 0;
  /// A strategy by its name; empty: study::named_strategy.
  std::function<search::AnyStrategy(const std::string&)> make_strategy = {};
  std::function<bool()> stop = {};  ///< asked before every suggestion: whether to give up
};

/// The rows that a strategy tries on a recorded table, one list a seed, in the order tried, each once. Throws
/// InvalidArgument, and Error once `stop` says so.
std::vector<std::vector<std::uint64_t>> gather_rows(const RecordedTable& table, const GatherOptions& options = {});

/// Samples of `metric` at lists of rows, as gather_rows gives them. Throws InvalidArgument.
SampleGroup sample_group(const std::string& name, const RecordedTable& table, const std::string& metric,
                         const std::vector<std::vector<std::uint64_t>>& rows);

/// Of a recorded table: samples that `guided` gathers against random ones of as many evaluations and the same seeds,
/// tested on the whole table as well. `metric`: empty: the first objective. Throws as those above.
PredictionStudy prediction_study(const RecordedTable& table, const std::string& metric, const GatherOptions& guided,
                                 const PredictionOptions& options = {});

}  // namespace bayestuner::analysis
