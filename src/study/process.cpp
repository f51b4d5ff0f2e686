#include "study/process.hpp"

#include <unistd.h>

#include <fstream>
#include <sstream>

#include "bayestuner/core/detail/read_file.hpp"

namespace bayestuner::study {

namespace {

std::string boot_id() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string id;
  in >> id;
  return id;
}

// Field 22 of /proc/<pid>/stat; the command name before it may hold spaces and parentheses. Empty for a zombie: it
// tells no trial any more.
std::string start_time(const std::string& pid) {
  const std::string text = detail::read_file("/proc/" + pid + "/stat").value_or("");
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  std::istringstream fields(text.substr(end + 2));
  std::string field;
  for (int i = 3; i <= 22 && fields >> field; ++i) {
    if (i == 3 && (field == "Z" || field == "X")) return {};
  }
  return field;
}

}  // namespace

std::string this_process() {
  const std::string pid = std::to_string(getpid());
  return boot_id() + "/" + pid + "/" + start_time(pid);
}

bool is_alive(const std::string& process) {
  const std::size_t first = process.find('/'), second = process.rfind('/');
  if (first == std::string::npos || first == second) return false;
  return process.substr(0, first) == boot_id() &&
         start_time(process.substr(first + 1, second - first - 1)) == process.substr(second + 1);
}

}  // namespace bayestuner::study
