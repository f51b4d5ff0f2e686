#include <fstream>
#include <iterator>

#include "bayestuner/core/detail/read_file.hpp"
#include "bayestuner/runner/subprocess.hpp"
#include "runner/clean_text.hpp"

namespace bayestuner::runner {

std::string last_lines(const std::filesystem::path& file, std::size_t lines, std::size_t width) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  constexpr std::streamoff most = 16384;
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - most));
  const std::string text = detail::read_rest(in).value_or("");
  std::vector<std::string> found;
  for (std::size_t to = text.size(); found.size() < lines && to > 0;) {
    const std::size_t newline = text.rfind('\n', to - 1);
    const std::size_t from = newline == std::string::npos ? 0 : newline + 1;
    std::string line = text.substr(from, to - from);
    while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.pop_back();
    if (!line.empty()) found.insert(found.begin(), line);
    if (newline == std::string::npos) break;
    to = newline;
  }
  std::string joined;
  for (const std::string& line : found) joined += (joined.empty() ? "" : " | ") + line;
  return clean_text(joined, width, true);
}

std::vector<std::string> LineReader::read(bool all) {
  std::ifstream in(file_, std::ios::binary);
  if (in) {
    in.seekg(static_cast<std::streamoff>(at_));
    const std::string gained = detail::read_rest(in).value_or("");
    at_ += gained.size();
    rest_ += gained;
  }
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (std::size_t to = 0; (to = rest_.find('\n', from)) != std::string::npos; from = to + 1) {
    lines.push_back(rest_.substr(from, to - from));
  }
  rest_.erase(0, from);
  if (all && !rest_.empty()) {
    lines.push_back(rest_);
    rest_.clear();
  }
  return lines;
}

}  // namespace bayestuner::runner
