#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace bayestuner::meter {

/// A thread that reads a counter every `period_s` until it is destroyed. Deadlines are absolute: a late reading does
/// not shift the next.
class KeepAlive {
 public:
  KeepAlive(double period_s, std::function<void()> read);
  ~KeepAlive();
  KeepAlive(const KeepAlive&) = delete;
  KeepAlive& operator=(const KeepAlive&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace bayestuner::meter
