#include "bayestuner/knob/restore.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "undo.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

RestoreReport single(const fs::path& journal, RestoreOutcome outcome, std::string message) {
  RestoreReport report;
  report.items.push_back({journal, journal.string(), outcome, std::move(message)});
  return report;
}

/// Marks in the journal what needs no further attempt, so that it names only what failed.
void mark_settled(int fd, const JournalContent& content, const std::set<std::uint64_t>& settled) {
  if (::ftruncate(fd, static_cast<off_t>(content.complete_bytes)) != 0) return;
  for (JournalEntry entry : content.entries) {
    if (!settled.contains(entry.seq)) continue;
    entry.action = "done";
    const std::string line = entry.to_json() + "\n";
    if (::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return;
  }
  ::fsync(fd);
}

}  // namespace

std::string to_text(RestoreOutcome outcome) {
  switch (outcome) {
    case RestoreOutcome::restored:
      return "restored";
    case RestoreOutcome::unchanged:
      return "unchanged";
    case RestoreOutcome::left_foreign:
      return "left alone";
    case RestoreOutcome::dropped:
      return "dropped";
    case RestoreOutcome::owner_alive:
      return "still in use";
    case RestoreOutcome::failed:
      return "failed";
  }
  return "unknown";
}

bool RestoreReport::complete() const {
  return count(RestoreOutcome::failed) == 0;
}

std::size_t RestoreReport::count(RestoreOutcome outcome) const {
  return static_cast<std::size_t>(
      std::count_if(items.begin(), items.end(), [&](const RestoreItem& item) { return item.outcome == outcome; }));
}

std::string RestoreReport::to_text() const {
  std::string text;
  for (const RestoreItem& item : items) {
    text +=
        knob::to_text(item.outcome) + ": " + item.resource + (item.message.empty() ? "" : ": " + item.message) + "\n";
  }
  return text;
}

void RestoreReport::append(RestoreReport other) {
  items.insert(items.end(), std::make_move_iterator(other.items.begin()), std::make_move_iterator(other.items.end()));
}

RestoreReport undo_journal(const fs::path& journal, const std::shared_ptr<const Filesystem>& filesystem,
                           bool only_dead_owner) {
  const int fd = open_journal(journal);
  if (fd == -ENOENT) return {};
  if (fd < 0) {
    return single(journal, RestoreOutcome::failed,
                  fd == -ELOOP ? "is a symbolic link, which no journal of ours is"
                               : "is not a private file of ours (" + errno_name(-fd) + "), not read");
  }
  while (::flock(fd, LOCK_EX) != 0 && errno == EINTR) {
  }
  RestoreReport report;
  struct stat info {};
  // Whoever had the lock before us may have finished the job.
  if (::fstat(fd, &info) == 0 && info.st_nlink > 0) {
    const JournalContent content = read_journal(fd);
    const bool alive = !content.entries.empty() && content.entries.front().boot_id == boot_id() &&
                       is_alive(content.entries.front().owner);
    if (alive && only_dead_owner) {
      report = single(journal, RestoreOutcome::owner_alive,
                      "process " + std::to_string(content.entries.front().owner.pid) + " still tunes");
    } else {
      std::shared_ptr<const Filesystem> tree = filesystem;
      if (!tree) {
        tree = std::make_shared<const Filesystem>(content.entries.empty() ? "/" : content.entries.front().root);
      }
      Undone undone = undo_all(content.entries, *tree, journal);
      report = std::move(undone.report);
      for (const std::string& line : content.damaged) {
        report.items.push_back({journal, journal.string(), RestoreOutcome::failed, "damaged line: " + line});
      }
      if (report.complete()) {
        ::unlink(journal.c_str());
      } else {
        mark_settled(fd, content, undone.settled);
      }
    }
  }
  ::close(fd);
  return report;
}

RestoreReport restore_all(const fs::path& state_dir, std::shared_ptr<const Filesystem> filesystem) {
  std::set<fs::path> directories;
  if (state_dir.empty()) {
    directories = {state_directory(), persistent_state_directory()};
  } else {
    directories = {state_dir};
  }
  RestoreReport report;
  for (const fs::path& directory : directories) {
    std::set<fs::path> journals;
    std::error_code error;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.starts_with("journal-") && name.ends_with(".jsonl")) journals.insert(it->path());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
      report.append(single(directory, RestoreOutcome::failed, "cannot be listed: " + error.message()));
    }
    for (const fs::path& journal : journals) {
      try {
        report.append(undo_journal(journal, filesystem));
      } catch (const std::exception& failure) {
        report.append(single(journal, RestoreOutcome::failed, failure.what()));
      }
    }
  }
  return report;
}

}  // namespace bayestuner::knob
