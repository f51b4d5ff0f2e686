#include "bayestuner/analysis/importance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/bootstrap.hpp"
#include "analysis/json.hpp"
#include "analysis/splits.hpp"
#include "analysis/student.hpp"
#include "analysis/text_table.hpp"
#include "bayestuner/surrogate/random_forest.hpp"

namespace bayestuner::analysis {

namespace {

constexpr int split_count = 10;
constexpr double learnt_share = 0.8;

// Growth of the held-out RMSE for every column whose values are shuffled, [column][split], over the deviation of y.
std::vector<std::vector<double>> permutation_growth(const Sample& sample, const AnovaOptions& options) {
  const Eigen::MatrixXd x = sample.x();
  const double deviation = deviation_of(sample.y);
  std::vector<std::vector<double>> growth(static_cast<std::size_t>(x.cols()));
  for (int s = 0; s < split_count; ++s) {
    const Split split = split_rows(sample.size(), learnt_share, options.seed, 0, static_cast<std::uint64_t>(s));
    const auto model = model_of(options.surrogate, sample, x(split.train, Eigen::all), sample.y(split.train));
    const Eigen::MatrixXd test = x(split.test, Eigen::all);
    const Eigen::VectorXd y = sample.y(split.test);
    const double before = rmse(model.predict(test).mean, y);
    for (Eigen::Index j = 0; j < x.cols(); ++j) {
      // Values of all rows take the place of a held-out row's own: few are held out, and a shuffle of them is coarse.
      Random random =
          Random(options.seed, 0x9e2).fork(static_cast<std::uint64_t>(s)).fork(static_cast<std::uint64_t>(j));
      double squares = 0.0;
      constexpr int shuffles = 8;
      for (int k = 0; k < shuffles; ++k) {
        Eigen::MatrixXd shuffled = test;
        for (Eigen::Index i = 0; i < shuffled.rows(); ++i) {
          shuffled(i, j) = x(static_cast<Eigen::Index>(random.below(sample.size())), j);
        }
        const double after = rmse(model.predict(shuffled).mean, y);
        squares += after * after / shuffles;
      }
      growth[static_cast<std::size_t>(j)].push_back(deviation > 0.0 ? (std::sqrt(squares) - before) / deviation : 0.0);
    }
  }
  return growth;
}

}  // namespace

Importance importance(const Sample& sample, const AnovaOptions& options) {
  if (options.surrogate.empty()) throw InvalidArgument("importance: surrogate: must be named");
  require_learnable("importance", sample, 5);
  const FunctionalAnova anova = functional_anova(sample, options);
  const auto growth = permutation_growth(sample, options);
  surrogate::RandomForest forest;
  forest.fit(sample.x(), sample.y);
  const auto axes = axis_parameters(sample.space);
  Importance out{.metric = sample.metric,
                 .surrogate = options.surrogate,
                 .rows = sample.size(),
                 .confidence = options.confidence,
                 .note = anova.note};
  for (const ParameterShare& share : anova.parameters) {
    const auto column =
        std::find_if(axes.begin(), axes.end(), [&](const auto& p) { return p.name() == share.parameter; });
    const auto j = static_cast<std::size_t>(column - axes.begin());
    // The splits share their rows: Nadeau & Bengio's correction, as in prediction_study.
    out.parameters.push_back(
        {.parameter = share.parameter,
         .total = share.total,
         .permutation = student_interval(growth[j], options.confidence, (1.0 - learnt_share) / learnt_share),
         .impurity = forest.importances()[static_cast<Eigen::Index>(j)]});
  }
  return out;
}

std::string Importance::to_json() const {
  using Json = nlohmann::ordered_json;
  Json json{{"metric", metric}, {"surrogate", surrogate}, {"rows", rows}, {"confidence", confidence}};
  json["parameters"] = Json::array();
  for (const ParameterImportance& p : parameters) {
    json["parameters"].push_back({{"parameter", p.parameter},
                                  {"total", json_of(p.total)},
                                  {"permutation", json_of(p.permutation)},
                                  {"impurity", p.impurity}});
  }
  json["note"] = note;
  return json.dump();
}

std::string Importance::to_text() const {
  std::vector<std::vector<std::string>> table{
      {"parameter", "share of variance", "error when shuffled", "share of splits"}};
  for (const ParameterImportance& p : parameters) {
    table.push_back(
        {p.parameter, interval_text(p.total), interval_text(p.permutation), fmt::format("{:.3f}", p.impurity)});
  }
  return fmt::format("importance for {} ({} fitted to {} configurations)\n", metric, surrogate, rows) +
         text_table(table) + (note.empty() ? "" : "note: " + note + "\n");
}

}  // namespace bayestuner::analysis
