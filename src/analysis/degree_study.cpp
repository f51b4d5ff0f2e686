#include "bayestuner/analysis/degree_study.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/json.hpp"
#include "analysis/splits.hpp"
#include "analysis/student.hpp"
#include "analysis/text_table.hpp"
#include "bayestuner/analysis/interactions.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/surrogate/polynomial_regression.hpp"

namespace bayestuner::analysis {

namespace {

using surrogate::PolynomialRegression;

void require_valid(const Sample& sample, const DegreeOptions& options) {
  require_confidence("degree_study", options.confidence);
  if (options.max_degree < 1) {
    throw InvalidArgument("degree_study: max_degree: " + to_text(options.max_degree) + " is not at least 1");
  }
  if (!(options.train > 0.0 && options.train < 1.0)) {
    throw InvalidArgument("degree_study: train: " + to_text(options.train) + " is not in (0, 1)");
  }
  if (options.splits < 2) {
    throw InvalidArgument("degree_study: splits: " + to_text(options.splits) + " is not at least 2");
  }
  if (sample.size() < 5) {
    throw InvalidArgument("degree_study: " + to_text(sample.size()) + " configurations with " + sample.metric +
                          " are too few to split; at least 5 are needed");
  }
}

// Why a degree cannot be learnt from `rows` rows; empty if it can.
std::string impossible(const Eigen::MatrixXd& x, const std::vector<space::AxisKind>& axes, int degree, std::size_t rows,
                       double ridge) {
  if (ridge > 0.0) return {};
  const auto factors = surrogate::detail::factors_of(x, axes, true);
  const auto most = static_cast<std::size_t>(0.8 * static_cast<double>(rows));
  if (surrogate::detail::monomials(factors, degree, most)) return {};
  const auto all = surrogate::detail::monomials(factors, degree, 100'000);
  return fmt::format("{} terms; {} rows to learn from bear {}", all ? std::to_string(all->size()) : "over 100000", rows,
                     most);
}

}  // namespace

DegreeStudy degree_study(const Sample& sample, const DegreeOptions& options, const Sample* whole) {
  require_valid(sample, options);
  DegreeStudy out{.metric = sample.metric,
                  .rows = sample.size(),
                  .train = options.train,
                  .confidence = options.confidence,
                  .splits = options.splits};
  const Eigen::MatrixXd x = sample.x();
  const auto& axes = sample.space.axes();
  std::vector<Split> splits;
  for (int k = 0; k < options.splits; ++k) {
    splits.push_back(split_rows(sample.size(), options.train, options.seed, 0, static_cast<std::uint64_t>(k)));
  }
  const double learnt = static_cast<double>(splits[0].train.size());
  const double overlap = static_cast<double>(splits[0].test.size()) / learnt;
  std::vector<std::vector<double>> errors;
  for (int degree = 1; degree <= options.max_degree; ++degree) {
    DegreeScore score{.degree = degree,
                      .impossible = impossible(x, axes, degree, splits[0].train.size(), options.ridge)};
    errors.emplace_back();
    if (score.impossible.empty()) {
      PolynomialRegression model(
          {.axes = axes, .degree = degree, .ridge = options.ridge, .eliminate = options.eliminate});
      for (const Split& split : splits) {
        model.fit(x(split.train, Eigen::all), sample.y(split.train));
        errors.back().push_back(rmse(model.predict(x(split.test, Eigen::all)).mean, sample.y(split.test)));
      }
      score.test = student_interval(errors.back(), options.confidence, overlap);
      model.fit(x, sample.y);
      score.terms = model.terms().size();
      score.press_rmse = model.press_rmse();
      score.training_rmse = model.training_rmse();
      score.r2 = model.r2();
      score.aic = model.aic();
      score.bic = model.bic();
      score.formula = readable_formula(model, sample);
      if (whole) score.whole = rmse(model.predict(whole->x()).mean, whole->y);
      const auto best = static_cast<std::size_t>(out.best);
      if (out.best == 0 || score.test.value < out.scores[best - 1].test.value) out.best = degree;
    }
    out.scores.push_back(std::move(score));
  }
  if (out.best == 0) return out;
  const auto& least = errors[static_cast<std::size_t>(out.best) - 1];
  for (out.simplest = 1; out.simplest < out.best; ++out.simplest) {
    const auto& these = errors[static_cast<std::size_t>(out.simplest) - 1];
    if (these.empty()) continue;
    std::vector<double> worse;
    for (std::size_t k = 0; k < these.size(); ++k) worse.push_back(these[k] - least[k]);
    if (student_interval(worse, options.confidence, overlap).low <= 0.0) break;
  }
  return out;
}

std::string DegreeStudy::to_json() const {
  using Json = nlohmann::ordered_json;
  Json json{{"metric", metric},         {"rows", rows},        {"train", train}, {"splits", splits}, {"best", best},
            {"confidence", confidence}, {"simplest", simplest}};
  json["scores"] = Json::array();
  for (const DegreeScore& s : scores) {
    if (!s.impossible.empty()) {
      json["scores"].push_back({{"degree", s.degree}, {"impossible", s.impossible}});
      continue;
    }
    json["scores"].push_back({{"degree", s.degree},
                              {"terms", s.terms},
                              {"test", json_of(s.test)},
                              {"whole", s.whole ? Json(*s.whole) : Json(nullptr)},
                              {"press_rmse", s.press_rmse},
                              {"training_rmse", s.training_rmse},
                              {"r2", number_or_null(s.r2)},
                              {"aic", number_or_null(s.aic)},
                              {"bic", number_or_null(s.bic)},
                              {"formula", s.formula}});
  }
  return json.dump();
}

std::string DegreeStudy::to_text() const {
  std::string text = fmt::format(
      "RMSE of {} by polynomials: {:g} % of {} configurations are learnt and the rest tests, {} splits, intervals hold "
      "with {:g} %\n",
      metric, 100.0 * train, rows, splits, 100.0 * confidence);
  std::vector<std::vector<std::string>> table{{"degree", "held out", "terms", "learnt", "PRESS", "R2", "AIC", "BIC"}};
  const bool has_whole = !scores.empty() && best > 0 && scores[static_cast<std::size_t>(best) - 1].whole;
  if (has_whole) table[0].push_back("whole table");
  for (const DegreeScore& s : scores) {
    if (!s.impossible.empty()) {
      table.push_back({std::to_string(s.degree), s.impossible});
      continue;
    }
    table.push_back(
        {std::to_string(s.degree), fmt::format("{:.4g} [{:.4g}, {:.4g}]", s.test.value, s.test.low, s.test.high),
         std::to_string(s.terms), fmt::format("{:.4g}", s.training_rmse), fmt::format("{:.4g}", s.press_rmse),
         fmt::format("{:.3f}", s.r2), fmt::format("{:.1f}", s.aic), fmt::format("{:.1f}", s.bic)});
    if (s.whole) table.back().push_back(fmt::format("{:.4g}", *s.whole));
  }
  text += text_table(table);
  if (best == 0) return text + "no degree can be fitted: give a ridge, or measure more\n";
  const DegreeScore& s = scores[static_cast<std::size_t>(best) - 1];
  text += fmt::format("degree {} predicts best", best);
  if (simplest < best) text += fmt::format("; degree {} is not worse by more than chance", simplest);
  return text + "\n" + s.formula + "\n";
}

}  // namespace bayestuner::analysis
