#pragma once
/// Numbers and lists as text, locale-free and round-tripping, without a formatting library.

#include <array>
#include <charconv>
#include <concepts>
#include <string>

namespace bayestuner {

/// Shortest text that reads back as exactly `value`; `nan`, `inf`, `-inf` otherwise.
inline std::string to_text(double value) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), end};
}

template <std::integral I>
  requires(!std::same_as<I, bool>)
std::string to_text(I value) {
  return std::to_string(value);
}

/// `items` joined by `separator`; each item is a string.
template <class Range>
std::string join(const Range& items, const std::string& separator = ", ") {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += separator;
    text += item;
  }
  return text;
}

}  // namespace bayestuner
