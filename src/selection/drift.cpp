#include "bayestuner/selection/drift.hpp"

#include <algorithm>
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::selection {

namespace {

using Kind = DriftEvent::Kind;

constexpr double least_expected = 5.0;  // in a bin of a window: below it the chi-squared approximation fails

// What a window would count in a bin of the training rows.
double expected_in(double reference, double rows, int window) {
  return reference * window / rows;
}

double psi_of(const std::vector<double>& reference, const std::vector<double>& now, double rows, double seen) {
  double sum = 0.0;
  const double half = 0.5 * static_cast<double>(reference.size());
  for (std::size_t b = 0; b < reference.size(); ++b) {
    const double p = (reference[b] + 0.5) / (rows + half), q = (now[b] + 0.5) / (seen + half);
    sum += (q - p) * std::log(q / p);
  }
  return sum;
}

double chi_squared(const std::vector<double>& reference, const std::vector<double>& now, double rows, double seen) {
  const double ratio = std::sqrt(rows / seen);
  double sum = 0.0;
  for (std::size_t b = 0; b < reference.size(); ++b) {
    const double d = ratio * now[b] - reference[b] / ratio, total = now[b] + reference[b];
    if (total > 0.0) sum += d * d / total;
  }
  return sum;
}

// The greatest theta with E exp(theta (e - tolerated)) <= 1 for the error e = (P - s)^2 - P (1 - P) of an honest P,
// whatever P: e is convex in s, so scores of 0 and 1 are the worst.
double lundberg_exponent(double tolerated) {
  const auto worst = [&](double theta) {
    double most = 0.0;
    for (int k = 0; k <= 200; ++k) {
      const double p = k / 200.0;
      most = std::max(
          most, p * std::exp(theta * (1.0 - p) * (1.0 - 2.0 * p)) + (1.0 - p) * std::exp(theta * p * (2.0 * p - 1.0)));
    }
    return most <= std::exp(theta * tolerated);
  };
  double low = 0.0, high = 100.0;
  for (int k = 0; k < 60; ++k) {
    const double middle = 0.5 * (low + high);
    (worst(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace

DriftMonitor::DriftMonitor(const ModelSelector& selector, const DriftOptions& options, Callback callback)
    : selector_(&selector), options_(options), callback_(std::move(callback)) {
  const auto require = [](bool valid, const char* name, const std::string& value, const char* allowed) {
    if (!valid) throw InvalidArgument(std::string(name) + ": " + value + " is not " + allowed);
  };
  require(options.window >= 20, "window", std::to_string(options.window), "at least 20");
  require(options.bins >= 2, "bins", std::to_string(options.bins), "at least 2");
  require(options.least_psi >= 0.0, "least_psi", to_text(options.least_psi), "at least 0");
  require(options.false_alarms > 0.0 && options.false_alarms <= 0.01, "false_alarms", to_text(options.false_alarms),
          "in (0, 0.01]");
  require(options.tolerated_residual > 0.0 && options.tolerated_residual < 1.0, "tolerated_residual",
          to_text(options.tolerated_residual), "in (0, 1)");
  if (!selector.is_fitted()) throw InvalidArgument("selector: nothing has been learnt yet; call fit first");

  std::set<std::size_t> read;  // columns that decide anything
  for (const auto& c : selector.coder().coded()) {
    read.insert(static_cast<std::size_t>(c.source));
    if (c.kind == FeatureCoder::Coded::Kind::product) read.insert(static_cast<std::size_t>(c.category));
  }
  const FeatureMatrix& x = selector.training_features();
  const auto n = static_cast<double>(x.rows());
  double new_values = 0.0;  // expected among the next n: two records a number, the levels seen once a category
  for (const std::size_t column : read) {
    if (!x.columns[column].category) {
      watch_number(column);
      new_values += 2.0;
      continue;
    }
    watch_category(column);
    new_values += 1.0;
    const auto values = x.values.col(static_cast<Eigen::Index>(column));
    for (std::size_t l = 0; l < x.columns[column].levels.size(); ++l) {
      new_values += (values.array() == static_cast<double>(l)).count() == 1;
    }
  }
  const double tests = static_cast<double>(watched_.size()) + 3.0;
  const double alpha = std::min(options.false_alarms * options.window / tests, 0.01);
  for (Watched& w : watched_) {
    const boost::math::chi_squared_distribution<double> null(static_cast<double>(w.reference.size()) - 1.0);
    w.critical = quantile(complement(null, alpha));
    report_.features.push_back({.name = x.columns[w.column].name});
  }
  out_of_range_ = share_test(new_values, n + 1.0 - new_values, alpha);
  // As many rows as the selector's own distances were measured on.
  const double measured = std::min(n, static_cast<double>(ModelSelector::most_support_rows)),
               beyond = measured * (1.0 - selector.options().support_quantile);
  distance_ = share_test(beyond + 1.0, measured - beyond, alpha);
  page_threshold_ = std::log(tests / options.false_alarms) / lundberg_exponent(options.tolerated_residual);
}

void DriftMonitor::watch_number(std::size_t column) {
  const FeatureMatrix& x = selector_->training_features();
  std::vector<double> known;
  for (const double v : x.values.col(static_cast<Eigen::Index>(column))) {
    if (!std::isnan(v)) known.push_back(v);
  }
  std::sort(known.begin(), known.end());
  const auto n = static_cast<double>(known.size());
  Watched w{.column = column, .edges = {}, .bin_of_level = {}, .reference = {}, .now = {}};
  // Bins of at least a share of the rows each; equal values stay together.
  const double share = std::max(n / options_.bins, least_expected * n / options_.window);
  std::size_t begin = 0;
  for (std::size_t k = 1; k < known.size(); ++k) {
    if (known[k] == known[k - 1] || static_cast<double>(k - begin) < share - 1e-9) continue;
    if (static_cast<double>(known.size() - k) < share - 1e-9) break;
    w.edges.push_back(known[k]);
    w.reference.push_back(static_cast<double>(k - begin));
    begin = k;
  }
  w.reference.push_back(static_cast<double>(known.size() - begin));
  w.now.assign(w.reference.size(), 0.0);
  w.sum = n;
  if (w.reference.size() > 1) watched_.push_back(std::move(w));
}

void DriftMonitor::watch_category(std::size_t column) {
  const FeatureMatrix& x = selector_->training_features();
  const std::size_t levels = x.columns[column].levels.size();
  std::vector<double> count(levels + 1, 0.0);  // the last: seen in no row
  for (const double v : x.values.col(static_cast<Eigen::Index>(column))) {
    ++count[v >= 0.0 ? static_cast<std::size_t>(v) : levels];
  }
  // Levels too rare for a bin share the one of the rarest that is not.
  Watched w{
      .column = column, .edges = {}, .bin_of_level = std::vector<int>(levels + 1, -1), .reference = {}, .now = {}};
  const auto n = static_cast<double>(x.rows());
  int rarest = -1;
  for (std::size_t l = 0; l <= levels; ++l) {
    if (expected_in(count[l], n, options_.window) < least_expected) continue;
    w.bin_of_level[l] = static_cast<int>(w.reference.size());
    w.reference.push_back(count[l]);
    if (rarest < 0 || count[l] < w.reference[static_cast<std::size_t>(rarest)]) rarest = w.bin_of_level[l];
  }
  if (w.reference.size() < 2) return;
  for (std::size_t l = 0; l <= levels; ++l) {
    if (w.bin_of_level[l] >= 0) continue;
    w.bin_of_level[l] = rarest;
    w.reference[static_cast<std::size_t>(rarest)] += count[l];
  }
  w.now.assign(w.reference.size(), 0.0);
  w.sum = n;
  watched_.push_back(std::move(w));
}

DriftMonitor::Share DriftMonitor::share_test(double successes, double failures, double alpha) const {
  Share out{.expected = successes / (successes + failures)};
  out.threshold = options_.window + 1;  // never
  if (failures < 1.0) return out;
  // What the share may be at most, seen from so few rows; then what a window may count at most.
  constexpr double doubt = 1e-4;
  const double most = quantile(complement(boost::math::beta_distribution<double>(successes, failures), doubt));
  const boost::math::binomial_distribution<double> count(options_.window, most);
  int threshold = static_cast<int>(std::ceil(options_.window * most));
  while (threshold <= options_.window && cdf(complement(count, threshold - 1)) > alpha) ++threshold;
  out.threshold = threshold;
  return out;
}

void DriftMonitor::raise(DriftEvent event) {
  const bool known = std::any_of(events_.begin(), events_.end(), [&](const DriftEvent& e) {
    return e.kind == event.kind && e.feature == event.feature;
  });
  if (known) return;
  event.input = inputs_;
  events_.push_back(event);
  if (callback_) callback_(event);
}

void DriftMonitor::observe(std::span<const double> x, const Decision& decision) {
  selector_->coder().require_size(x.size());
  ++inputs_;
  for (Watched& w : watched_) {
    const double v = x[w.column];
    if (w.bin_of_level.empty()) {
      if (std::isnan(v)) continue;
      ++w.now[static_cast<std::size_t>(std::upper_bound(w.edges.begin(), w.edges.end(), v) - w.edges.begin())];
    } else {
      const std::size_t unseen = w.bin_of_level.size() - 1;
      const std::size_t level = v >= 0.0 && v < static_cast<double>(unseen) ? static_cast<std::size_t>(v) : unseen;
      ++w.now[static_cast<std::size_t>(w.bin_of_level[level])];
    }
  }
  out_of_range_.now += decision.coding.out_of_range > 0 || decision.coding.unseen > 0;
  distance_.now += !decision.supported;
  if (++in_window_ == options_.window) end_window();
}

void DriftMonitor::end_window() {
  const double window = options_.window;
  for (std::size_t k = 0; k < watched_.size(); ++k) {
    Watched& w = watched_[k];
    double seen = 0.0;
    for (const double count : w.now) seen += count;
    if (seen >= 0.5 * window) {
      const double psi = psi_of(w.reference, w.now, w.sum, seen);
      report_.features[k].psi = psi;
      if (psi >= options_.least_psi && chi_squared(w.reference, w.now, w.sum, seen) >= w.critical) {
        raise({.kind = Kind::feature,
               .feature = report_.features[k].name,
               .value = psi,
               .expected = (static_cast<double>(w.reference.size()) - 1.0) * (1.0 / seen + 1.0 / w.sum),
               .threshold = options_.least_psi});
      }
    }
    std::fill(w.now.begin(), w.now.end(), 0.0);
  }
  const auto share = [&](Share& s, Kind kind) {
    const double value = s.now / window;
    if (s.now >= s.threshold) {
      raise({.kind = kind, .value = value, .expected = s.expected, .threshold = s.threshold / window});
    }
    s.now = 0;
    return value;
  };
  report_.out_of_range = share(out_of_range_, Kind::out_of_range);
  report_.unsupported = share(distance_, Kind::distance);
  in_window_ = 0;
}

void DriftMonitor::observe_score(double probability, double score) {
  if (selector_->training_scores().kind != ScoreKind::success) {
    throw InvalidArgument("observe_score: the selector's scores are no successes");
  }
  const auto require = [](const char* name, double v) {
    if (!(v >= 0.0 && v <= 1.0)) throw InvalidArgument(std::string(name) + ": " + to_text(v) + " is not in [0, 1]");
  };
  require("probability", probability);
  require("score", score);
  const double miss = probability - score;
  double& sum = report_.page_hinkley;
  sum = std::max(0.0, sum + miss * miss - probability * (1.0 - probability) - options_.tolerated_residual);
  if (sum >= page_threshold_) {
    raise({.kind = Kind::calibration, .value = sum, .expected = 0.0, .threshold = page_threshold_});
  }
}

void DriftMonitor::select(std::span<const double> x, Decision& d, std::span<const char> available) {
  selector_->select(x, d, available);
  observe(x, d);
  if (options_.on_drift != OnDrift::fallback || !drifted() || d.status == Status::declined) return;
  selector_->fall_back(d, available);
}

void DriftMonitor::reset() {
  for (Watched& w : watched_) std::fill(w.now.begin(), w.now.end(), 0.0);
  for (auto& f : report_.features) f.psi = 0.0;
  report_.out_of_range = report_.unsupported = report_.page_hinkley = 0.0;
  out_of_range_.now = distance_.now = in_window_ = 0;
  inputs_ = 0;
  events_.clear();
}

std::string DriftEvent::to_text() const {
  const auto brief = [](double v) { return bayestuner::to_text(std::round(1e4 * v) / 1e4); };
  const std::string numbers = brief(value) + " (expected about " + brief(expected) + ", drift from " +
                              brief(threshold) + " on) at input " + std::to_string(input);
  switch (kind) {
    case Kind::feature:
      return "feature '" + feature + "' moved: population stability index " + numbers;
    case Kind::out_of_range:
      return "inputs leave the range learnt: share " + numbers;
    case Kind::distance:
      return "inputs lie far from the training rows: share " + numbers;
    case Kind::calibration:
      return "the chosen models answer worse than foretold: Page-Hinkley sum " + numbers;
  }
  return {};
}

}  // namespace bayestuner::selection
