#pragma once
/// Numbers, names and matrices as bytes and back: one function of a class, `archive(a)`, serves both ways.

#include <Eigen/Core>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "bayestuner/core/error.hpp"

namespace bayestuner::selection::detail {

static_assert(std::endian::native == std::endian::little, "a selector's file is little-endian");

template <class T>
inline constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_enum_v<T>;

/// Appends what it is called with.
class Writer {
 public:
  static constexpr bool reads = false;
  std::string bytes;

  template <class T>
    requires is_plain<T>
  void operator()(T& value) {
    raw(&value, sizeof value);
  }
  void operator()(std::string& text) {
    count(text.size());
    raw(text.data(), text.size());
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    count(values.size());
    if constexpr (is_plain<T>) {
      raw(values.data(), values.size() * sizeof(T));
    } else {
      for (T& value : values) (*this)(value);
    }
  }
  template <class T, int R, int C>
  void operator()(Eigen::Matrix<T, R, C>& m) {
    count(static_cast<std::size_t>(m.rows()));
    count(static_cast<std::size_t>(m.cols()));
    raw(m.data(), static_cast<std::size_t>(m.size()) * sizeof(T));
  }
  template <class T, int R, int C>
  void operator()(Eigen::Array<T, R, C>& m) {
    count(static_cast<std::size_t>(m.rows()));
    count(static_cast<std::size_t>(m.cols()));
    raw(m.data(), static_cast<std::size_t>(m.size()) * sizeof(T));
  }
  template <class T>
    requires requires(T& t, Writer& w) { t.archive(w); }
  void operator()(T& value) {
    value.archive(*this);
  }

 private:
  void count(std::size_t n) {
    auto wide = static_cast<std::uint64_t>(n);
    raw(&wide, sizeof wide);
  }
  void raw(const void* data, std::size_t size) {
    if (size > 0) bytes.append(static_cast<const char*>(data), size);
  }
};

/// Takes the same things off again. Throws InvalidArgument where bytes are missing.
class Reader {
 public:
  static constexpr bool reads = true;
  Reader(const char* begin, const char* end) : at_(begin), end_(end) {}

  bool at_end() const { return at_ == end_; }

  template <class T>
    requires is_plain<T>
  void operator()(T& value) {
    raw(&value, sizeof value);
  }
  void operator()(std::string& text) {
    text.resize(count(1));
    raw(text.data(), text.size());
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    if constexpr (is_plain<T>) {
      values.resize(count(sizeof(T)));
      raw(values.data(), values.size() * sizeof(T));
    } else {
      values.resize(count(1));
      for (T& value : values) (*this)(value);
    }
  }
  template <class T, int R, int C>
  void operator()(Eigen::Matrix<T, R, C>& m) {
    read_matrix<T>(m);
  }
  template <class T, int R, int C>
  void operator()(Eigen::Array<T, R, C>& m) {
    read_matrix<T>(m);
  }
  template <class T>
    requires requires(T& t, Reader& r) { t.archive(r); }
  void operator()(T& value) {
    value.archive(*this);
  }

 private:
  template <class T, class M>
  void read_matrix(M& m) {
    const std::size_t rows = count(0), cols = count(0);
    if (cols != 0 && rows > left() / sizeof(T) / cols) cut_short();
    m.resize(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(cols));
    raw(m.data(), rows * cols * sizeof(T));
  }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::size_t count(std::size_t size_of_one) {
    std::uint64_t wide = 0;
    raw(&wide, sizeof wide);
    if (size_of_one != 0 && wide > left() / size_of_one) cut_short();
    return static_cast<std::size_t>(wide);
  }
  void raw(void* data, std::size_t size) {
    if (size > left()) cut_short();
    if (size > 0) std::memcpy(data, at_, size);
    at_ += size;
  }
  [[noreturn]] static void cut_short() { throw InvalidArgument("the file is cut short or damaged"); }

  const char* at_;
  const char* end_;
};

}  // namespace bayestuner::selection::detail
