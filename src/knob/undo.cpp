#include "undo.hpp"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cpu_list.hpp"
#include "group_ops.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

std::string trimmed(const std::string& text) {
  constexpr const char* kBlank = " \t\n";
  const std::size_t first = text.find_first_not_of(kBlank);
  return first == std::string::npos ? std::string{} : text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

struct Verdict {
  RestoreOutcome outcome = RestoreOutcome::restored;
  std::string message;
};

Verdict failed(const std::string& path, const std::string& what, int error) {
  return {RestoreOutcome::failed, system_error_text(path, what, error)};
}

/// Whether `present` is a value that this entry, or an earlier line of the same change, put there.
bool is_ours(const JournalEntry& entry, const std::string& present) {
  if (values_match(present, entry.wanted) || (entry.written && values_match(present, *entry.written))) return true;
  return std::any_of(entry.earlier.begin(), entry.earlier.end(),
                     [&](const std::string& value) { return values_match(present, value); });
}

std::string foreign(const std::string& present, const std::string& wanted) {
  return "now \"" + present + "\", not the \"" + wanted + "\" that was written: somebody else changed it, left alone";
}

Verdict undo_write(const JournalEntry& entry, const Filesystem& filesystem) {
  if (!entry.before) return {RestoreOutcome::unchanged, {}};
  std::string present;
  if (const int error = filesystem.read_bytes(entry.path, present)) return failed(entry.path, "reading", error);
  if (values_match(present, *entry.before)) return {RestoreOutcome::unchanged, {}};
  if (!is_ours(entry, present)) return {RestoreOutcome::left_foreign, foreign(trimmed(present), entry.wanted)};
  if (const int error = filesystem.write_bytes(entry.path, *entry.before)) {
    return failed(entry.path, "writing back \"" + *entry.before + "\"", error);
  }
  present = filesystem.try_read(entry.path).value_or("");
  if (!values_match(present, *entry.before)) {
    return {RestoreOutcome::failed,
            entry.path + ": wrote back \"" + *entry.before + "\", but it reads \"" + trimmed(present) + "\""};
  }
  return {};
}

Verdict undo_group(const JournalEntry& entry, const Filesystem& filesystem) {
  if (!is_our_group(entry.path)) return {RestoreOutcome::failed, entry.path + ": not a group with our name"};
  const auto inode = filesystem.inode(entry.path);
  if (!inode) return {RestoreOutcome::unchanged, {}};
  if (entry.inode != 0 && *inode != entry.inode) {
    return {RestoreOutcome::left_foreign, "another group took the name, left alone"};
  }
  if (const int error = remove_group(filesystem, entry.path)) return failed(entry.path, "removing the group", error);
  return {};
}

Verdict undo_vacate(const JournalEntry& entry, const Filesystem& filesystem) {
  const std::string& leaf = entry.wanted;
  if (!is_our_group(leaf)) return {RestoreOutcome::failed, leaf + ": not a group with our name"};
  if (!filesystem.inode(leaf)) return {RestoreOutcome::unchanged, {}};
  if (const int error = move_processes(filesystem, leaf, entry.path)) {
    return failed(entry.path + "/cgroup.procs", "moving our processes back", error);
  }
  if (const int error = filesystem.remove_dir(leaf)) return failed(leaf, "removing the group", error);
  return {};
}

Verdict undo_enable(const JournalEntry& entry, const Filesystem& filesystem) {
  const std::string path = entry.path + "/cgroup.subtree_control";
  const std::set<std::string> before = words_of(entry.before.value_or(""));
  const std::set<std::string> present = words_of(filesystem.try_read(path).value_or(""));
  Verdict verdict{RestoreOutcome::unchanged, {}};
  for (const std::string& controller : words_of(entry.wanted)) {
    if (before.contains(controller) || !present.contains(controller)) continue;
    if (const int error = filesystem.write_bytes(path, "-" + controller)) {
      return failed(path, "writing \"-" + controller + "\"", error);
    }
    verdict.outcome = RestoreOutcome::restored;
  }
  return verdict;
}

Verdict undo_file(const JournalEntry& entry, const Filesystem& filesystem) {
  const fs::path path = filesystem.on_disk(entry.path);
  remove_temporaries(path);
  try {
    const std::optional<FileContent> present = read_regular_file(path);
    if (present.has_value() == entry.before.has_value() && (!present || present->bytes == *entry.before)) {
      return {RestoreOutcome::unchanged, {}};
    }
    const bool ours =
        present && (present->bytes == entry.wanted ||
                    std::find(entry.earlier.begin(), entry.earlier.end(), present->bytes) != entry.earlier.end());
    if (!ours) return {RestoreOutcome::left_foreign, "somebody else changed the file since, left alone"};
    if (entry.before) {
      replace_file(path, *entry.before, entry.mode.value_or(0644));
    } else if (::unlink(path.c_str()) != 0) {
      return failed(entry.path, "removing the file", errno);
    }
    return {};
  } catch (const Error& error) {
    return {RestoreOutcome::failed, error.what()};
  }
}

Verdict undo(const JournalEntry& entry, const Filesystem& filesystem) {
  try {
    if (entry.action == "write_file") return undo_write(entry, filesystem);
    if (entry.action == "make_group") return undo_group(entry, filesystem);
    if (entry.action == "vacate_group") return undo_vacate(entry, filesystem);
    if (entry.action == "enable_controllers") return undo_enable(entry, filesystem);
    if (entry.action == "replace_file") return undo_file(entry, filesystem);
    return {RestoreOutcome::failed, "\"" + entry.action + "\" is no action this version knows"};
  } catch (const Error& error) {
    return {RestoreOutcome::failed, error.what()};
  }
}

}  // namespace

