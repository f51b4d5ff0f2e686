#pragma once
/// A number that carries its uncertainty and where it comes from.

#include <cmath>
#include <cstdint>
#include <string>

#include "bayestuner/core/error.hpp"

namespace bayestuner {

/// Where a number comes from, best first. Two kinds never share one Pareto front.
enum class Provenance { measured, derived, estimated, simulated };

inline const char* to_string(Provenance provenance) {
  switch (provenance) {
    case Provenance::measured:
      return "measured";
    case Provenance::derived:
      return "derived";
    case Provenance::estimated:
      return "estimated";
    case Provenance::simulated:
      return "simulated";
  }
  return "measured";
}

/// Inverse of to_string. Throws InvalidArgument.
inline Provenance provenance_from_string(const std::string& text) {
  for (const Provenance p : {Provenance::measured, Provenance::derived, Provenance::estimated, Provenance::simulated}) {
    if (text == to_string(p)) return p;
  }
  throw InvalidArgument("provenance: '" + text + "' is none of measured, derived, estimated, simulated");
}

/// One metric of one trial, in the metric's SI unit.
struct Metric {
  double value = std::nan("");
  double standard_error = 0.0;  ///< of `value`; 0 = not known
  std::int64_t n = 1;           ///< independent readings behind `value`
  Provenance provenance = Provenance::measured;

  friend bool operator==(const Metric&, const Metric&) = default;
};

}  // namespace bayestuner
