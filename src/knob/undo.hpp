#pragma once
/// Compare-and-restore of journal entries: shared by Session, guardian and restore_all.

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "bayestuner/knob/filesystem.hpp"
#include "bayestuner/knob/journal.hpp"
#include "bayestuner/knob/restore.hpp"

namespace bayestuner::knob {

/// Whether the kernel's text `present` is the value `wanted`: the same but for blanks, or the same CPU list.
bool values_match(const std::string& present, const std::string& wanted);

/// Kills the workload that `entry` registered: the process if it is still that one, and its process group.
void kill_process(const JournalEntry& entry);

struct Undone {
  RestoreReport report;
  std::set<std::uint64_t> settled;  ///< `seq` of all that needs no further attempt
};

/// Undoes `entries` in reverse order; what fails is tried again after the rest, since pairs hold each other.
Undone undo_all(const std::vector<JournalEntry>& entries, const Filesystem& filesystem,
                const std::filesystem::path& journal, const std::function<void(std::string_view)>& checkpoint = {});

/// Undoes one journal file and deletes it when nothing failed. Waits for others who do the same.
/// `filesystem` null: the tree that the journal names.
RestoreReport undo_journal(const std::filesystem::path& journal, const std::shared_ptr<const Filesystem>& filesystem,
                           bool only_dead_owner = true);

/// Writes `bytes` as the whole of `path` by a temporary file, fsync and rename. Symlinks are refused. Throws
/// DeviceError.
void replace_file(const std::filesystem::path& path, const std::string& bytes, unsigned mode);

/// Content and mode of a regular file that is no symlink; nullopt where there is none. Throws DeviceError.
struct FileContent {
  std::string bytes;
  unsigned mode = 0644;
};
std::optional<FileContent> read_regular_file(const std::filesystem::path& path);
/// Removes what replace_file() leaves beside `path` where it is killed between making and renaming.
void remove_temporaries(const std::filesystem::path& path) noexcept;

/// Words of `text`, sorted: `cgroup.subtree_control` and its like.
std::set<std::string> words_of(const std::string& text);

}  // namespace bayestuner::knob
