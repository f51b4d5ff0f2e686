#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace bayestuner::space {

/// A text as a template argument: the name in `integer<"cores">(1, 28)`.
template <std::size_t N>
struct FixedString {
  char text[N]{};

  consteval FixedString(const char (&literal)[N]) { std::copy_n(literal, N, text); }  // NOLINT: a literal is a name

  constexpr std::string_view view() const { return {text, N - 1}; }
};

}  // namespace bayestuner::space
