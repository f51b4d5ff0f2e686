#include "bayestuner/meter/window.hpp"

#include <cmath>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"
#include "bayestuner/meter/statistics.hpp"

namespace bayestuner::meter {

namespace {
// Parts that are shorter than this share of the window's mean part are joined to the next: a rate over a few
// milliseconds is mostly the grain of the counter.
constexpr std::size_t most_parts = 10;
}  // namespace

void CounterWindow::add(double time_s, double value) {
  if (!values_.empty() && value < values_.back()) {
    throw DeviceError("counter: went back from " + to_text(values_.back()) + " to " + to_text(value));
  }
  if (!times_.empty() && time_s <= times_.back()) return;
  times_.push_back(time_s);
  values_.push_back(value);
}

Metric CounterWindow::rate(Provenance provenance) const {
  if (empty()) return {.provenance = provenance};
  // Cut the window into equally long parts at the readings nearest to the cuts.
  const std::size_t parts = std::min(most_parts, times_.size() - 1);
  std::vector<double> rates;
  std::size_t from = 0;
  for (std::size_t p = 1; p <= parts; ++p) {
    const double cut = times_.front() + seconds() * static_cast<double>(p) / static_cast<double>(parts);
    std::size_t to = from + 1;
    while (to + 1 < times_.size() && std::abs(times_[to + 1] - cut) <= std::abs(times_[to] - cut)) ++to;
    if (p == parts) to = times_.size() - 1;
    if (to <= from || to >= times_.size()) break;
    rates.push_back((values_[to] - values_[from]) / (times_[to] - times_[from]));
    from = to;
  }
  const MeanError spread = mean_error(rates);
  return {.value = total() / seconds(),
          .standard_error = spread.standard_error,
          .n = static_cast<std::int64_t>(rates.size()),
          .provenance = provenance};
}

double GaugeWindow::integral() const {
  double sum = 0.0;
  for (std::size_t i = 1; i < times_.size(); ++i) {
    sum += 0.5 * (values_[i] + values_[i - 1]) * (times_[i] - times_[i - 1]);
  }
  return sum;
}

Metric GaugeWindow::mean(Provenance provenance) const {
  if (empty()) return {.provenance = provenance};
  const auto means = batch_means(values_, most_parts);
  return {.value = integral() / seconds(),
          .standard_error = mean_error(means).standard_error,
          .n = static_cast<std::int64_t>(means.size()),
          .provenance = provenance};
}

}  // namespace bayestuner::meter
