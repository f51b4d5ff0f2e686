#include "meter/proc.hpp"

#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "bayestuner/core/detail/read_file.hpp"

namespace bayestuner::meter {

std::optional<std::string> read_text(const std::filesystem::path& path) {
  return detail::read_file(path);
}

namespace {
std::optional<double> parse(const std::string& text) {
  const std::size_t from = text.find_first_not_of(" \t");
  if (from == std::string::npos) return std::nullopt;
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data() + from, text.data() + text.size(), value);
  const bool whole = end == text.data() + text.size() || *end == '\n' || *end == ' ';
  if (error != std::errc() || !whole || !std::isfinite(value) || value < 0.0) return std::nullopt;
  return value;
}
}  // namespace

std::optional<double> read_number(const std::filesystem::path& path) {
  const auto text = read_text(path);
  return text ? parse(*text) : std::nullopt;
}

std::optional<double> read_keyed(const std::filesystem::path& path, const std::string& key) {
  const auto text = read_text(path);
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key + " ")) return parse(line.substr(key.size() + 1));
  }
  return std::nullopt;
}

std::vector<pid_t> process_tree(pid_t root) {
  std::multimap<pid_t, pid_t> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    const auto stat = read_text(entry.path() / "stat");
    if (!stat) continue;
    const std::size_t end = stat->rfind(')');
    if (end == std::string::npos || end + 4 >= stat->size()) continue;
    children.emplace(static_cast<pid_t>(std::strtol(stat->c_str() + end + 4, nullptr, 10)), pid);
  }
  std::vector<pid_t> found{root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [from, to] = children.equal_range(found[i]);
    for (auto it = from; it != to; ++it) found.push_back(it->second);
  }
  return found;
}

}  // namespace bayestuner::meter