std::set<std::string> words_of(const std::string& text) {
  std::set<std::string> words;
  std::string word;
  for (const char c : text + " ") {
    if (c != ' ' && c != '\n' && c != '\t') {
      word += c;
    } else if (!word.empty()) {
      words.insert(std::move(word));
      word.clear();
    }
  }
  return words;
}

bool values_match(const std::string& present, const std::string& wanted) {
  const std::string a = trimmed(present);
  const std::string b = trimmed(wanted);
  if (a == b) return true;
  if (a.find_first_not_of("0123456789,-") != std::string::npos || a.empty() || b.empty()) return false;
  try {
    return parse_cpu_list(a) == parse_cpu_list(b);
  } catch (const InvalidArgument&) {
    return false;
  }
}

void kill_process(const JournalEntry& entry) {
  const pid_t pid = entry.process.pid;
  if (pid <= 1 || pid == ::getpid()) return;
  const std::optional<ProcessIdentity> now = identity_of(pid);
  // Somebody else has the number now. While the leader is gone the number is still its group's, hence still ours.
  if (now && *now != entry.process) return;
  if (!now || ::getpgid(pid) == pid) {
    if (pid != ::getpgrp()) ::kill(-pid, SIGKILL);
  }
  if (now) ::kill(pid, SIGKILL);
}

Undone undo_all(const std::vector<JournalEntry>& entries, const Filesystem& filesystem, const fs::path& journal,
                const std::function<void(std::string_view)>& checkpoint) {
  Undone undone;
  std::vector<const JournalEntry*> pending;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    if (entry->action == "process") {
      if (entry->boot_id == boot_id()) kill_process(*entry);
      undone.settled.insert(entry->seq);
    } else if (entry->owned) {
      undone.settled.insert(entry->seq);  // goes with its group
    } else if (entry->boot_id != boot_id() && !entry->persistent) {
      undone.report.items.push_back({journal, entry->path, RestoreOutcome::dropped, "written before the last boot"});
      undone.settled.insert(entry->seq);
    } else {
      pending.push_back(&*entry);
    }
  }
  while (!pending.empty()) {
    std::vector<const JournalEntry*> again;
    std::vector<RestoreItem> failures;
    for (const JournalEntry* const entry : pending) {
      if (checkpoint) checkpoint("during restore");
      Verdict verdict = undo(*entry, filesystem);
      RestoreItem item{journal, entry->path, verdict.outcome, std::move(verdict.message)};
      if (item.outcome == RestoreOutcome::failed) {
        again.push_back(entry);
        failures.push_back(std::move(item));
      } else {
        undone.settled.insert(entry->seq);
        undone.report.items.push_back(std::move(item));
      }
    }
    if (again.size() == pending.size()) {
      for (RestoreItem& item : failures) undone.report.items.push_back(std::move(item));
      break;
    }
    pending = std::move(again);
  }
  return undone;
}

}  // namespace bayestuner::knob
