#include "executor.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "group_ops.hpp"
#include "undo.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

/// Kinds of journal in one directory must not share a file name.
constexpr std::uint64_t kPersistentOffset = 1'000'000;

std::string parent_directory(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

std::optional<std::uint64_t> to_bytes(const std::string& text) {
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(bytes) : std::nullopt;
}

}  // namespace

Executor::Executor(std::shared_ptr<const Filesystem> filesystem, const ProcessIdentity& self, std::uint64_t number,
                   const fs::path& state_dir, const fs::path& persistent_dir,
                   std::function<void(std::string_view)> checkpoint)
    : filesystem_(std::move(filesystem)),
      self_(self),
      checkpoint_(std::move(checkpoint)),
      volatile_(state_dir, self, number),
      persistent_(persistent_dir, self, number + kPersistentOffset, true) {}

std::vector<fs::path> Executor::journal_paths() const {
  return {volatile_.path(), persistent_.path()};
}

JournalEntry Executor::entry_of(const std::string& knob, Action action, const std::string& path, std::string wanted) {
  JournalEntry entry;
  entry.boot_id = boot_id();
  entry.owner = self_;
  entry.seq = ++seq_;
  entry.adapter = knob;
  entry.action = to_text(action);
  entry.path = path;
  entry.wanted = std::move(wanted);
  entry.root = filesystem_->root().string();
  return entry;
}

JournalEntry& Executor::push(JournalEntry entry) {
  checkpoint("before journal");
  journal_for(entry).append(entry);
  entries_.push_back(std::move(entry));
  checkpoint("after journal");
  return entries_.back();
}

JournalEntry* Executor::find(Action action, const std::string& path, const std::string& wanted) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const JournalEntry& entry) {
    return entry.action == to_text(action) && entry.path == path && (wanted.empty() || entry.wanted == wanted);
  });
  return found == entries_.end() ? nullptr : &*found;
}

bool Executor::is_in_our_group(const std::string& path) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const JournalEntry& entry) {
    return entry.action == to_text(Action::make_group) && path.starts_with(entry.path + "/");
  });
}

void Executor::execute(const NamedWrites& writes) {
  const std::size_t mark = entries_.size();
  overwritten_.clear();
  try {
    for (std::size_t i = 0; i < writes.size(); ++i) {
      const auto& [knob, write] = writes[i];
      if (write.action == Action::write_file && write.pair > 0 && i + 1 < writes.size() &&
          writes[i + 1].second.pair == write.pair) {
        write_pair(knob, write, writes[i + 1].second);
        ++i;
      } else {
        run(knob, write);
      }
    }
  } catch (...) {
    for (auto old = overwritten_.rbegin(); old != overwritten_.rend(); ++old) {
      filesystem_->write_bytes(old->first, old->second);
    }
    const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(mark);
    const std::vector<JournalEntry> done(first, entries_.end());
    const Undone undone = undo_all(done, *filesystem_, volatile_.path(), checkpoint_);
    // What was rolled back needs no line any more; what was not stays for the restore.
    for (const JournalEntry& entry : done) {
      if (!undone.settled.contains(entry.seq)) continue;
      JournalEntry line = entry;
      line.action = "done";
      journal_for(entry).append(line);
      std::erase_if(entries_, [&](const JournalEntry& known) { return known.seq == entry.seq; });
    }
    throw;
  }
}

void Executor::run(const std::string& knob, const PrimitiveWrite& write) {
  switch (write.action) {
    case Action::make_group:
      return make_group(knob, write);
    case Action::vacate_group:
      return vacate_group(knob, write);
    case Action::enable_controllers:
      return enable_controllers(knob, write);
    case Action::write_file:
      return write_file(knob, write);
    case Action::replace_file:
      return replace_text(knob, write);
    case Action::call:
      try {
        write.function();
      } catch (const std::exception& error) {
        throw DeviceError(knob + ": the function refused " + write.value + ": " + error.what());
      }
      return;
    case Action::set_environment:
    case Action::set_argument:
    case Action::set_affinity:
    case Action::expect_cpus:
    case Action::join_group:
      return;  // the launch plan has them
  }
}

void Executor::make_group(const std::string& knob, const PrimitiveWrite& write) {
  if (find(Action::make_group, write.target) != nullptr) return;
  if (!is_our_group(write.target))
    throw InvalidArgument(write.target + ": a group of ours has the prefix " + kGroupPrefix);
  JournalEntry entry = entry_of(knob, Action::make_group, write.target, "");
  entry.group_version = write.version;
  JournalEntry& made = push(std::move(entry));
  if (const int error = filesystem_->make_dir(write.target)) {
    // Not ours if it was there: the undo must not remove it.
    JournalEntry line = made;
    line.action = "done";
    volatile_.append(line);
    entries_.pop_back();
    throw DeviceError(system_error_text(write.target, "making the group", error));
  }
  checkpoint("after write");
  made.inode = filesystem_->inode(write.target).value_or(0);
  volatile_.append(made);
}

