#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bayestuner::runner {

/// What a workload did in a stretch of time.
struct Slice {
  double begin_s = 0.0;  ///< monotonic clock
  double end_s = 0.0;
  double items = 0.0;                    ///< processed rightly: wrong answers and errors are no throughput
  double last_item_s = 0.0;              ///< when the last of them was done; 0: none
  std::int64_t answers = 0;              ///< requests or calls that ended, errors included
  std::int64_t checked = 0;              ///< of those: the right answer is known, or there was none at all
  std::int64_t correct = 0;              ///< of the checked ones
  std::int64_t errors = 0;               ///< no answer: refused, closed, timed out, status other than 200
  std::int64_t unanswered = 0;           ///< at the end: requests under way
  std::vector<double> latencies_s = {};  ///< of answers, and of requests given up
  std::vector<std::map<std::string, double>> readings = {};  ///< metrics that the workload reported by itself, in order
  std::string first_problem = {};                            ///< first error or wrong answer, one line
  bool ended = false;                                        ///< the load is over: nothing more will come

  /// Adds what followed.
  void append(const Slice& later);
};

}  // namespace bayestuner::runner
