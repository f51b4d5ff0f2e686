#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bayestuner/knob/process_identity.hpp"

namespace bayestuner::knob {

/// Where journals and locks live: $BAYESTUNER_STATE_DIR, else /run/bayestuner/<uid> (root), else
/// $XDG_RUNTIME_DIR/bayestuner, else a folder of ours in /tmp. Forgotten at boot, as kernel settings are.
std::filesystem::path state_directory();
/// Where the journals of changes that outlive a boot live (config files): $BAYESTUNER_STATE_DIR, else
/// /var/lib/bayestuner (root), else $XDG_STATE_HOME or ~/.local/state with /bayestuner.
std::filesystem::path persistent_state_directory();

/// One line of the write-ahead journal.
struct JournalEntry {
  int version = 1;
  std::string boot_id;
  ProcessIdentity owner;
  std::uint64_t seq = 0;
  std::string adapter;   ///< name of the knob
  std::string resource;  ///< lock name, may be empty
  std::string action;    ///< to_text(Action), "process" for the workload, "done" for `seq` undone
  std::string path;
  std::optional<std::string> before;   ///< value found; nullopt where the thing did not exist
  std::string wanted;                  ///< value to write, or what it should read as
  std::optional<std::string> written;  ///< value read back after the write; nullopt: not confirmed
  std::string root = "/";              ///< root of the Filesystem
  std::uint64_t inode = 0;             ///< group: inode once made
  int group_version = 0;               ///< group: 1 or 2
  std::optional<unsigned> mode;        ///< config file: permission bits
  bool persistent = false;             ///< outlives a boot
  bool owned = false;                  ///< inside a group of ours: goes with it
  ProcessIdentity process;             ///< "process": who to kill
  std::vector<std::string> earlier;    ///< values of ours that earlier lines of this `seq` wrote (not a field)

  std::string to_json() const;
  /// Throws InvalidArgument where `line` is no entry.
  static JournalEntry from_json(const std::string& line);
};

/// Append-only file of JSON lines, each flushed to the device before its write happens.
/// The directory is 0700 and the file 0600, both ours; symlinks are refused. The file is made at the first entry and
/// never overwrites another.
class Journal {
 public:
  /// The name is `journal-<pid>-<starttime>-<n>.jsonl`. Unless `lazy`, `directory` is made and checked at once, else at
  /// the first entry. Throws DeviceError.
  Journal(std::filesystem::path directory, const ProcessIdentity& owner, std::uint64_t number, bool lazy = false);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Appends one line and flushes it.
  void append(const JournalEntry& entry);
  /// Deletes the file.
  void discard();
  const std::filesystem::path& path() const { return path_; }

 private:
  void require_free_path() const;

  std::filesystem::path path_;
  int fd_ = -1;
};

/// What a journal says, folded: later lines about the same `seq` complete or cancel the first.
struct JournalContent {
  std::vector<JournalEntry> entries;  ///< still to undo, in the order written
  std::vector<std::string> damaged;   ///< lines in the middle that are no entries
  std::uint64_t complete_bytes = 0;   ///< where a torn last line begins, or the end
};

/// Reads a journal through `fd`. A torn last line is ignored: its write never happened.
JournalContent read_journal(int fd);

/// Makes `directory` with mode 0700 if missing; throws DeviceError where it is not ours or open to others.
void require_private_directory(const std::filesystem::path& directory);
/// Opens an existing journal: O_NOFOLLOW, regular, ours, not open to others. Returns the descriptor or -errno.
int open_journal(const std::filesystem::path& path);

/// Identity of this boot of the machine.
std::string boot_id();

}  // namespace bayestuner::knob