void Executor::vacate_group(const std::string& knob, const PrimitiveWrite& write) {
  if (find(Action::vacate_group, write.target) != nullptr) return;
  push(entry_of(knob, Action::vacate_group, write.target, write.value));
  filesystem_->make_directory(write.value);
  if (const int error = move_processes(*filesystem_, write.target, write.value)) {
    throw DeviceError(system_error_text(write.value + "/cgroup.procs", "moving our own processes into a leaf", error));
  }
  checkpoint("after write");
}

void Executor::enable_controllers(const std::string& knob, const PrimitiveWrite& write) {
  if (find(Action::enable_controllers, write.target, write.value) != nullptr) return;
  const std::string path = write.target + "/cgroup.subtree_control";
  JournalEntry entry = entry_of(knob, Action::enable_controllers, write.target, write.value);
  entry.before = filesystem_->read(path);
  if (words_of(*entry.before).contains(write.value)) return;
  push(std::move(entry));
  filesystem_->write(path, "+" + write.value);
  checkpoint("after write");
  if (const std::string now = filesystem_->read(path); !words_of(now).contains(write.value)) {
    throw DeviceError(path + ": wrote \"+" + write.value + "\", but it reads \"" + now + "\"");
  }
}

JournalEntry* Executor::begin_write(const std::string& knob, const PrimitiveWrite& write) {
  std::string before;
  if (const int error = filesystem_->read_bytes(write.target, before)) {
    if (write.optional && error == ENOENT) return nullptr;
    throw DeviceError(system_error_text(write.target, "reading before \"" + write.value + "\" is written", error));
  }
  while (!before.empty() && before.back() == '\n') before.pop_back();
  if (JournalEntry* const known = find(Action::write_file, write.target)) {
    overwritten_.emplace_back(write.target, before);
    known->earlier.push_back(known->wanted);
    if (known->written) known->earlier.push_back(*known->written);
    known->wanted = write.value;
    known->written.reset();
    checkpoint("before journal");
    volatile_.append(*known);
    checkpoint("after journal");
    return known;
  }
  JournalEntry entry = entry_of(knob, Action::write_file, write.target, write.value);
  entry.before = std::move(before);
  entry.owned = is_in_our_group(write.target);
  return &push(std::move(entry));
}

void Executor::finish_write(JournalEntry& entry, const PrimitiveWrite& write) {
  checkpoint("after write");
  entry.written = filesystem_->try_read(write.target);
  volatile_.append(entry);
  const std::string& path = write.verify.empty() ? write.target : write.verify;
  const std::string& expected = write.expected.empty() ? write.value : write.expected;
  const double deadline = monotonic_s() + write.settle_s;
  while (true) {
    const std::string now = filesystem_->read(path);
    if (values_match(now, expected)) return;
    if (monotonic_s() >= deadline) {
      throw DeviceError(write.target + ": wrote \"" + write.value + "\", but " + (path == write.target ? "it" : path) +
                        " reads \"" + now + "\" instead of \"" + expected + "\"");
    }
    ::usleep(1000);
  }
}

void Executor::write_file(const std::string& knob, const PrimitiveWrite& write) {
  if (write.shrinks) check_shrink(write);
  JournalEntry* const entry = begin_write(knob, write);
  if (entry == nullptr) return;
  const std::string high = parent_directory(write.target) + "/memory.high";
  const bool step_down = write.shrinks && write.shrink_live && write.version == 2 && filesystem_->exists(high) &&
                         !processes_in(*filesystem_, parent_directory(write.target)).empty();
  if (step_down) {
    // Reclaim comes first and may take its time; memory.max alone would kill for what is not reclaimed at once.
    filesystem_->write(high, write.value);
    const std::string current = parent_directory(write.target) + "/memory.current";
    const double deadline = monotonic_s() + 5.0;
    while (to_bytes(filesystem_->read(current)).value_or(0) > to_bytes(write.value).value_or(0)) {
      if (monotonic_s() > deadline) {
        filesystem_->write(high, "max");
        throw DeviceError(current + ": still above " + write.value +
                          " after 5 s; restart the workload under the new limit");
      }
      ::usleep(10000);
    }
  }
  filesystem_->write(write.target, write.value);
  if (step_down) filesystem_->write(high, "max");
  finish_write(*entry, write);
}

