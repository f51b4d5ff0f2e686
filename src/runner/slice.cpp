#include "bayestuner/runner/slice.hpp"

#include <algorithm>

namespace bayestuner::runner {

void Slice::append(const Slice& later) {
  if (begin_s == 0.0) begin_s = later.begin_s;
  end_s = std::max(end_s, later.end_s);
  items += later.items;
  last_item_s = std::max(last_item_s, later.last_item_s);
  answers += later.answers;
  checked += later.checked;
  correct += later.correct;
  errors += later.errors;
  unanswered = later.unanswered;
  latencies_s.insert(latencies_s.end(), later.latencies_s.begin(), later.latencies_s.end());
  readings.insert(readings.end(), later.readings.begin(), later.readings.end());
  if (first_problem.empty()) first_problem = later.first_problem;
  ended = ended || later.ended;
}

}  // namespace bayestuner::runner
