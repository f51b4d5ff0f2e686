#include "bayestuner/analysis/prediction.hpp"

#include "analysis/splits.hpp"
#include "analysis/student.hpp"
#include "bayestuner/analysis/surrogates.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

namespace {

constexpr std::size_t least_rows = 5;

void require_valid(const std::vector<SampleGroup>& groups, const PredictionOptions& options) {
  require_confidence("prediction_study", options.confidence);
  if (!(options.train > 0.0 && options.train < 1.0)) {
    throw InvalidArgument("prediction_study: train: " + to_text(options.train) + " is not in (0, 1)");
  }
  if (options.splits < 1) {
    throw InvalidArgument("prediction_study: splits: " + to_text(options.splits) + " is not at least 1");
  }
  if (options.surrogates.empty()) throw InvalidArgument("prediction_study: surrogates: there is none");
  if (groups.empty() || groups.size() > 2) {
    throw InvalidArgument("prediction_study: groups: " + to_text(groups.size()) + " are neither one nor two");
  }
  for (const SampleGroup& group : groups) {
    if (group.samples.empty()) throw InvalidArgument("prediction_study: " + group.name + ": has no sample");
    for (const Sample& sample : group.samples) {
      if (sample.size() >= least_rows) continue;
      throw InvalidArgument("prediction_study: " + group.name + ": a sample of " + to_text(sample.size()) +
                            " configurations with " + sample.metric + " is too small to split; at least " +
                            to_text(least_rows) + " are needed");
    }
  }
}

surrogate::AnySurrogate fitted(const std::string& name, const PredictionOptions& options,
                               const std::vector<space::AxisKind>& axes, const Eigen::MatrixXd& x,
                               const Eigen::VectorXd& y) {
  surrogate::AnySurrogate model =
      options.make_surrogate ? options.make_surrogate(name, axes) : named_surrogate(name, axes, false);
  model.fit(x, y);
  return model;
}

Interval range_of_rows(const SampleGroup& group) {
  Interval rows{.value = 0.0, .low = static_cast<double>(group.samples[0].size()), .high = 0.0};
  for (const Sample& sample : group.samples) {
    const auto n = static_cast<double>(sample.size());
    rows.value += n / static_cast<double>(group.samples.size());
    rows.low = std::min(rows.low, n);
    rows.high = std::max(rows.high, n);
  }
  return rows;
}

std::vector<double> differences(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] - b[i]);
  return out;
}

const char* caveat_of(const std::vector<SampleGroup>& groups, bool whole) {
  if (groups.size() == 1) {
    return whole
               ? "the rows held out come from the sample itself: where a search chose it, they crowd where the search "
                 "went, and their error is no error over the space; that is the column of the whole table"
               : "the rows held out come from the sample itself: where a search chose it, they crowd where the search "
                 "went, and their error is no error over the space";
  }
  return whole
             ? "each group is tested on rows of its own: those of a guided sample crowd where the search went and vary "
               "less, so their error may be small without a better model; only the whole table tests both alike"
             : "each group is tested on rows of its own: those of a guided sample crowd where the search went and vary "
               "less, so their error may be small without a better model";
}

}  // namespace

PredictionStudy prediction_study(const std::vector<SampleGroup>& groups, const PredictionOptions& options,
                                 const Sample* whole) {
  require_valid(groups, options);
  PredictionStudy out{.metric = groups[0].samples[0].metric,
                      .train = options.train,
                      .confidence = options.confidence,
                      .splits = options.splits,
                      .caveat = caveat_of(groups, whole != nullptr)};
  for (const std::string& name : options.surrogates) out.scores.push_back({.surrogate = name});
  const Eigen::MatrixXd all = whole ? whole->x() : Eigen::MatrixXd();
  if (whole) out.whole_deviation = deviation_of(whole->y);

  for (const SampleGroup& group : groups) {
    out.groups.push_back(group.name);
    out.samples.push_back(group.samples.size());
    out.rows.push_back(range_of_rows(group));
    out.deviation.push_back(0.0);
    for (PredictionScore& score : out.scores) {
      score.test_rmse.emplace_back();
      score.whole_rmse.emplace_back();
    }
    std::vector<std::vector<double>> by_split(out.scores.size());
    double overlap = 0.0;
    for (std::size_t i = 0; i < group.samples.size(); ++i) {
      const Sample& sample = group.samples[i];
      out.deviation.back() += deviation_of(sample.y) / static_cast<double>(group.samples.size());
      const Eigen::MatrixXd x = sample.x();
      const auto& axes = sample.space.axes();
      std::vector<Split> splits;
      for (int k = 0; k < options.splits; ++k) {
        splits.push_back(split_rows(sample.size(), options.train, options.seed, i, static_cast<std::uint64_t>(k)));
      }
      overlap = static_cast<double>(splits[0].test.size()) / static_cast<double>(splits[0].train.size());
      for (std::size_t s = 0; s < out.scores.size(); ++s) {
        PredictionScore& score = out.scores[s];
        double sum = 0.0;
        for (const Split& split : splits) {
          const auto model = fitted(score.surrogate, options, axes, x(split.train, Eigen::all), sample.y(split.train));
          const double error = rmse(model.predict(x(split.test, Eigen::all)).mean, sample.y(split.test));
          sum += error / options.splits;
          by_split[s].push_back(error);
        }
        score.test_rmse.back().push_back(sum);
        if (!whole) continue;
        const auto model = fitted(score.surrogate, options, axes, x, sample.y);
        score.whole_rmse.back().push_back(rmse(model.predict(all).mean, whole->y));
      }
    }
    for (std::size_t s = 0; s < out.scores.size(); ++s) {
      PredictionScore& score = out.scores[s];
      score.test.push_back(group.samples.size() > 1 ? student_interval(score.test_rmse.back(), options.confidence)
                                                    : student_interval(by_split[s], options.confidence, overlap));
      if (whole) score.whole.push_back(student_interval(score.whole_rmse.back(), options.confidence));
    }
  }
  if (groups.size() == 2 && groups[0].samples.size() == groups[1].samples.size() && groups[0].samples.size() > 1) {
    for (PredictionScore& score : out.scores) {
      score.difference = student_interval(differences(score.test_rmse[0], score.test_rmse[1]), options.confidence);
      if (!whole) continue;
      score.whole_difference =
          student_interval(differences(score.whole_rmse[0], score.whole_rmse[1]), options.confidence);
    }
  }
  return out;
}

}  // namespace bayestuner::analysis
