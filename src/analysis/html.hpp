#pragma once

#include <string>

namespace bayestuner::analysis {

// `text` as it may stand in HTML, SVG and their attributes.
inline std::string html_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

}  // namespace bayestuner::analysis
