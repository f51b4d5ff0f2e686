#pragma once
/// Reports of a study for people.

#include <string>

#include "bayestuner/study/study.hpp"

namespace bayestuner::analysis {

/// Value and standard error with the digits that mean something: `12.34 ± 0.05`; estimates get two digits and a `~`.
std::string readable(const Metric& metric);

/// A few lines and a table of trials.
std::string text_report(study::Study& study);

/// One self-contained page: plots as inline SVG, no script, nothing loaded from anywhere.
std::string html_report(study::Study& study);

/// A study in the format of recorded tables.
struct ExportedTable {
  std::string tasks;  ///< tasks.json
  std::string csv;    ///< trials.csv
};
/// Throws InvalidArgument if nothing feasible was measured: such a table has no optimum to look for.
ExportedTable export_table(study::Study& study);

}  // namespace bayestuner::analysis