void Executor::write_pair(const std::string& knob, const PrimitiveWrite& first, const PrimitiveWrite& second) {
  if (first.shrinks) check_shrink(first);
  // Two indices: the second push may move the entries.
  JournalEntry* one = begin_write(knob, first);
  const std::uint64_t one_seq = one != nullptr ? one->seq : 0;
  JournalEntry* const two = begin_write(knob, second);
  if (one != nullptr) {
    one = &*std::find_if(entries_.begin(), entries_.end(), [&](const JournalEntry& e) { return e.seq == one_seq; });
  }
  bool second_done = two == nullptr;
  if (one != nullptr) {
    int error = filesystem_->write_bytes(first.target, first.value);
    if (error == EINVAL && !second_done) {
      filesystem_->write(second.target, second.value);
      second_done = true;
      error = filesystem_->write_bytes(first.target, first.value);
    }
    if (error != 0) {
      throw DeviceError(system_error_text(first.target, "writing \"" + first.value + "\"", error) +
                        (first.shrinks && error == EBUSY
                             ? "; the group uses more than that: restart the workload under the new limit"
                             : ""));
    }
  }
  if (!second_done) filesystem_->write(second.target, second.value);
  if (one != nullptr) finish_write(*one, first);
  if (two != nullptr) finish_write(*two, second);
}

void Executor::check_shrink(const PrimitiveWrite& write) const {
  const std::string group = parent_directory(write.target);
  const auto target = to_bytes(write.value);
  if (write.version != 2 || !target || processes_in(*filesystem_, group).empty()) return;
  const std::uint64_t used = to_bytes(filesystem_->read(group + "/memory.current")).value_or(0);
  const auto limit = to_bytes(filesystem_->try_read(write.target).value_or("max"));
  if (limit && *target >= *limit) return;  // raising is always safe
  constexpr std::uint64_t kFloor = 64ULL << 20;
  const std::uint64_t least = std::max(kFloor, used + used / 10);
  if (*target >= least) return;
  // memory.max below usage makes the kernel kill the workload; v1 answers EBUSY instead.
  if (!write.shrink_live || *target < kFloor) {
    throw DeviceError(write.target + ": \"" + write.value + "\" is below the " + std::to_string(used) +
                      " bytes in use and a tenth (at least 64 MiB); restart the workload under the new limit");
  }
}

void Executor::replace_text(const std::string& knob, const PrimitiveWrite& write) {
  const fs::path path = filesystem_->on_disk(write.target);
  const std::optional<FileContent> found = read_regular_file(path);
  JournalEntry* entry = find(Action::replace_file, write.target);
  if (entry != nullptr) {
    entry->earlier.push_back(entry->wanted);
    entry->wanted = write.value;
    checkpoint("before journal");
    persistent_.append(*entry);
    checkpoint("after journal");
  } else {
    JournalEntry fresh = entry_of(knob, Action::replace_file, write.target, write.value);
    if (found) fresh.before = found->bytes;
    fresh.mode = found ? found->mode : 0644U;
    fresh.persistent = true;
    entry = &push(std::move(fresh));
  }
  replace_file(path, write.value, entry->mode.value_or(0644));
  checkpoint("after write");
  const std::optional<FileContent> now = read_regular_file(path);
  if (!now || now->bytes != write.value) throw DeviceError(write.target + ": does not hold what was written");
}

void Executor::register_process(pid_t pid) {
  const std::optional<ProcessIdentity> process = identity_of(pid);
  if (!process) throw DeviceError("process " + std::to_string(pid) + ": is not there");
  JournalEntry entry = entry_of("workload", Action::call, "process " + std::to_string(pid), "");
  entry.action = "process";
  entry.process = *process;
  volatile_.append(entry);
  entries_.push_back(std::move(entry));
}

void Executor::kill_workload() {
  for (const JournalEntry& entry : entries_) {
    if (entry.action == "process") kill_process(entry);
    if (entry.action == to_text(Action::make_group)) kill_group(*filesystem_, entry.path);
  }
}

RestoreReport Executor::restore() {
  if (::getpid() != self_.pid) return {};  // a fork of the owner has nothing to give back
  kill_workload();
  const std::vector<JournalEntry> all = entries_;
  Undone undone = undo_all(all, *filesystem_, volatile_.path(), checkpoint_);
  std::erase_if(entries_, [&](const JournalEntry& entry) { return undone.settled.contains(entry.seq); });
  for (Journal* const journal : {&volatile_, &persistent_}) {
    const bool persistent = journal == &persistent_;
    const auto in_it = [&](const JournalEntry& entry) { return entry.persistent == persistent; };
    if (std::none_of(entries_.begin(), entries_.end(), in_it)) {
      journal->discard();
      continue;
    }
    for (JournalEntry line : all) {
      if (!in_it(line) || !undone.settled.contains(line.seq)) continue;
      line.action = "done";
      journal->append(line);
    }
  }
  return std::move(undone.report);
}

}  // namespace bayestuner::knob
