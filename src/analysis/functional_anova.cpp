#include "bayestuner/analysis/functional_anova.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "analysis/bootstrap.hpp"
#include "analysis/json.hpp"
#include "analysis/text_table.hpp"
#include "analysis/variance_split.hpp"

namespace bayestuner::analysis {

namespace {

constexpr std::size_t most_places = 64;

void require_valid(const AnovaOptions& o) {
  require_confidence("functional_anova", o.confidence);
  require_resamples("functional_anova", o.resamples);
  if (o.max_cells < 1) throw InvalidArgument("functional_anova: max_cells: 0 is below 1");
  if (o.draws < 16) throw InvalidArgument("functional_anova: draws: " + to_text(o.draws) + " is below 16");
}

// The sample in the order of Grid::rows(). Throws unless it holds every cell.
Eigen::VectorXd full_table(const Sample& sample, const Grid& grid) {
  const std::size_t cells = grid.cells(sample.size());
  Eigen::VectorXd y(sample.y.size());
  std::vector<bool> seen(sample.size(), false);
  const Eigen::MatrixXd x = sample.x();
  bool full = cells == sample.size();
  for (Eigen::Index i = 0; full && i < x.rows(); ++i) {
    std::size_t cell = 0;
    for (std::size_t j = 0; j < grid.columns(); ++j) {
      const auto& axis = grid.places[j];
      const auto nearest = std::min_element(axis.begin(), axis.end(), [&](double a, double b) {
        return std::abs(a - x(i, static_cast<Eigen::Index>(j))) < std::abs(b - x(i, static_cast<Eigen::Index>(j)));
      });
      cell = cell * axis.size() + static_cast<std::size_t>(nearest - axis.begin());
    }
    full = !seen[cell];
    seen[cell] = true;
    y[static_cast<Eigen::Index>(cell)] = sample.y[i];
  }
  if (!full) {
    throw InvalidArgument("functional_anova: surrogate: without one every combination of values must be measured; " +
                          to_text(sample.size()) + " are" +
                          (cells > sample.size() ? ", of more than that" : ", of " + to_text(cells)));
  }
  return y;
}

// Without resamples there is no interval to show.
std::string share_text(const Interval& i) {
  return i.low == i.high ? fmt::format("{:.3f}", i.value) : interval_text(i);
}

}  // namespace

FunctionalAnova functional_anova(const Sample& sample, const AnovaOptions& options) {
  require_valid(options);
  require_learnable("functional_anova", sample, 3);
  const Grid grid = make_grid(sample.space, options.surrogate.empty() ? sample.size() + 1 : most_places);
  const auto d = static_cast<Eigen::Index>(grid.columns());
  FunctionalAnova out{
      .metric = sample.metric, .rows = sample.size(), .surrogate = options.surrogate, .confidence = options.confidence};
  VarianceSplit split;
  std::vector<VarianceSplit> replicates;
  if (options.surrogate.empty()) {
    split = split_table(grid, full_table(sample, grid));
    out.evaluations = sample.size();
  } else {
    const bool enumerated = grid.cells(options.max_cells) <= options.max_cells;
    const Eigen::MatrixXd cells = enumerated ? grid.rows() : Eigen::MatrixXd();
    const auto split_of = [&](const surrogate::AnySurrogate& model) {
      if (enumerated) return split_table(grid, model.predict(cells).mean);
      return split_sampled(grid, options.draws, options.seed,
                           [&](const Eigen::MatrixXd& x) { return Eigen::VectorXd(model.predict(x).mean); });
    };
    split = split_of(model_of(options.surrogate, sample, sample.x(), sample.y));
    resampled_models(options.surrogate, sample, options.resamples, options.seed,
                     [&](const surrogate::AnySurrogate& model) { replicates.push_back(split_of(model)); });
    out.evaluations =
        enumerated ? static_cast<std::size_t>(cells.rows()) : sampled_evaluations(grid.columns(), options.draws);
    const auto possible = sample.space.count();
    if (!possible || *possible < grid.cells(static_cast<std::size_t>(*possible) + 1)) {
      out.note = "combinations that the space rules out are counted as well: the model goes on where nothing exists";
    }
  }
  out.mean = split.mean;
  out.variance = split.variance;
  out.higher = split.higher;
  const auto interval = [&](double value, const std::function<double(const VarianceSplit&)>& part) {
    std::vector<double> parts;
    for (const VarianceSplit& one : replicates) parts.push_back(part(one));
    return percentile_interval(value, std::move(parts), options.confidence);
  };
  for (Eigen::Index i = 0; i < d; ++i) {
    out.parameters.push_back({.parameter = grid.parameters[static_cast<std::size_t>(i)].name(),
                              .first = interval(split.first[i], [&](const auto& s) { return s.first[i]; }),
                              .total = interval(split.total[i], [&](const auto& s) { return s.total[i]; })});
    for (Eigen::Index j = i + 1; j < d; ++j) {
      out.pairs.push_back({.first = grid.parameters[static_cast<std::size_t>(i)].name(),
                           .second = grid.parameters[static_cast<std::size_t>(j)].name(),
                           .share = interval(split.pairs(i, j), [&](const auto& s) { return s.pairs(i, j); })});
    }
  }
  std::stable_sort(out.parameters.begin(), out.parameters.end(),
                   [](const auto& a, const auto& b) { return a.total.value > b.total.value; });
  std::stable_sort(out.pairs.begin(), out.pairs.end(),
                   [](const auto& a, const auto& b) { return a.share.value > b.share.value; });
  if (split.total.size() == 0 || split.total.sum() == 0.0) {
    out.note = out.metric + " is the same everywhere: nothing depends on anything";
  }
  return out;
}

std::string FunctionalAnova::to_json() const {
  using Json = nlohmann::ordered_json;
  Json json{
      {"metric", metric},           {"rows", rows}, {"surrogate", surrogate.empty() ? Json(nullptr) : Json(surrogate)},
      {"evaluations", evaluations}, {"mean", mean}, {"variance", variance},
      {"confidence", confidence}};
  json["parameters"] = Json::array();
  for (const ParameterShare& p : parameters) {
    json["parameters"].push_back(
        {{"parameter", p.parameter}, {"first", json_of(p.first)}, {"total", json_of(p.total)}});
  }
  json["pairs"] = Json::array();
  for (const PairShare& p : pairs) {
    json["pairs"].push_back({{"parameters", {p.first, p.second}}, {"share", json_of(p.share)}});
  }
  json["higher"] = higher;
  json["note"] = note;
  return json.dump();
}

std::string FunctionalAnova::to_text() const {
  const std::string by =
      surrogate.empty() ? "every combination measured" : fmt::format("{} fitted to {} configurations", surrogate, rows);
  std::string text = fmt::format("{}: mean {:.4g}, standard deviation {:.4g} over {} combinations ({})\n", metric, mean,
                                 std::sqrt(variance), evaluations, by);
  std::vector<std::vector<std::string>> table{{"parameter", "alone", "with interactions"}};
  for (const ParameterShare& p : parameters) {
    table.push_back({p.parameter, share_text(p.first), share_text(p.total)});
  }
  text += text_table(table);
  if (!pairs.empty()) {
    table = {{"pair", "beyond each alone"}};
    for (const PairShare& p : pairs) table.push_back({p.first + ", " + p.second, share_text(p.share)});
    table.push_back({"three and more", fmt::format("{:.3f}", higher)});
    text += text_table(table);
  }
  return note.empty() ? text : text + "note: " + note + "\n";
}

}  // namespace bayestuner::analysis
