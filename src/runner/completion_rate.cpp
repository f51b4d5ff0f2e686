#include <algorithm>

#include "bayestuner/meter/statistics.hpp"
#include "bayestuner/runner/measure.hpp"

namespace bayestuner::runner {

Rate completion_rate(const std::vector<Slice>& slices) {
  Rate rate;
  // Stretches run from the last completion in a slice to the last one in the next slice that has any: a server that
  // answers in bursts of a batch is then cut between the bursts, never inside one.
  double from_s = 0.0, first_s = 0.0, pending = 0.0, total = 0.0, longest_s = 0.0;
  for (const Slice& slice : slices) {
    pending += slice.items;
    if (slice.items <= 0.0) continue;
    if (from_s == 0.0) {
      first_s = from_s = slice.last_item_s;  // what came before it began outside the window
      pending = 0.0;
      continue;
    }
    const double length = slice.last_item_s - from_s;
    if (length <= 0.0) continue;
    longest_s = std::max(longest_s, length);
    total += pending;
    rate.parts.push_back(pending / length);
    from_s = slice.last_item_s;
    pending = 0.0;
  }
  if (slices.empty()) return rate;
  const double end_s = slices.back().end_s;
  if (rate.parts.empty()) {
    double items = 0.0;
    for (const Slice& slice : slices) items += slice.items;
    const double seconds = end_s - slices.front().begin_s;
    if (seconds > 0.0) rate.per_s = items / seconds;
    return rate;
  }
  // A stall at the end is longer than any gap before: it counts.
  const bool stalls = end_s - from_s > 2.0 * longest_s;
  if (stalls) rate.parts.push_back(0.0);
  rate.per_s = total / ((stalls ? end_s : from_s) - first_s);
  rate.standard_error = meter::mean_error(rate.parts).standard_error;
  return rate;
}

}  // namespace bayestuner::runner
