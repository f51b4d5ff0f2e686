#pragma once
/// What is wanted: objectives and constraints over named metrics, in the user's own directions and units.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/core/bound.hpp"
#include "bayestuner/core/error.hpp"

namespace bayestuner::study {

struct Objective {
  std::string metric;
  bool maximise = false;
  std::optional<double> reference = {};  ///< worst acceptable value, for several objectives
};

/// `metric <= value`, or `metric >= value * (that metric of the baseline)`.
struct Constraint {
  std::string metric;
  Bound bound = Bound::at_most;
  double value = 0.0;
  bool relative = false;  ///< whether `value` is a factor of the baseline's metric

  /// Absolute threshold; nullopt for a relative one without a baseline.
  std::optional<double> threshold(std::optional<double> baseline) const {
    if (!relative) return value;
    if (!baseline) return std::nullopt;
    return value * *baseline;
  }
  /// The text it reads back from: `throughput >= 0.95 * baseline`.
  std::string to_text() const;
};

/// Reads `throughput >= 50`, `latency_p99_s <= 0.05`, `throughput >= 0.95 * baseline`, `power_w < baseline`.
/// Throws InvalidArgument that quotes `text`.
Constraint parse_constraint(const std::string& text);

/// Objectives and constraints. A regular value: change it on a study and everything measured is scored anew.
class Problem {
 public:
  /// Adds an objective. `reference`: worst acceptable value, read when there are several objectives. Throws
  /// InvalidArgument for an empty name or a metric that is an objective already.
  Problem& minimize(std::string metric, std::optional<double> reference = {});
  Problem& maximize(std::string metric, std::optional<double> reference = {});
  /// Adds a constraint; see parse_constraint().
  Problem& subject_to(const std::string& text);
  Problem& subject_to(Constraint constraint);

  const std::vector<Objective>& objectives() const { return objectives_; }
  const std::vector<Constraint>& constraints() const { return constraints_; }
  /// Every metric named, each once: objectives first.
  std::vector<std::string> metrics() const;
  bool has_relative_constraint() const;

  /// JSON text and back; from_json throws InvalidArgument.
  std::string to_json() const;
  static Problem from_json(const std::string& text);

 private:
  Problem& add(std::string metric, bool maximise, std::optional<double> reference);

  std::vector<Objective> objectives_;
  std::vector<Constraint> constraints_;
};

}  // namespace bayestuner::study
