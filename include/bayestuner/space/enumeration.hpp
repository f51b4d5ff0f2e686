#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace bayestuner::space {

/// Lazy range over the elements `at(0)`, …, `at(count - 1)` of a countable space; holds no more than the space itself.
template <class S>
class Enumeration {
 public:
  class iterator {
   public:
    using value_type = decltype(std::declval<const S&>().at(0));
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    iterator() = default;
    iterator(const S* space, std::uint64_t index) : space_(space), index_(index) {}
    value_type operator*() const { return space_->at(index_); }
    iterator& operator++() { return ++index_, *this; }
    void operator++(int) { ++index_; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.index_ == b.index_; }

   private:
    const S* space_ = nullptr;
    std::uint64_t index_ = 0;
  };

  Enumeration(S space, std::uint64_t count) : space_(std::move(space)), count_(count) {}
  iterator begin() const { return {&space_, 0}; }
  iterator end() const { return {&space_, count_}; }
  std::uint64_t size() const { return count_; }

 private:
  S space_;
  std::uint64_t count_;
};

}  // namespace bayestuner::space
