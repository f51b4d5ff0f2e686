#include "bayestuner/runner/measure.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/meter/latency_histogram.hpp"
#include "bayestuner/meter/statistics.hpp"
#include "bayestuner/runner/noise_guard.hpp"
#include "bayestuner/study/trial.hpp"

namespace bayestuner::runner {
namespace {

using study::FailureReason;
using study::TrialFailed;

constexpr std::size_t least_batches = 10;  // below it neither a slope nor an interval means much

std::string rounded(double value) {
  return to_text(std::round(value * 1e4) / 1e4);
}

double items_per_s(const Slice& slice) {
  const double seconds = slice.end_s - slice.begin_s;
  return seconds > 0.0 ? slice.items / seconds : 0.0;
}

/// The workload and the time a trial has left.
struct Driver {
  AnyWorkload& workload;
  const Stop& stop;
  double until_s;

  Slice run(double until) {
    throw_if_stopped(stop);
    if (monotonic_s() >= until_s) {
      throw TrialFailed(FailureReason::timed_out, "the trial's time is over while it is measured");
    }
    return workload.run(std::min(until, until_s));
  }
};

void warm_up(Driver& driver, const MeasureOptions& options) {
  if (options.warm_up_s <= 0.0) return;
  const double slice_s = std::clamp(options.warm_up_s / least_batches, 0.02, 0.5);
  const double begin_s = monotonic_s();
  std::vector<double> rates;
  for (;;) {
    const double now = monotonic_s();
    const double elapsed = now - begin_s;
    if (elapsed >= options.warm_up_s) {
      const bool idle = std::none_of(rates.begin(), rates.end(), [](double r) { return r > 0.0; });
      // The first half of what was seen is allowed to be a transient.
      const std::size_t look = std::max(least_batches, rates.size() / 2);
      const bool steady =
          idle || (rates.size() >= look &&
                   meter::is_steady(std::span(rates).last(look), std::max(options.drift, options.precision / 2.0)));
      if (steady) return;
      if (elapsed >= options.warm_up_s + options.settle_s) {
        if (options.require_steady && rates.size() >= least_batches) {
          throw TrialFailed(FailureReason::not_steady, "the rate still shows a trend after " + rounded(elapsed) +
                                                           " s of warm-up: from " + rounded(rates.front()) + " to " +
                                                           rounded(rates.back()) + " items/s");
        }
        return;
      }
    }
    const Slice slice = driver.run(now + slice_s);
    rates.push_back(items_per_s(slice));
    if (slice.ended) {
      throw TrialFailed(FailureReason::invalid, "the load ended after " + rounded(monotonic_s() - begin_s) +
                                                    " s, within the warm-up of " + rounded(options.warm_up_s) +
                                                    " s; set warm_up_s = 0 or let it run longer");
    }
  }
}

/// Series of a metric that the workload reported, in order.
std::map<std::string, std::vector<double>> reported_series(const std::vector<Slice>& slices) {
  std::map<std::string, std::vector<double>> series;
  for (const Slice& slice : slices) {
    for (const auto& reading : slice.readings) {
      for (const auto& [name, value] : reading) series[name].push_back(value);
    }
  }
  return series;
}

std::vector<double> all_latencies(const std::vector<Slice>& slices) {
  std::vector<double> all;
  for (const Slice& slice : slices) all.insert(all.end(), slice.latencies_s.begin(), slice.latencies_s.end());
  return all;
}

/// Relative 95 % half width of the worst of the watched metrics; nullopt if there is nothing to watch yet.
std::optional<double> worst_half_width(const std::vector<Slice>& slices, const MeasureOptions& options) {
  std::optional<double> worst;
  const auto look = [&](const std::vector<double>& parts) {
    const auto estimate = meter::mean_error(parts);
    const double width = meter::half_width(estimate);
    const double relative = estimate.mean != 0.0 ? width / std::abs(estimate.mean) : width == 0.0 ? 0.0 : HUGE_VAL;
    worst = std::max(worst.value_or(0.0), relative);
  };
  if (options.watch_throughput) {
    if (const Rate rate = completion_rate(slices); !rate.parts.empty()) look(rate.parts);
  }
  if (options.watch_latency || !options.watch_throughput) {
    if (const auto all = all_latencies(slices); !all.empty()) look(meter::batch_means(all, least_batches));
  }
  for (const auto& [name, values] : reported_series(slices)) {
    look(meter::batch_means(values, least_batches));
  }
  return worst;
}

void add_latency_metrics(const std::vector<Slice>& slices, meter::Metrics& metrics,
                         std::map<std::string, std::string>& notes) {
  const std::vector<double> all = all_latencies(slices);
  if (all.empty()) return;
  meter::LatencyHistogram histogram;
  for (const double latency : all) histogram.record(latency);
  const auto n = static_cast<std::int64_t>(all.size());
  const auto means = meter::batch_means(all, least_batches);
  metrics["latency_mean_s"] = {.value = histogram.mean_s(),
                               .standard_error = meter::mean_error(means).standard_error,
                               .n = static_cast<std::int64_t>(means.size())};
  for (const auto& [name, share] :
       {std::pair{"latency_p50_s", 0.5}, {"latency_p95_s", 0.95}, {"latency_p99_s", 0.99}}) {
    metrics[name] = {
        .value = histogram.percentile_s(share), .standard_error = histogram.percentile_error_s(share), .n = n};
  }
  if (const std::size_t outliers = meter::count_outliers(all)) notes["outliers"] = to_text(outliers);
}

void add_answer_metrics(const Slice& sum, const std::vector<Slice>& slices, meter::Metrics& metrics) {
  const double answers = static_cast<double>(sum.answers);
  if (sum.answers == 0) return;
  if (sum.items == 0.0) {
    throw TrialFailed(FailureReason::invalid, "none of " + to_text(sum.answers) + " answers was right; the first: " +
                                                  (sum.first_problem.empty() ? "no items" : sum.first_problem));
  }
  const Rate rate = completion_rate(slices);
  metrics["throughput"] = {.value = rate.per_s,
                           .standard_error = rate.standard_error,
                           .n = std::max<std::int64_t>(1, static_cast<std::int64_t>(rate.parts.size()))};
  metrics["errors"] = {.value = static_cast<double>(sum.errors),
                       .standard_error = std::sqrt(static_cast<double>(sum.errors)),
                       .n = sum.answers};
  if (sum.checked > 0) {
    const double n = static_cast<double>(sum.checked), share = static_cast<double>(sum.correct) / n;
    metrics["correct"] = {.value = share, .standard_error = std::sqrt(share * (1.0 - share) / n), .n = sum.checked};
  } else if (sum.errors > 0) {
    metrics["correct"] = {.value = 1.0 - static_cast<double>(sum.errors) / answers, .n = sum.answers};
  }
}

void add_reported_metrics(const std::vector<Slice>& slices, meter::Metrics& metrics) {
  for (const auto& [name, values] : reported_series(slices)) {
    const auto means = meter::batch_means(values, least_batches);
    const auto spread = meter::mean_error(means);
    metrics[name] = {.value = meter::mean_error(values).mean,
                     .standard_error = spread.standard_error,
                     .n = static_cast<std::int64_t>(spread.n)};
  }
}

void check_positive(const char* name, double value, bool zero_too) {
  if (std::isfinite(value) && (value > 0.0 || (zero_too && value == 0.0))) return;
  throw InvalidArgument(std::string("measure.") + name + ": " + to_text(value) + " must be " +
                        (zero_too ? "at least 0" : "above 0"));
}

}  // namespace

void MeasureOptions::check() const {
  check_positive("warm_up_s", warm_up_s, true);
  check_positive("settle_s", settle_s, true);
  check_positive("min_s", min_s, false);
  check_positive("max_s", max_s, false);
  check_positive("precision", precision, false);
  check_positive("drift", drift, false);
  check_positive("noise_limit", noise_limit, false);
  if (max_s < min_s) {
    throw InvalidArgument("measure.max_s: " + to_text(max_s) + " is below min_s = " + to_text(min_s));
  }
}

void derive_energy_per_item(meter::Metrics& metrics) {
  const auto power = metrics.find("power_w"), rate = metrics.find("throughput");
  if (power == metrics.end() || rate == metrics.end() || metrics.contains("energy_per_item_j")) return;
  if (!(rate->second.value > 0.0)) return;
  const Metric &p = power->second, &r = rate->second;
  const double value = p.value / r.value;
  metrics["energy_per_item_j"] = {
      .value = value,
      .standard_error =
          std::abs(value) * std::hypot(p.value != 0.0 ? p.standard_error / p.value : 0.0, r.standard_error / r.value),
      .n = std::min(p.n, r.n),
      .provenance = std::max({p.provenance, r.provenance, Provenance::derived})};
}

Measurement measure(AnyWorkload& workload, std::vector<meter::AnyMeter>& meters, const meter::Target& target,
                    const MeasureOptions& options, const Stop& stop, double until_s) {
  options.check();
  Driver driver{workload, stop, until_s};
  warm_up(driver, options);

  Measurement result;
  std::vector<Slice> slices;
  const double slice_s = std::clamp(options.min_s / least_batches, 0.02, 1.0);
  bool converged = false, ended = false;
  std::size_t next_look = least_batches;
  const NoiseGuard noise(target);
  for (meter::AnyMeter& m : meters) m.begin(target);
  const double begin_s = monotonic_s();
  double now = begin_s;
  while (!converged && !ended && now - begin_s < options.max_s) {
    slices.push_back(driver.run(std::min(now + slice_s, begin_s + options.max_s)));
    now = monotonic_s();
    ended = slices.back().ended;
    if (!ended) {
      for (meter::AnyMeter& m : meters) m.sample();
    }
    // Looking after every slice would stop at the first lucky one: look at 10, 20, 40, … of them.
    if (slices.size() < next_look || now - begin_s < options.min_s) continue;
    while (next_look <= slices.size()) next_look *= 2;
    const auto width = worst_half_width(slices, options);
    converged = width && *width <= options.precision;
  }
  for (meter::AnyMeter& m : meters) result.metrics.merge(m.end());
  const double window_s = now - begin_s;
  const NoiseGuard::Share share = noise.since_begin();
  slices.push_back(workload.finish());
  // What came late tells about latency; the throughput of the window is closed.
  slices.back().items = 0.0;

  Slice sum;
  for (const Slice& slice : slices) sum.append(slice);
  add_latency_metrics(slices, result.metrics, result.notes);
  const Slice tail = std::move(slices.back());
  slices.pop_back();
  add_answer_metrics(sum, slices, result.metrics);
  slices.push_back(tail);
  add_reported_metrics(slices, result.metrics);
  if (sum.answers == 0 && sum.unanswered > 0) {
    throw TrialFailed(FailureReason::timed_out, "the server hangs: no answer in the window of " + rounded(window_s) +
                                                    " s, " + to_text(sum.unanswered) + " requests wait");
  }
  if (sum.answers == 0 && sum.readings.empty()) {
    throw TrialFailed(FailureReason::invalid, "the workload did and reported nothing in " + rounded(window_s) + " s");
  }
  derive_energy_per_item(result.metrics);

  result.notes["window_s"] = rounded(window_s);
  result.notes["converged"] = converged ? "true" : "false";
  if (const auto width = worst_half_width(slices, options); width && std::isfinite(*width)) {
    result.notes["half_width"] = rounded(*width);
  }
  result.notes["outside_cpu_share"] = rounded(share.outside);
  if (share.stolen > 0.0) result.notes["stolen_cpu_share"] = rounded(share.stolen);
  if (const double others = share.outside + share.stolen; others > options.noise_limit) {
    result.notes["noisy"] = to_text(std::round(100.0 * others)) + " %";
  }
  if (!sum.first_problem.empty()) result.notes["first_problem"] = sum.first_problem;
  return result;
}

}  // namespace bayestuner::runner
