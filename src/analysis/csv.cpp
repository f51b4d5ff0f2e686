#include <algorithm>

#include "analysis/read_all.hpp"
#include "bayestuner/analysis/recorded_table.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::analysis {

std::size_t Csv::column(const std::string& name) const {
  const auto it = std::find(header.begin(), header.end(), name);
  if (it == header.end()) {
    throw InvalidArgument(path.string() + ": has no column '" + name + "', only " + join(header));
  }
  return static_cast<std::size_t>(it - header.begin());
}

Csv read_csv(const std::filesystem::path& path) {
  const std::string text = read_all(path);
  Csv csv{.path = path, .header = {}, .rows = {}, .lines = {}};
  std::size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0, line = 1;
  while (at < text.size()) {
    const std::size_t first_line = line;
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (c == '\n') ++line;
      if (quoted) {
        if (c == '"' && at + 1 < text.size() && text[at + 1] == '"')
          cells.back() += text[++at];
        else if (c == '"')
          quoted = false;
        else
          cells.back() += c;
      } else if (c == '"' && cells.back().empty()) {
        quoted = true;
      } else if (c == ',') {
        cells.emplace_back();
      } else if (c == '\n') {
        ++at;
        break;
      } else if (c != '\r') {
        cells.back() += c;
      }
    }
    if (quoted) {
      throw InvalidArgument(path.string() + ":" + std::to_string(first_line) + ": a quote is never closed");
    }
    if (cells.size() == 1 && cells[0].empty()) continue;
    if (csv.header.empty()) {
      csv.header = std::move(cells);
      continue;
    }
    if (cells.size() != csv.header.size()) {
      throw InvalidArgument(path.string() + ":" + std::to_string(first_line) + ": " + std::to_string(cells.size()) +
                            " cells, the header has " + std::to_string(csv.header.size()));
    }
    csv.rows.push_back(std::move(cells));
    csv.lines.push_back(first_line);
  }
  if (csv.header.empty()) throw InvalidArgument(path.string() + ": is empty");
  return csv;
}

}  // namespace bayestuner::analysis
