#include "bayestuner/analysis/interactions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/json.hpp"
#include "analysis/splits.hpp"
#include "analysis/student.hpp"
#include "analysis/text_table.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

namespace {

using surrogate::PolynomialRegression;

std::string factor_name(const surrogate::detail::Factor& factor, const std::vector<space::Parameter>& parameters) {
  const auto& p = parameters[static_cast<std::size_t>(factor.column)];
  if (!factor.label) return p.name();
  return "[" + p.name() + " = " + value_text(p, space::AxisKind::categorical, *factor.label) + "]";
}

std::string term_text(const PolynomialRegression& model, const std::vector<int>& exponents,
                      const std::vector<space::Parameter>& parameters) {
  std::vector<std::string> parts;
  for (std::size_t f = 0; f < exponents.size(); ++f) {
    if (exponents[f] == 0) continue;
    const std::string power = exponents[f] > 1 ? "^" + std::to_string(exponents[f]) : "";
    parts.push_back(factor_name(model.factors()[f], parameters) + power);
  }
  return join(parts, " ");
}

// How a numeric parameter's axis is spaced, where that is not evenly.
const char* spacing(const space::Parameter& p) {
  const auto is_middle = [&](double number) { return std::abs(p.coordinate_of(number) - 0.5) < 1e-9; };
  if (p.kind() == space::ParameterKind::categorical || p.level_count() == 2) return "";
  if (p.low() > 0.0 && is_middle(std::sqrt(p.low() * p.high()))) return ", log scale";
  return is_middle(0.5 * (p.low() + p.high())) ? "" : ", by rank";
}

}  // namespace

std::string unit_of(const std::string& metric) {
  static constexpr std::pair<const char*, const char*> known[] = {{"_w", "W"},   {"_j", "J"},   {"_s", "s"},
                                                                  {"_ms", "ms"}, {"_hz", "Hz"}, {"_bytes", "B"}};
  for (const auto& [end, unit] : known) {
    if (metric.ends_with(end)) return unit;
  }
  return "";
}

std::string readable_formula(const PolynomialRegression& model, const Sample& sample, const std::string& unit,
                             int digits) {
  const auto parameters = axis_parameters(sample.space);
  const std::string known = unit.empty() ? unit_of(sample.metric) : unit;
  std::string text = sample.metric + (known.empty() ? "" : " [" + known + "]") + " =";
  std::vector<bool> used(model.factors().size(), false);
  bool first = true;
  for (const auto& term : model.terms()) {
    text += fmt::format("{}{:.{}g}",
                        term.coefficient < 0.0 ? " - "
                        : first                ? " "
                                               : " + ",
                        std::abs(term.coefficient), digits);
    const std::string product = term_text(model, term.exponents, parameters);
    if (!product.empty()) text += " " + product;
    for (std::size_t f = 0; f < used.size(); ++f) used[f] = used[f] || term.exponents[f] > 0;
    first = false;
  }
  if (first) text += " 0";
  for (std::size_t f = 0; f < used.size(); ++f) {
    const auto& factor = model.factors()[f];
    if (!used[f] || factor.label) continue;
    const auto& p = parameters[static_cast<std::size_t>(factor.column)];
    text += fmt::format("\n  {}: -1 at {}, 1 at {}{}", p.name(),
                        value_text(p, space::AxisKind::numeric, factor.centre - factor.half),
                        value_text(p, space::AxisKind::numeric, factor.centre + factor.half), spacing(p));
  }
  return text;
}

