#include "meter/keep_alive.hpp"

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <utility>

namespace bayestuner::meter {

KeepAlive::KeepAlive(double period_s, std::function<void()> read) {
  // Signals are the main thread's: one that lands here would not end its waits.
  sigset_t all, old;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &old);
  thread_ = std::thread([this, period_s, read = std::move(read)] {
    using Clock = std::chrono::steady_clock;
    const auto period = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(period_s));
    auto next = Clock::now() + period;
    std::unique_lock lock(mutex_);
    while (!ended_.wait_until(lock, next, [this] { return end_; })) {
      lock.unlock();
      read();
      lock.lock();
      next = std::max(next + period, Clock::now());
    }
  });
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

KeepAlive::~KeepAlive() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

}  // namespace bayestuner::meter
