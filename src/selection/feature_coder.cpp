#include "bayestuner/selection/feature_coder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::selection {

namespace {

using Kind = FeatureCoder::Coded::Kind;

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

[[noreturn]] void refuse_number(const std::string& column, const std::string& row, double value) {
  throw InvalidArgument(
      "feature '" + column + "'" + row + ": " +
      (std::isnan(value) ? "NaN is missing; missing=impute would take the median" : to_text(value) + " is not finite"));
}

// Levels of a category that some rows have and others have not, in their order; the most frequent `most` of them.
std::vector<std::size_t> levels_told_apart(const Eigen::Ref<const Eigen::VectorXd>& values, const FeatureColumn& column,
                                           int most, std::vector<std::string>& warnings) {
  std::vector<Eigen::Index> count(column.levels.size(), 0);
  for (const double value : values) {
    if (value >= 0.0) ++count[static_cast<std::size_t>(value)];
  }
  std::vector<std::size_t> kept;
  for (std::size_t l = 0; l < count.size(); ++l) {
    if (count[l] > 0 && count[l] < values.size()) kept.push_back(l);
  }
  const auto limit = static_cast<std::size_t>(std::max(most, 0));
  if (kept.size() <= limit) return kept;
  warnings.push_back("feature '" + column.name + "' has " + std::to_string(kept.size()) + " levels: the " +
                     std::to_string(limit) + " most frequent are told apart");
  std::stable_sort(kept.begin(), kept.end(), [&](std::size_t a, std::size_t b) { return count[a] > count[b]; });
  kept.resize(limit);
  std::sort(kept.begin(), kept.end());
  return kept;
}

}  // namespace

FeatureCoder::FeatureCoder(const FeatureMatrix& x, const CoderOptions& options)
    : options_(options), columns_(x.columns) {
  x.require_valid();
  if (x.rows() == 0) throw InvalidArgument("features: no rows to learn from");
  const bool impute = options.missing == MissingFeatures::impute;
  std::vector<Coded> numbers, levels;
  for (Eigen::Index j = 0; j < x.values.cols(); ++j) {
    const FeatureColumn& column = columns_[static_cast<std::size_t>(j)];
    const auto source = static_cast<int>(j);
    if (column.category) {
      const std::size_t before = levels.size();
      for (const std::size_t l : levels_told_apart(x.values.col(j), column, options.most_levels, warnings_)) {
        levels.push_back({.kind = Kind::level,
                          .source = source,
                          .level = static_cast<int>(l),
                          .name = column.name + "=" + column.levels[l]});
      }
      if (levels.size() == before) warnings_.push_back("feature '" + column.name + "' is constant: left out");
      continue;
    }
    std::vector<double> known;
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      const double v = x.values(i, j);
      if (std::isinf(v) || (std::isnan(v) && !impute)) refuse_number(column.name, ", row " + std::to_string(i), v);
      if (!std::isnan(v)) known.push_back(v);
    }
    const auto share = static_cast<double>(known.size()) / static_cast<double>(x.rows());
    if (known.empty() || share < options.least_known) {
      warnings_.push_back("feature '" + column.name + "' is known in " + to_text(std::round(1000.0 * share) / 10.0) +
                          " % of the rows: left out");
      continue;
    }
    Coded c{.source = source, .name = column.name};
    const double most = std::abs(
        *std::max_element(known.begin(), known.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }));
    c.logarithm = most > options.log_beyond;
    c.median = median_of(known);
    c.low = std::numeric_limits<double>::infinity();
    c.high = -c.low;
    for (const double v : known) {
      c.low = std::min(c.low, number(c, v));
      c.high = std::max(c.high, number(c, v));
    }
    if (!(c.high > c.low)) {
      warnings_.push_back("feature '" + column.name + "' is constant: left out");
    } else {
      numbers.push_back(c);
    }
    if (impute && share < 1.0) {
      numbers.push_back({.kind = Kind::missing, .source = source, .name = column.name + " missing"});
    }
  }
  const auto plain =
      std::count_if(numbers.begin(), numbers.end(), [](const Coded& c) { return c.kind == Kind::number; });
  coded_ = numbers;
  if (plain * static_cast<std::ptrdiff_t>(levels.size()) <= options.most_products) {
    for (const Coded& n : numbers) {
      if (n.kind != Kind::number) continue;
      for (const Coded& l : levels) {
        Coded c = n;
        c.kind = Kind::product;
        c.category = l.source;
        c.level = l.level;
        c.name = n.name + " where " + l.name;
        c.low = std::numeric_limits<double>::infinity();
        c.high = -c.low;
        for (Eigen::Index i = 0; i < x.rows(); ++i) {
          const bool here = x.values(i, l.source) == static_cast<double>(l.level);
          const double raw = x.values(i, n.source);
          const double v = here ? number(n, std::isnan(raw) ? n.median : raw) : 0.0;
          c.low = std::min(c.low, v);
          c.high = std::max(c.high, v);
        }
        if (c.high > c.low) coded_.push_back(std::move(c));
      }
    }
  }
  coded_.insert(coded_.end(), levels.begin(), levels.end());
  if (coded_.empty())
    throw InvalidArgument("features: every column is constant over the " + to_text(x.rows()) + " rows");
  used_.assign(columns_.size(), 0);
  for (const Coded& c : coded_) used_[static_cast<std::size_t>(c.source)] = 1;
}

