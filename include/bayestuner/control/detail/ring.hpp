#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <type_traits>

namespace bayestuner::control::detail {

/// Bounded queue between threads, without locks: any number of writers, one reader. A full queue refuses, so that a
/// serving thread never waits for whoever reads. Allocates in the constructor alone.
/// Source: the bounded queue with a sequence number in each cell of D. Vyukov (1024cores.net, "Bounded MPMC queue").
template <class T>
class Ring {
  static_assert(std::is_trivially_copyable_v<T>, "Ring: items are copied while others write");

 public:
  /// Holds at least `capacity` items; rounded up to a power of two.
  explicit Ring(std::size_t capacity)
      : mask_(std::bit_ceil(capacity < 2 ? std::size_t{2} : capacity) - 1), cells_(new Cell[mask_ + 1]) {
    for (std::size_t i = 0; i <= mask_; ++i) cells_[i].turn.store(i, std::memory_order_relaxed);
  }

  /// False where it is full.
  bool push(const T& item) noexcept {
    std::size_t at = write_.load(std::memory_order_relaxed);
    for (;;) {
      Cell& cell = cells_[at & mask_];
      const auto turn = static_cast<std::ptrdiff_t>(cell.turn.load(std::memory_order_acquire) - at);
      if (turn < 0) return false;
      if (turn > 0) {
        at = write_.load(std::memory_order_relaxed);
      } else if (write_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) {
        cell.item = item;
        cell.turn.store(at + 1, std::memory_order_release);
        return true;
      }
    }
  }

  /// False where it is empty. From one thread.
  bool pop(T& item) noexcept {
    Cell& cell = cells_[read_ & mask_];
    if (cell.turn.load(std::memory_order_acquire) != read_ + 1) return false;
    item = cell.item;
    cell.turn.store(read_ + mask_ + 1, std::memory_order_release);
    ++read_;
    return true;
  }

 private:
  struct Cell {
    std::atomic<std::size_t> turn{0};
    T item{};
  };
  const std::size_t mask_;
  std::unique_ptr<Cell[]> cells_;
  alignas(64) std::atomic<std::size_t> write_{0};
  alignas(64) std::size_t read_ = 0;
};

}  // namespace bayestuner::control::detail
