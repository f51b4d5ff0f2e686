#include "guardian.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/process_identity.hpp"
#include "undo.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

/// Everything but `keep` goes: a lock or a pipe of the tuner that stayed open here would outlive it.
void close_all_but(int keep) {
  keep = ::fcntl(keep, F_DUPFD, 10);  // clear of 0 to 3, which are replaced next
  const int null = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3 && null >= 0; ++fd) ::dup2(null, fd);
  ::dup2(keep, 3);
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, 4U, ~0U, 0U) == 0) return;
#endif
  const long most = ::sysconf(_SC_OPEN_MAX);
  for (int fd = 4; fd < (most > 0 && most < 65536 ? most : 65536); ++fd) ::close(fd);
}

/// Returns true when the owner died, false when it said goodbye.
bool wait_for_end(const ProcessIdentity& owner) {
  constexpr int kPipe = 3;
#ifdef SYS_pidfd_open
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, owner.pid, 0U));
#else
  const int pidfd = -1;
#endif
  bool pipe_open = true;
  while (true) {
    // The pipe may be kept open by a fork of the owner, or closed by an owner that lives on: the process decides.
    if (!is_alive(owner)) {
      char byte = 0;
      ::fcntl(kPipe, F_SETFL, O_NONBLOCK);
      return ::read(kPipe, &byte, 1) != 1;
    }
    std::array<pollfd, 2> events{pollfd{.fd = pipe_open ? kPipe : -1, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = pidfd, .events = POLLIN, .revents = 0}};
    const int timeout_ms = !pipe_open && pidfd < 0 ? 50 : (pidfd >= 0 ? -1 : 1000);
    if (::poll(events.data(), events.size(), timeout_ms) < 0 && errno != EINTR) return true;
    if (pipe_open && (events[0].revents & (POLLIN | POLLHUP)) != 0) {
      char byte = 0;
      const ssize_t got = ::read(kPipe, &byte, 1);
      if (got == 1) return false;
      if (got == 0) pipe_open = false;
    }
    if ((events[1].revents & POLLIN) != 0) {
      // The process is gone as a whole, whatever /proc still shows of it.
      char byte = 0;
      ::fcntl(kPipe, F_SETFL, O_NONBLOCK);
      return ::read(kPipe, &byte, 1) != 1;
    }
  }
}

[[noreturn]] void guard(const ProcessIdentity& owner, const std::vector<fs::path>& journals,
                        const std::shared_ptr<const Filesystem>& filesystem) {
  try {
    if (wait_for_end(owner)) {
      for (const fs::path& journal : journals) undo_journal(journal, filesystem, false);
    }
  } catch (...) {
    // The journal stays; the next start or `bayestuner restore` reads it again and has somebody to tell.
  }
  ::_exit(0);
}

}  // namespace

Guardian::Guardian(std::vector<fs::path> journals, std::shared_ptr<const Filesystem> filesystem) {
  const std::optional<ProcessIdentity> owner = identity_of();
  if (!owner) throw DeviceError("/proc/self/stat: cannot be read; the guardian needs /proc");
  std::array<int, 2> life{}, report{};
  if (::pipe2(life.data(), O_CLOEXEC) != 0) throw DeviceError(system_error_text("guardian", "making a pipe", errno));
  if (::pipe2(report.data(), O_CLOEXEC) != 0) {
    const int error = errno;
    ::close(life[0]);
    ::close(life[1]);
    throw DeviceError(system_error_text("guardian", "making a pipe", error));
  }
  // No signal may end the child between fork and the moment it ignores them.
  sigset_t all, old;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild != 0) {
      [[maybe_unused]] const ssize_t told = ::write(report[1], &grandchild, sizeof grandchild);
      ::_exit(grandchild > 0 ? 0 : 1);
    }
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGTSTP}) {
      ::signal(signal, SIG_IGN);
    }
    ::signal(SIGCHLD, SIG_DFL);
    ::close(life[1]);
    close_all_but(life[0]);
    [[maybe_unused]] const int moved = ::chdir("/");
    ::prctl(PR_SET_NAME, kName);
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    guard(*owner, journals, filesystem);
  }
  const int fork_error = errno;
  ::close(life[0]);
  ::close(report[1]);
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  pid_t grandchild = -1;
  const bool told = child > 0 && ::read(report[0], &grandchild, sizeof grandchild) == sizeof grandchild;
  ::close(report[0]);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (!told || grandchild <= 0) {
    ::close(life[1]);
    throw DeviceError(system_error_text("guardian", "starting the process", child < 0 ? fork_error : EAGAIN));
  }
  pipe_ = life[1];
  pid_ = grandchild;
  owner_ = owner->pid;
}

Guardian::~Guardian() {
  if (::getpid() != owner_) {  // a fork must not dismiss its parent's guardian
    ::close(pipe_);
    return;
  }
  // A pipe without reader would end us: the guardian may have been killed.
  sigset_t pipe_signal, old;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
  const char goodbye = 'q';
  if (::write(pipe_, &goodbye, 1) < 0 && errno == EPIPE) {
    const timespec now{};
    ::sigtimedwait(&pipe_signal, nullptr, &now);
  }
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  ::close(pipe_);
}

}  // namespace bayestuner::knob