double FeatureCoder::number(const Coded& c, double value) const {
  return c.logarithm ? std::copysign(std::log1p(std::abs(value)), value) : value;
}

void FeatureCoder::require_columns(const std::vector<std::string>& names) const {
  if (names.size() != columns_.size()) {
    throw InvalidArgument("features: " + std::to_string(names.size()) + " columns given, the selector learnt " +
                          std::to_string(columns_.size()));
  }
  for (std::size_t j = 0; j < names.size(); ++j) {
    if (names[j] == columns_[j].name) continue;
    throw InvalidArgument("features: column " + std::to_string(j) + " is '" + names[j] + "', the selector learnt '" +
                          columns_[j].name + "' there");
  }
}

void FeatureCoder::require_size(std::size_t given) const {
  if (given == columns_.size()) return;
  throw InvalidArgument("features: " + std::to_string(given) + " numbers given, the selector learnt " +
                        std::to_string(columns_.size()));
}

FeatureMatrix FeatureCoder::aligned(const FeatureMatrix& x) const {
  require_columns(x.names());
  FeatureMatrix out = x;
  for (std::size_t j = 0; j < columns_.size(); ++j) {
    const auto& learnt = columns_[j].levels;
    if (x.columns[j].category != columns_[j].category) {
      throw InvalidArgument("feature '" + columns_[j].name + "': is " + (x.columns[j].category ? "" : "not ") +
                            "a category here, the selector learnt the opposite");
    }
    if (x.columns[j].levels == learnt) continue;
    std::vector<double> place;
    for (const std::string& level : x.columns[j].levels) {
      const auto it = std::find(learnt.begin(), learnt.end(), level);
      place.push_back(it == learnt.end() ? -1.0 : static_cast<double>(it - learnt.begin()));
    }
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      double& value = out.values(i, static_cast<Eigen::Index>(j));
      value = value >= 0.0 && value < static_cast<double>(place.size()) ? place[static_cast<std::size_t>(value)] : -1.0;
    }
    out.columns[j].levels = learnt;
  }
  return out;
}

CodingReport FeatureCoder::operator()(std::span<const double> row, std::span<double> out) const {
  require_size(row.size());
  CodingReport report;
  const bool impute = options_.missing == MissingFeatures::impute;
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (used_[j] == 0) continue;
    if (columns_[j].category) {
      report.unseen += !(row[j] >= 0.0 && row[j] < static_cast<double>(columns_[j].levels.size()));
    } else if (std::isinf(row[j]) || (std::isnan(row[j]) && !impute)) {
      refuse_number(columns_[j].name, "", row[j]);
    } else {
      report.imputed += std::isnan(row[j]);
    }
  }
  for (std::size_t k = 0; k < coded_.size(); ++k) {
    const Coded& c = coded_[k];
    const double raw = row[static_cast<std::size_t>(c.source)];
    if (c.kind == Kind::level) {
      out[k] = raw == static_cast<double>(c.level) ? 1.0 : 0.0;
      continue;
    }
    if (c.kind == Kind::missing) {
      out[k] = std::isnan(raw) ? 1.0 : 0.0;
      continue;
    }
    double v = number(c, std::isnan(raw) ? c.median : raw);
    if (c.kind == Kind::product && row[static_cast<std::size_t>(c.category)] != static_cast<double>(c.level)) v = 0.0;
    v = (v - c.low) / (c.high - c.low);
    report.out_of_range += c.kind == Kind::number && (v < 0.0 || v > 1.0);
    out[k] = std::clamp(v, -0.5, 1.5);
  }
  return report;
}

Eigen::MatrixXd FeatureCoder::operator()(const FeatureMatrix& x) const {
  const FeatureMatrix given = aligned(x);
  Eigen::MatrixXd out(x.rows(), width());
  std::vector<double> row(columns_.size()), coded(coded_.size());
  for (Eigen::Index i = 0; i < x.rows(); ++i) {
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = given.values(i, static_cast<Eigen::Index>(j));
    try {
      (*this)(row, coded);
    } catch (const InvalidArgument& e) {
      throw InvalidArgument("row " + std::to_string(i) + ": " + e.what());
    }
    out.row(i) = Eigen::RowVectorXd::Map(coded.data(), width());
  }
  return out;
}

void FeatureCoder::keep(const std::vector<Eigen::Index>& coded) {
  std::vector<Coded> kept;
  for (const Eigen::Index k : coded) kept.push_back(coded_[static_cast<std::size_t>(k)]);
  *this = restore(std::move(columns_), std::move(kept), options_, std::move(warnings_));
}

FeatureCoder FeatureCoder::restore(std::vector<FeatureColumn> columns, std::vector<Coded> coded, CoderOptions options,
                                   std::vector<std::string> warnings) {
  FeatureCoder out;
  out.options_ = options;
  out.columns_ = std::move(columns);
  out.coded_ = std::move(coded);
  out.warnings_ = std::move(warnings);
  out.used_.assign(out.columns_.size(), 0);
  for (const Coded& c : out.coded_) {
    out.used_[static_cast<std::size_t>(c.source)] = 1;
    if (c.kind == Coded::Kind::product) out.used_[static_cast<std::size_t>(c.category)] = 1;
  }
  return out;
}

}  // namespace bayestuner::selection
