#include "runner/clean_text.hpp"

#include <algorithm>

namespace bayestuner::runner {
namespace {

/// Length of the UTF-8 sequence at `at`, 0 if there is no valid one.
std::size_t sequence_length(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second > 0x9F;
  return overlong || surrogate || (first == 0xF4 && second > 0x8F) ? 0 : length;
}

}  // namespace

std::string clean_text(const std::string& text, std::size_t width, bool tail) {
  const bool cut = text.size() > width;
  std::size_t from = cut && tail ? text.size() - width : 0;
  const std::size_t to = cut && !tail ? width : text.size();
  // A cut may fall inside a character: leave its remainder out.
  while (cut && tail && from < to && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
  std::string clean = cut && tail ? "…" : "";
  while (from < to) {
    const std::size_t length = sequence_length(text, from);
    if (length == 0) {
      if (!(cut && !tail && from + 4 > to)) clean += '?';
      ++from;
    } else if (from + length > to) {
      break;
    } else if (length == 1 && (static_cast<unsigned char>(text[from]) < 0x20 || text[from] == 0x7F)) {
      clean += ' ';
      ++from;
    } else {
      clean += text.substr(from, length);
      from += length;
    }
  }
  if (cut && !tail) clean += "…";
  return clean;
}

}  // namespace bayestuner::runner
