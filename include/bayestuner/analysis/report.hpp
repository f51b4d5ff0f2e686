#pragma once
/// Reports of a study for people.

#include <string>
#include <vector>

#include "bayestuner/study/exploration.hpp"
#include "bayestuner/study/study.hpp"

namespace bayestuner::analysis {

/// Value and standard error with the digits that mean something: `12.34 ± 0.05`; estimates get two digits and a `~`.
std::string readable(const Metric& metric);

/// A few lines and a table of trials.
std::string text_report(study::Study& study);

/// The front as a table: each objective with its standard error, how sure each point's place is, the knee; and the
/// volumes after every ten trials. Explorations over one reference point, as study::explorations() gives them: the
/// first is the one the others are compared with.
std::string text_report(const std::vector<study::Exploration>& explorations);

/// One self-contained page: plots as inline SVG, no script, nothing loaded from anywhere. Several objectives: the front
/// with error bars and the history of its hypervolume, drawn over those of `against` where it is given. Throws
/// InvalidArgument where the two have other objectives.
std::string html_report(study::Study& study, study::Study* against = nullptr);

/// A study in the format of recorded tables.
struct ExportedTable {
  std::string tasks;  ///< tasks.json
  std::string csv;    ///< trials.csv
};
/// Throws InvalidArgument if nothing feasible was measured: such a table has no optimum to look for.
ExportedTable export_table(study::Study& study);

}  // namespace bayestuner::analysis
