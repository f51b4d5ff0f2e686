#include "runner/process_tree.hpp"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <sstream>

#include "bayestuner/core/detail/read_file.hpp"

namespace bayestuner::runner {
namespace {

/// Calls `visit` with the number and folder of every process until it returns false.
void for_each_process(const std::function<bool(pid_t, const std::filesystem::path&)>& visit) {
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const std::string number = at->path().filename().string();
    pid_t pid = 0;
    const auto [rest, failure] = std::from_chars(number.data(), number.data() + number.size(), pid);
    if (failure != std::errc{} || rest != number.data() + number.size()) continue;
    if (!visit(pid, at->path())) return;
  }
}

std::string content(const std::filesystem::path& path) {
  return detail::read_file(path).value_or("");
}

}  // namespace

std::vector<pid_t> processes_with_variable(const std::string& name, const std::string& value) {
  const std::string wanted = name + "=" + value;
  std::vector<pid_t> found;
  for_each_process([&](pid_t pid, const std::filesystem::path& folder) {
    if (pid == ::getpid()) return true;
    const std::string all = content(folder / "environ");  // a zombie's is empty, another user's is closed
    for (std::size_t from = 0; from < all.size();) {
      const std::size_t to = std::min(all.find('\0', from), all.size());
      if (all.compare(from, to - from, wanted) == 0) {
        found.push_back(pid);
        break;
      }
      from = to + 1;
    }
    return true;
  });
  return found;
}

bool group_lives(pid_t group) {
  if (::kill(-group, 0) != 0 && errno == ESRCH) return false;
  bool lives = false;
  for_each_process([&](pid_t, const std::filesystem::path& folder) {
    const std::string stat = content(folder / "stat");
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return true;
    std::istringstream fields(stat.substr(name_end + 1));
    char state = 'Z';
    pid_t parent = 0, process_group = 0;
    fields >> state >> parent >> process_group;
    lives = process_group == group && state != 'Z' && state != 'X';
    return !lives;
  });
  return lives;
}

}  // namespace bayestuner::runner
