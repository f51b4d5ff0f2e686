#pragma once
/// State as plain bytes, field by field: no padding, so equal states are equal bytes.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "bayestuner/core/random.hpp"

namespace bayestuner::control::detail {

template <class Self>
struct Archive {
  template <class... T>
  void operator()(T&... values) {
    (one(values), ...);
  }

 private:
  template <class T>
  void one(T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      static_cast<Self*>(this)->raw(value);
    } else if constexpr (requires { value.fields(*static_cast<Self*>(this)); }) {
      value.fields(*static_cast<Self*>(this));
    } else {
      for (auto& part : value) one(part);
    }
  }
};

struct Writer : Archive<Writer> {
  explicit Writer(std::span<std::byte> bytes) : out(bytes) {}
  template <class T>
  void raw(const T& value) {
    if (at + sizeof value <= out.size()) std::memcpy(out.data() + at, &value, sizeof value);
    at += sizeof value;
  }
  std::span<std::byte> out;
  std::size_t at = 0;
};

struct Reader : Archive<Reader> {
  explicit Reader(std::span<const std::byte> bytes) : in(bytes) {}
  template <class T>
  void raw(T& value) {
    if (at + sizeof value <= in.size()) std::memcpy(&value, in.data() + at, sizeof value);
    at += sizeof value;
  }
  std::span<const std::byte> in;
  std::size_t at = 0;
};

struct Hasher : Archive<Hasher> {
  template <class T>
  void raw(const T& value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    hash = mix64(hash ^ bits);
  }
  std::uint64_t hash = 0x2545f4914f6cdd1dULL;
};

inline std::uint64_t checksum(std::span<const std::byte> bytes) noexcept {
  std::uint64_t hash = bytes.size();
  for (const std::byte b : bytes) hash = mix64(hash ^ static_cast<std::uint64_t>(b));
  return hash;
}

struct SnapshotHeader {
  static constexpr std::uint32_t magic_word = 0x6c727463;  // "ctrl"
  std::uint32_t magic = magic_word;
  std::uint32_t version = 1;
  std::uint64_t made_with = 0;  // hash of kind, grid and options
  std::uint64_t sum = 0;        // of the bytes that follow
  template <class A>
  void fields(A& archive) {
    archive(magic, version, made_with, sum);
  }
};
inline constexpr std::size_t header_size = 24;

/// Snapshots of a class with `fingerprint()` (what it was made with) and `state(archive)` (what it has become).
template <class C>
std::size_t write_snapshot(const C& controller, std::span<std::byte> out) noexcept {
  C& self = const_cast<C&>(controller);  // state() lists the fields for reading and for writing; a Writer only reads
  Writer body(out.size() > header_size ? out.subspan(header_size) : std::span<std::byte>{});
  self.state(body);
  if (header_size + body.at <= out.size()) {
    SnapshotHeader header{.made_with = controller.fingerprint(), .sum = checksum(out.subspan(header_size, body.at))};
    Writer head(out);
    header.fields(head);
  }
  return header_size + body.at;
}

template <class C>
bool read_snapshot(C& controller, std::span<const std::byte> in) noexcept {
  if (in.size() < header_size) return false;
  SnapshotHeader header;
  Reader head(in);
  header.fields(head);
  const auto rest = in.subspan(header_size);
  if (header.magic != SnapshotHeader::magic_word || header.version != 1 ||
      header.made_with != controller.fingerprint() || header.sum != checksum(rest)) {
    return false;
  }
  Writer size({});
  controller.state(size);
  if (size.at != rest.size()) return false;
  Reader body(rest);
  controller.state(body);
  return true;
}

}  // namespace bayestuner::control::detail
