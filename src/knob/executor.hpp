#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bayestuner/knob/filesystem.hpp"
#include "bayestuner/knob/journal.hpp"
#include "bayestuner/knob/plan.hpp"
#include "bayestuner/knob/restore.hpp"

namespace bayestuner::knob {

/// Does primitive writes one by one: journal, write, settle, read back; and undoes them. Session's engine room.
class Executor {
 public:
  using NamedWrites = std::vector<std::pair<std::string, PrimitiveWrite>>;  // knob's name, write

  Executor(std::shared_ptr<const Filesystem> filesystem, const ProcessIdentity& self, std::uint64_t number,
           const std::filesystem::path& state_dir, const std::filesystem::path& persistent_dir,
           std::function<void(std::string_view)> checkpoint);

  /// All or nothing: what this call has done is undone before it throws.
  void execute(const NamedWrites& writes);
  void register_process(pid_t pid);
  void kill_workload();
  RestoreReport restore();

  const std::filesystem::path& journal_path() const { return volatile_.path(); }
  std::vector<std::filesystem::path> journal_paths() const;

 private:
  void run(const std::string& knob, const PrimitiveWrite& write);
  void make_group(const std::string& knob, const PrimitiveWrite& write);
  void vacate_group(const std::string& knob, const PrimitiveWrite& write);
  void enable_controllers(const std::string& knob, const PrimitiveWrite& write);
  void write_pair(const std::string& knob, const PrimitiveWrite& first, const PrimitiveWrite& second);
  void write_file(const std::string& knob, const PrimitiveWrite& write);
  void replace_text(const std::string& knob, const PrimitiveWrite& write);

  /// Journals the intent; nullptr where an optional file is missing. Finds the entry of an earlier write of the path.
  JournalEntry* begin_write(const std::string& knob, const PrimitiveWrite& write);
  /// Reads back until it is as expected or the time is up; throws DeviceError.
  void finish_write(JournalEntry& entry, const PrimitiveWrite& write);
  void check_shrink(const PrimitiveWrite& write) const;
  JournalEntry entry_of(const std::string& knob, Action action, const std::string& path, std::string wanted);
  JournalEntry& push(JournalEntry entry);
  JournalEntry* find(Action action, const std::string& path, const std::string& wanted = {});
  bool is_in_our_group(const std::string& path) const;
  Journal& journal_for(const JournalEntry& entry) { return entry.persistent ? persistent_ : volatile_; }
  void checkpoint(std::string_view where) const {
    if (checkpoint_) checkpoint_(where);
  }

  std::shared_ptr<const Filesystem> filesystem_;
  ProcessIdentity self_;
  std::function<void(std::string_view)> checkpoint_;
  Journal volatile_;
  Journal persistent_;
  std::vector<JournalEntry> entries_;  // what stands in the journals and is not undone
  /// Values that this execute() overwrote in files written by an earlier one: what a roll-back goes back to.
  std::vector<std::pair<std::string, std::string>> overwritten_;
  std::uint64_t seq_ = 0;
};

}  // namespace bayestuner::knob
