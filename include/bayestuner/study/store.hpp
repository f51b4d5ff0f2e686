#pragma once
/// Where a study's log lives.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/study/trial.hpp"

namespace bayestuner::study {

/// What identifies a study, written once; the problem alone may change.
struct StudyRecord {
  std::string space;  ///< DynamicSpace::fingerprint()
  std::string problem;
  std::uint64_t seed = 0;
};

/// The log of one study. Models keep every trial they were given before `put` returns, whatever happens next.
class BAYESTUNER_EXPORT Store {
 public:
  virtual ~Store() = default;

  virtual std::optional<StudyRecord> record() = 0;
  virtual void set_record(const StudyRecord& record) = 0;

  /// Runs `work` while no other process writes; all of its writes land together, or none if it throws.
  virtual void transaction(const std::function<void()>& work) = 0;
  /// Adds or replaces the trial of that number. Throws StoreError; the trial is then not stored.
  virtual void put(const Trial& trial) = 0;
  /// Trials changed since the last call, by any process, in order of change.
  virtual std::vector<Trial> changes() = 0;
  /// Marks running trials of dead processes as lost; true if there were any.
  virtual bool release_lost() = 0;
};

/// A log in this process alone.
std::unique_ptr<Store> make_memory_store();

/// A study named `name` in the SQLite file `path` (made if missing). Several processes may use it at once; readers
/// never block the writer. Throws StoreError for a file that is no database, is damaged, or has another version: such a
/// file is left untouched.
std::unique_ptr<Store> open_sqlite_store(const std::filesystem::path& path, const std::string& name);

/// Names of the studies in a file. Throws StoreError.
std::vector<std::string> list_studies(const std::filesystem::path& path);

}  // namespace bayestuner::study
