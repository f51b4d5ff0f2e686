#include "bayestuner/knob/resource_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"
#include "bayestuner/knob/journal.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

int open_lock(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) throw DeviceError(system_error_text(path.string(), "opening the lock", errno));
  return fd;
}

bool lock_now(int fd) {
  int result = 0;
  do {
    result = ::flock(fd, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

bool is_still_at(const fs::path& path, int fd) {
  struct stat at_path {
  }, opened{};
  return ::lstat(path.c_str(), &at_path) == 0 && ::fstat(fd, &opened) == 0 && at_path.st_ino == opened.st_ino &&
         at_path.st_dev == opened.st_dev;
}

ProcessIdentity holder_of(int fd) {
  std::array<char, 64> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  ProcessIdentity holder;
  if (got <= 0) return holder;
  const char* const end = text.data() + got;
  const auto [rest, error] = std::from_chars(text.data(), end, holder.pid);
  if (error == std::errc{} && rest != end) std::from_chars(rest + 1, end, holder.starttime);
  return holder;
}

void write_holder(int fd) {
  const ProcessIdentity self = identity_of().value_or(ProcessIdentity{});
  const std::string text = std::to_string(self.pid) + " " + std::to_string(self.starttime) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw DeviceError(system_error_text("lock", "writing the holder", errno));
  }
}

/// Removes a lock whose holder is dead; one process at a time, so that nobody removes the successor's.
void remove_stale(const fs::path& path, int fd, const ProcessIdentity& holder) {
  const fs::path gate = path.parent_path() / ".take-over";
  const int gate_fd = open_lock(gate);
  if (lock_now(gate_fd) && is_still_at(path, fd) && holder_of(fd) == holder && !is_alive(holder)) {
    ::unlink(path.c_str());
  }
  ::close(gate_fd);
}

}  // namespace

ResourceLock::ResourceLock(const fs::path& state_dir, const std::string& resource, const std::string& what)
    : resource_(resource) {
  if (resource.empty() || resource.front() == '.' || resource.find('/') != std::string::npos) {
    throw InvalidArgument("resource: \"" + resource + "\" is not a name without slashes");
  }
  require_private_directory(state_dir);
  require_private_directory(state_dir / "lock");
  const fs::path path = state_dir / "lock" / (resource + ".lock");
  for (int attempt = 0; attempt < 20; ++attempt) {
    const int fd = open_lock(path);
    if (lock_now(fd)) {
      if (is_still_at(path, fd)) {
        fd_ = fd;
        owner_ = ::getpid();
        write_holder(fd);
        return;
      }
      ::close(fd);  // removed as stale between open and flock
      continue;
    }
    const ProcessIdentity holder = holder_of(fd);
    if (holder.pid != 0 && is_alive(holder)) {
      ::close(fd);
      throw BusyError((what.empty() ? resource : what) + ": in use by process " + std::to_string(holder.pid) + " (" +
                      command_of(holder.pid) + "), which tunes it already; lock " + path.string());
    }
    // No name yet: the holder is between flock and writing it.
    if (holder.pid != 0) remove_stale(path, fd, holder);
    ::close(fd);
    ::usleep(5000);
  }
  throw BusyError((what.empty() ? resource : what) + ": the lock " + path.string() +
                  " is held by a process that does not say who it is");
}

ResourceLock::~ResourceLock() {
  if (fd_ < 0) return;
  if (::getpid() == owner_) {  // a fork shares the lock and must not open it
    // An empty file says that nobody holds it, also to those who inherited the descriptor.
    [[maybe_unused]] const int emptied = ::ftruncate(fd_, 0);
    ::flock(fd_, LOCK_UN);
  }
  ::close(fd_);
}

ResourceLock::ResourceLock(ResourceLock&& other) noexcept
    : resource_(std::move(other.resource_)), fd_(std::exchange(other.fd_, -1)), owner_(other.owner_) {}

}  // namespace bayestuner::knob
