#pragma once
/// A parameter's value as users write it.

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "bayestuner/core/text.hpp"

namespace bayestuner::space {

using bayestuner::to_text;  // the overload below would hide it

/// One of a boolean, an integer, a real number, a label.
using Value = std::variant<bool, std::int64_t, double, std::string>;

/// A number (booleans count as 0 and 1), or nullopt for a label.
inline std::optional<double> as_number(const Value& value) {
  if (const auto* b = std::get_if<bool>(&value)) return *b ? 1.0 : 0.0;
  if (const auto* i = std::get_if<std::int64_t>(&value)) return static_cast<double>(*i);
  if (const auto* d = std::get_if<double>(&value)) return *d;
  return std::nullopt;
}

/// `true`, `8`, `0.5`, `ort`: the text that templates, reports and files use.
inline std::string to_text(const Value& value) {
  if (const auto* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
  if (const auto* i = std::get_if<std::int64_t>(&value)) return std::to_string(*i);
  if (const auto* d = std::get_if<double>(&value)) return bayestuner::to_text(*d);
  return std::get<std::string>(value);
}

/// Equality as users see it: 1, 1.0 and true are one number; labels are never numbers.
inline bool values_equal(const Value& a, const Value& b) {
  const auto x = as_number(a), y = as_number(b);
  if (x && y) return *x == *y;
  return !x && !y && std::get<std::string>(a) == std::get<std::string>(b);
}

}  // namespace bayestuner::space
