#pragma once
/// Recorded measurements of whole spaces: what strategies are tried on without hardware.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/search/history.hpp"
#include "bayestuner/search/task.hpp"
#include "bayestuner/space/dynamic_space.hpp"

namespace bayestuner::analysis {

/// A CSV file, gzip-compressed or not; cells as text.
struct Csv {
  std::filesystem::path path;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> lines;  ///< line number in the file, one a row

  /// Throws InvalidArgument that lists the columns there are.
  std::size_t column(const std::string& name) const;
};

/// Reads a CSV file with a header. Throws InvalidArgument `file:line: …` for ragged rows or an open quote, DeviceError
/// if the file cannot be read.
Csv read_csv(const std::filesystem::path& path);

/// One task of a tasks.json: a table, what to look for in it, and the best that it holds.
struct RecordedTask {
  std::string id, type;
  std::filesystem::path file;
  std::map<std::string, std::string> filter;  ///< column -> value
  std::vector<std::string> knobs;
  struct Objective {
    std::string column;
    bool maximise = false;
  };
  struct Constraint {
    std::string column;
    Bound bound = Bound::at_most;
    double value = 0.0;
  };
  std::vector<Objective> objectives;
  std::vector<Constraint> constraints;
  std::optional<double> optimum;  ///< as the file states it; gaps are from RecordedTable::best
  std::vector<double> reference_point;
  std::optional<double> hypervolume;
  std::size_t budget = 40;
  std::string problem;  ///< why it cannot be replayed, if so
};

/// Reads tasks.json. Unknown keys are ignored; a missing key throws InvalidArgument naming task and key.
std::vector<RecordedTask> read_tasks(const std::filesystem::path& path);

/// The rows of a task as a pool of configurations with their metrics.
struct RecordedTable {
  space::DynamicSpace space;
  search::Task task;
  std::vector<bool> ok;                 ///< one a configuration, in the pool's order
  std::vector<Eigen::VectorXd> values;  ///< task metrics, empty where not ok
  std::vector<Eigen::VectorXd> standard_errors;
  double best = 0.0;         ///< best feasible objective value, the user's sense
  double hypervolume = 0.0;  ///< of the whole table against the reference point, two objectives

  /// What measuring configuration `index` of the pool, `point`, tells.
  search::Observation observe(std::uint64_t index, const space::Point& point) const {
    if (!ok[index]) return {.point = point, .outcome = search::Outcome::failed};
    return {.point = point, .values = values[index], .standard_errors = standard_errors[index]};
  }
};

/// Why the optimum that a task states is not the best of its candidates, in words; empty where it is, to 1e-6. A stated
/// one may come from single runs of a repeated configuration, which no candidate reaches, or from fewer rows.
std::string differs_from_stated(const RecordedTask& task, const RecordedTable& table);

/// Loads the table of `task`: rows of one configuration are averaged; a configuration whose every row failed (ok = 0)
/// or lacks a metric is a failure. A metric m_NAME without a column of its own is the knob k_NAME. Knobs with numbers
/// throughout are ordered, others are labels. Throws InvalidArgument `file:line: column …` for text in a number column.
RecordedTable load_table(const RecordedTask& task);

}  // namespace bayestuner::analysis
