#include "bayestuner/knob/process_identity.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <vector>

namespace bayestuner::knob {
namespace {

std::optional<std::string> slurp(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::array<char, 2048> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  if (got <= 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(got));
}

/// Fields of /proc/<pid>/stat from the state (field 3) on; the name before it may hold spaces and brackets.
std::vector<std::string> stat_fields(pid_t pid) {
  std::vector<std::string> fields;
  const auto text = slurp("/proc/" + std::to_string(pid) + "/stat");
  if (!text) return fields;
  const std::size_t bracket = text->rfind(')');
  if (bracket == std::string::npos) return fields;
  std::string field;
  for (std::size_t i = bracket + 2; i < text->size(); ++i) {
    const char c = (*text)[i];
    if (c != ' ' && c != '\n') {
      field += c;
    } else if (!field.empty()) {
      fields.push_back(std::move(field));
      field.clear();
    }
  }
  return fields;
}

template <class I>
I to_number(const std::string& text) {
  I number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::size_t thread_count(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) return 0;
  std::size_t count = 0;
  while (const dirent* const entry = ::readdir(directory)) count += entry->d_name[0] != '.';
  ::closedir(directory);
  return count;
}

}  // namespace

std::optional<ProcessIdentity> identity_of(pid_t pid) {
  if (pid == 0) pid = ::getpid();
  const std::vector<std::string> fields = stat_fields(pid);
  if (fields.size() < 20) return std::nullopt;
  return ProcessIdentity{.pid = pid, .starttime = to_number<std::uint64_t>(fields[19])};
}

bool is_alive(const ProcessIdentity& process) {
  if (process.pid <= 0) return false;
  const std::vector<std::string> fields = stat_fields(process.pid);
  if (fields.size() < 20 || to_number<std::uint64_t>(fields[19]) != process.starttime) return false;
  // A first thread that ended while others go on looks like a zombie.
  const bool ended = fields[0] == "Z" || fields[0] == "X";
  return !ended || thread_count(process.pid) > 1;
}

pid_t parent_of(pid_t pid) {
  const std::vector<std::string> fields = stat_fields(pid);
  return fields.size() < 2 ? 0 : to_number<pid_t>(fields[1]);
}

std::string command_of(pid_t pid) {
  std::string text = slurp("/proc/" + std::to_string(pid) + "/comm").value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace bayestuner::knob
