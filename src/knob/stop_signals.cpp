#include "bayestuner/knob/stop_signals.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {
namespace {

constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};

// A signal handler has no argument, so these are the only globals; lock-free, hence allowed in it.
std::atomic<int> first_signal{0};
std::atomic<int> event_fd{-1};
std::atomic<bool> hangup_reloads{false}, reload{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

extern "C" void bayestuner_note_signal(int number) {
  const int saved = errno;
  int none = 0;
  if (number == SIGHUP && hangup_reloads.load()) {
    reload.store(true);
    return;
  }
  if (!first_signal.compare_exchange_strong(none, number)) {
    // The user insists: back to the default and die of it. The guardian restores.
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
  const std::uint64_t one = 1;
  if (const int fd = event_fd.load(); fd >= 0) {
    [[maybe_unused]] const ssize_t told = ::write(fd, &one, sizeof one);
  }
  errno = saved;
}

}  // namespace

struct StopSignals::State {
  std::array<struct sigaction, kSignals.size()> before{};
};

StopSignals::StopSignals(Hangup hangup) : state_(std::make_unique<State>()) {
  if (event_fd.load() >= 0) throw InvalidArgument("StopSignals: another one lives in this process");
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) throw DeviceError(system_error_text("eventfd", "waiting for signals", errno));
  first_signal.store(0);
  reload.store(false);
  hangup_reloads.store(hangup == Hangup::reloads);
  event_fd.store(fd);
  struct sigaction action {};
  action.sa_handler = bayestuner_note_signal;
  ::sigemptyset(&action.sa_mask);  // no SA_RESTART: waits must end
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &action, &state_->before[i]);
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &state_->before[i], nullptr);
  const int fd = event_fd.exchange(-1);
  if (fd >= 0) ::close(fd);
}

bool StopSignals::requested() const {
  return first_signal.load() != 0;
}
int StopSignals::signal() const {
  return first_signal.load();
}
bool StopSignals::take_reload() {
  return reload.exchange(false);
}
int StopSignals::fd() const {
  return event_fd.load();
}

}  // namespace bayestuner::knob
