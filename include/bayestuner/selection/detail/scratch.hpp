#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace bayestuner::selection::detail {

/// Room for n numbers, on the stack for as many as N: what a decision needs for a moment takes no memory. Not filled. A
/// range, hence a span where one is asked for.
template <class T, std::size_t N>
class Scratch {
 public:
  explicit Scratch(std::size_t n)  // NOLINT: filled as far as it is read
      : many_(n > N ? n : 0), room_(n > N ? std::span<T>(many_) : std::span<T>(few_).first(n)) {}
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T& operator[](std::size_t k) const { return room_[k]; }
  T* data() const { return room_.data(); }
  auto begin() const { return room_.begin(); }
  auto end() const { return room_.end(); }

 private:
  std::array<T, N> few_;
  std::vector<T> many_;
  std::span<T> room_;
};

}  // namespace bayestuner::selection::detail
