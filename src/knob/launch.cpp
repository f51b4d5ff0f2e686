#include "bayestuner/knob/launch.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {

std::optional<GroupRef> LaunchPlan::group(const std::string& controller) const {
  const auto found =
      std::find_if(groups.begin(), groups.end(), [&](const GroupRef& group) { return group.controller == controller; });
  return found == groups.end() ? std::nullopt : std::optional(*found);
}

PreparedLaunch::PreparedLaunch(const LaunchPlan& plan) {
  for (const GroupRef& group : plan.groups) {
    std::string procs = group.path + "/cgroup.procs";
    if (std::find(procs_.begin(), procs_.end(), procs) == procs_.end()) procs_.push_back(std::move(procs));
  }
  if (plan.set_affinity && !plan.cpus.empty()) {
    constexpr std::size_t kBits = sizeof(unsigned long) * CHAR_BIT;
    mask_.assign(static_cast<std::size_t>(*plan.cpus.rbegin()) / kBits + 1, 0UL);
    for (const int cpu : plan.cpus)
      mask_[static_cast<std::size_t>(cpu) / kBits] |= 1UL << (static_cast<std::size_t>(cpu) % kBits);
  }
}

int PreparedLaunch::enter() noexcept {
  // Between fork and exec: nothing here allocates, locks or throws.
  for (step_ = 0; step_ < procs_.size(); ++step_) {
    const int fd = ::open(procs_[step_].c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno;
    ssize_t put = 0;
    do {
      put = ::write(fd, "0", 1);  // 0 is the writer itself
    } while (put < 0 && errno == EINTR);
    const int error = put < 0 ? errno : 0;
    ::close(fd);
    if (error != 0) return error;
  }
  if (!mask_.empty() && ::syscall(SYS_sched_setaffinity, 0, mask_.size() * sizeof(unsigned long), mask_.data()) < 0) {
    return errno;
  }
  return 0;
}

std::string PreparedLaunch::explain(std::size_t step, int error) const {
  if (step < procs_.size()) return system_error_text(procs_[step], "joining the group", error);
  return system_error_text("sched_setaffinity", "confining the workload to its CPUs", error);
}

std::optional<std::uint64_t> oom_kills(const LaunchPlan& plan) {
  const std::optional<GroupRef> group = plan.group("memory");
  if (!group) return std::nullopt;
  const auto text =
      Filesystem("/").try_read(group->path + (group->version == 2 ? "/memory.events" : "/memory.oom_control"));
  if (!text) return std::nullopt;
  const std::string key = "oom_kill ";
  for (std::size_t at = 0; (at = text->find(key, at)) != std::string::npos; at += key.size()) {
    if (at != 0 && (*text)[at - 1] != '\n') continue;
    std::uint64_t count = 0;
    std::from_chars(text->data() + at + key.size(), text->data() + text->size(), count);
    return count;
  }
  return std::nullopt;
}

std::string render_template(const std::string& text, const std::map<std::string, std::string>& values) {
  const auto is_name = [](char c, bool first) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return letter || (!first && c >= '0' && c <= '9');
  };
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t end = at + 1;
    if (text[at] == '{') {
      while (end < text.size() && is_name(text[end], end == at + 1)) ++end;
    }
    if (text[at] != '{' || end == at + 1 || end == text.size() || text[end] != '}') {
      out += text[at];
      continue;
    }
    const std::string name = text.substr(at + 1, end - at - 1);
    const auto value = values.find(name);
    if (value == values.end()) {
      std::string known;
      for (const auto& [key, unused] : values) known += (known.empty() ? "" : ", ") + key;
      throw InvalidArgument("template: {" + name + "} is none of: " + known);
    }
    out += value->second;
    at = end;
  }
  return out;
}

}  // namespace bayestuner::knob
