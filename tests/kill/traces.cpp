#include "kill/traces.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "bayestuner/knob/cgroup.hpp"
#include "bayestuner/knob/process_identity.hpp"

namespace bayestuner::kill {

namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

std::vector<Process> processes_of(const Place& place) {
  const std::string mark = "BAYESTUNER_STATE_DIR=" + place.state().string();
  std::vector<Process> found;
  std::error_code error;
  for (fs::directory_iterator it("/proc", error), end; !error && it != end; it.increment(error)) {
    const pid_t pid = std::atoi(it->path().filename().c_str());
    if (pid <= 0 || pid == ::getpid()) continue;
    if (content(it->path() / "environ").find(mark) == std::string::npos) continue;
    const auto identity = knob::identity_of(pid);
    if (identity && knob::is_alive(*identity)) found.push_back({pid, knob::command_of(pid)});
  }
  return found;
}

std::vector<std::string> groups_of(const std::vector<pid_t>& tuners) {
  static const knob::CgroupLayout layout = knob::CgroupLayout::discover();
  std::set<std::string> prefixes, found;
  for (const pid_t tuner : tuners) prefixes.insert("bayestuner-" + std::to_string(tuner) + "-");
  for (const char* controller : {"cpuset", "cpu", "memory", "cpuacct"}) {
    const knob::GroupSite& site = layout.site(controller);
    if (!site.availability) continue;
    for (const std::string& name : layout.filesystem()->list(site.parent)) {
      const std::size_t end = name.find('-', name.find('-') + 1);
      if (end != std::string::npos && prefixes.contains(name.substr(0, end + 1)))
        found.insert(site.parent + "/" + name);
    }
  }
  return {found.begin(), found.end()};
}

std::string values_of(const Place& place) {
  std::string text;
  if (place.knobs == Knobs::real) {
    text += content(kernel_file);
  } else {
    text += content(place.tree() / "sys/x/a") + " " + content(place.tree() / "sys/x/b") + "\n";
  }
  text += content(place.config_on_disk());
  for (const auto& entry : fs::directory_iterator(place.config_on_disk().parent_path())) {
    const std::string name = entry.path().filename().string();
    if (name.find("server.conf") != std::string::npos) text += name + " ";
  }
  return text;
}

std::vector<std::string> journals_of(const Place& place) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator it(place.state(), error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() == ".jsonl") found.push_back(it->path().string());
  }
  return found;
}

Doing doing_now(const Place& place) {
  const std::string byte = content(place.doing());
  return static_cast<Doing>(byte.empty() ? 0 : std::min(byte[0], static_cast<char>(doings - 1)));
}

std::vector<Told> told_of(const Place& place) {
  std::vector<Told> all;
  std::istringstream lines(content(place.told()));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    Told told;
    if (!(fields >> told.number >> told.state >> told.cost)) continue;  // cut off by the kill
    std::getline(fields >> std::ws, told.params);
    all.push_back(std::move(told));
  }
  return all;
}

}  // namespace bayestuner::kill