Interactions interactions(const Sample& sample, const InteractionOptions& options) {
  require_confidence("interactions", options.confidence);
  if (sample.size() < 3) {
    throw InvalidArgument("interactions: " + to_text(sample.size()) + " configurations with " + sample.metric +
                          " are too few; at least 3 are needed");
  }
  PolynomialRegression model({.axes = sample.space.axes(),
                              .degree = options.degree,
                              .max_degree = options.max_degree,
                              .ridge = options.ridge,
                              .eliminate = options.eliminate,
                              .seed = options.seed});
  model.fit(sample.x(), sample.y);
  const auto parameters = axis_parameters(sample.space);
  Interactions out{.metric = sample.metric,
                   .rows = sample.size(),
                   .degree = model.degree(),
                   .r2 = model.r2(),
                   .training_rmse = model.training_rmse(),
                   .press_rmse = model.press_rmse(),
                   .deviation = deviation_of(sample.y),
                   .confidence = options.confidence,
                   .formula = readable_formula(model, sample, options.unit)};
  const auto& cv = model.cross_validated_rmse();
  out.cross_validated_rmse.assign(cv.begin(), cv.end());
  const double t = student_quantile(std::max(1.0, model.degrees_of_freedom()), options.confidence);
  for (const auto& term : model.terms()) {
    Interaction one{.term = term_text(model, term.exponents, parameters),
                    .degree = surrogate::detail::total_degree(term.exponents),
                    .coefficient = {.value = term.coefficient,
                                    .low = term.coefficient - t * term.standard_error,
                                    .high = term.coefficient + t * term.standard_error},
                    .standard_error = term.standard_error,
                    .p_value = term.p_value};
    for (std::size_t f = 0; f < term.exponents.size(); ++f) {
      const std::string& name = parameters[static_cast<std::size_t>(model.factors()[f].column)].name();
      if (term.exponents[f] > 0 && (one.parameters.empty() || one.parameters.back() != name)) {
        one.parameters.push_back(name);
      }
    }
    out.terms.push_back(std::move(one));
  }
  std::stable_sort(out.terms.begin(), out.terms.end(), [](const Interaction& a, const Interaction& b) {
    if (a.degree == 0 || b.degree == 0) return a.degree < b.degree;
    return std::abs(a.coefficient.value) > std::abs(b.coefficient.value);
  });
  if (!std::isfinite(out.r2)) {
    out.note = "every configuration has the same " + sample.metric + ": nothing depends on anything";
  } else if (model.degree() == 0) {
    out.note = "no polynomial predicts better than the mean: too few configurations, or no dependence";
  } else if (model.degrees_of_freedom() < 1.0) {
    out.note = "as many terms as configurations: the errors of the coefficients are not known";
  }
  return out;
}

std::string Interactions::to_json() const {
  using Json = nlohmann::ordered_json;
  Json json{{"metric", metric},
            {"rows", rows},
            {"degree", degree},
            {"r2", number_or_null(r2)},
            {"training_rmse", training_rmse},
            {"press_rmse", press_rmse},
            {"deviation", deviation},
            {"confidence", confidence}};
  json["cross_validated_rmse"] = Json::array();
  for (const double value : cross_validated_rmse) json["cross_validated_rmse"].push_back(number_or_null(value));
  json["terms"] = Json::array();
  for (const Interaction& t : terms) {
    json["terms"].push_back({{"term", t.term},
                             {"parameters", t.parameters},
                             {"degree", t.degree},
                             {"coefficient", json_of(t.coefficient)},
                             {"standard_error", t.standard_error},
                             {"p_value", t.p_value}});
  }
  json["formula"] = formula;
  json["note"] = note;
  return json.dump();
}

std::string Interactions::to_text() const {
  std::string text = fmt::format(
      "{} over {} configurations: polynomial of degree {}, R2 {:.3f}, RMSE {:.4g} (each predicted from the "
      "others: {:.4g}; standard deviation {:.4g})\n{}\n",
      metric, rows, degree, r2, training_rmse, press_rmse, deviation, formula);
  std::vector<std::vector<std::string>> table{
      {"term", "coefficient", fmt::format("{:g} % interval", 100.0 * confidence), "standard error", "p"}};
  for (const Interaction& t : terms) {
    table.push_back({t.term.empty() ? "(constant)" : t.term, fmt::format("{:.4g}", t.coefficient.value),
                     fmt::format("[{:.4g}, {:.4g}]", t.coefficient.low, t.coefficient.high),
                     fmt::format("{:.2g}", t.standard_error), fmt::format("{:.2g}", t.p_value)});
  }
  text += text_table(table);
  return note.empty() ? text : text + "note: " + note + "\n";
}

}  // namespace bayestuner::analysis
