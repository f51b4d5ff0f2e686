#include "group_ops.hpp"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>

#include "bayestuner/core/clock.hpp"

namespace bayestuner::knob {
namespace {

std::vector<std::string> groups_below(const Filesystem& filesystem, const std::string& path) {
  std::vector<std::string> below;
  for (const std::string& name : filesystem.list(path)) {
    std::error_code error;
    const std::filesystem::path on_disk = filesystem.on_disk(path + "/" + name);
    if (std::filesystem::is_directory(std::filesystem::symlink_status(on_disk, error))) {
      below.push_back(path + "/" + name);
    }
  }
  return below;
}

bool is_empty(const Filesystem& filesystem, const std::string& path) {
  if (!processes_in(filesystem, path).empty()) return false;
  const std::vector<std::string> below = groups_below(filesystem, path);
  return std::all_of(below.begin(), below.end(), [&](const std::string& group) { return is_empty(filesystem, group); });
}

void signal_all(const Filesystem& filesystem, const std::string& path) {
  for (const int pid : processes_in(filesystem, path)) {
    if (pid > 1 && pid != ::getpid()) ::kill(pid, SIGKILL);
  }
  for (const std::string& group : groups_below(filesystem, path)) signal_all(filesystem, group);
}

}  // namespace

bool is_our_group(const std::string& path) {
  return std::filesystem::path(path).filename().string().starts_with(kGroupPrefix);
}

std::vector<int> processes_in(const Filesystem& filesystem, const std::string& path) {
  std::vector<int> pids;
  const std::string text = filesystem.try_read(path + "/cgroup.procs").value_or("");
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    int pid = 0;
    const auto [rest, error] = std::from_chars(at, end, pid);
    if (error == std::errc{} && pid > 0) pids.push_back(pid);
    at = std::find(rest, end, '\n');
    if (at != end) ++at;
  }
  return pids;
}

bool kill_group(const Filesystem& filesystem, const std::string& path, double timeout_s) {
  if (!is_our_group(path) || !filesystem.is_real()) return is_empty(filesystem, path);
  const double deadline = monotonic_s() + timeout_s;
  useconds_t pause_us = 200;
  while (!is_empty(filesystem, path)) {
    // cgroup.kill (v2) also catches what forks meanwhile; the loop does where it is missing.
    if (filesystem.write_bytes(path + "/cgroup.kill", "1") != 0) signal_all(filesystem, path);
    if (monotonic_s() > deadline) return false;
    ::usleep(pause_us);
    pause_us = std::min<useconds_t>(pause_us * 2, 20000);
  }
  return true;
}

int remove_group(const Filesystem& filesystem, const std::string& path, double timeout_s) {
  const double deadline = monotonic_s() + timeout_s;
  kill_group(filesystem, path, timeout_s);
  useconds_t pause_us = 200;
  while (true) {
    for (const std::string& group : groups_below(filesystem, path)) remove_group(filesystem, group, 0.0);
    const int error = filesystem.remove_dir(path);
    if (error == 0 || error == ENOENT) return 0;
    // A process that was killed leaves its group a moment later.
    if (error != EBUSY || monotonic_s() > deadline) return error;
    ::usleep(pause_us);
    pause_us = std::min<useconds_t>(pause_us * 2, 20000);
    if (is_our_group(path) && filesystem.is_real()) signal_all(filesystem, path);
  }
}

int move_processes(const Filesystem& filesystem, const std::string& from, const std::string& to) {
  // Those who fork while we move appear in the next round.
  for (int round = 0; round < 20; ++round) {
    const std::vector<int> pids = processes_in(filesystem, from);
    if (pids.empty()) return 0;
    for (const int pid : pids) {
      const int error = filesystem.write_bytes(to + "/cgroup.procs", std::to_string(pid));
      if (error != 0 && error != ESRCH && error != EINVAL) return error;  // EINVAL: still being created, try again
    }
  }
  return processes_in(filesystem, from).empty() ? 0 : EBUSY;
}

}  // namespace bayestuner::knob
