#include "bayestuner/knob/cgroup.hpp"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/process_identity.hpp"
#include "group_ops.hpp"
#include "guardian.hpp"
#include "undo.hpp"

namespace bayestuner::knob {
namespace {

struct Mount {
  std::string root;  // which directory of the hierarchy is mounted
  std::string point;
  bool v2 = false;
  std::set<std::string> options;  // v1: the controllers among other words
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (std::size_t end = 0; (end = text.find(separator, at)) != std::string::npos; at = end + 1) {
    parts.push_back(text.substr(at, end - at));
  }
  parts.push_back(text.substr(at));
  return parts;
}

/// The kernel writes blanks in mount points as \040.
std::string unescape(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t k) { return k < text.size() && text[k] >= '0' && text[k] <= '7'; };
    if (text[i] == '\\' && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// Lines are `36 35 98:0 /root /point options [tags…] - type source superoptions`.
std::vector<Mount> cgroup_mounts(const std::string& mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string& line : split(mountinfo, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 10 || fields.end() - dash < 4) continue;
    const std::string& type = *(dash + 1);
    if (type != "cgroup" && type != "cgroup2") continue;
    const std::vector<std::string> options = split(*(dash + 3), ',');
    mounts.push_back({unescape(fields[3]), unescape(fields[4]), type == "cgroup2", {options.begin(), options.end()}});
  }
  return mounts;
}

/// Lines are `4:cpu,cpuacct:/path`; v2 is `0::/path`. Key: controller, empty for v2.
std::map<std::string, std::string> own_paths(const std::string& text) {
  std::map<std::string, std::string> paths;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    for (const std::string& name : split(line.substr(first + 1, second - first - 1), ',')) {
      paths[name] = line.substr(second + 1);
    }
  }
  return paths;
}

/// Directory of `path` below `mount`; nullopt where our namespace does not show it.
std::optional<std::string> directory_of(const Mount& mount, const std::string& path) {
  if (path.starts_with("/..")) return std::nullopt;
  std::string below = path;
  if (mount.root != "/") {
    if (path != mount.root && !path.starts_with(mount.root + "/")) return std::nullopt;
    below = path.substr(mount.root.size());
  }
  while (!below.empty() && below.back() == '/') below.pop_back();
  return mount.point + below;
}

bool is_ours(pid_t pid) {
  if (command_of(pid) == Guardian::kName) return true;
  const pid_t self = ::getpid();
  for (int depth = 0; pid > 1 && depth < 64; ++depth, pid = parent_of(pid)) {
    if (pid == self) return true;
  }
  return false;
}

const std::string kRootRemedy = "run as root, or let root make a group and give it to this user";

void locate_v1(const Filesystem& filesystem, GroupSite& site) {
  if (!filesystem.exists(site.own)) {
    site.availability = Availability::unavailable(site.own + ": our own group is not visible here");
  } else if (!filesystem.is_writable(site.own)) {
    site.availability = Availability::unavailable(site.own + ": no right to make a group below it", kRootRemedy);
  } else if (site.controller == "cpuset" && filesystem.try_read(site.own + "/cpuset.cpus").value_or("").empty()) {
    site.availability = Availability::unavailable(site.own + "/cpuset.cpus: our own group has no CPUs to share");
  } else {
    site.parent = site.own;
    site.availability = Availability::available();
  }
}

void locate_v2(const Filesystem& filesystem, const Mount& mount, GroupSite& site) {
  const std::string& own = site.own;
  const bool accounting = site.controller == "cpuacct";  // every v2 group has cpu.stat
  const auto lists = [&](const std::string& path) {
    return accounting || words_of(filesystem.try_read(path).value_or("")).contains(site.controller);
  };
  const bool root = ::geteuid() == 0 || !filesystem.is_real();
  const bool systemd = filesystem.exists("/run/systemd/system");
  const std::string scope = std::string("start it in a scope of its own: systemd-run ") + (root ? "" : "--user ") +
                            "--scope --slice=bayestuner -p Delegate=yes COMMAND";
  const auto accept = [&](const std::string& parent, bool vacate) {
    site.parent = parent;
    site.vacate = vacate;
    if (vacate && !accounting) site.enable = {site.controller};
    site.availability = Availability::available();
  };
  const bool own_is_top = own == mount.point && !filesystem.exists(own + "/cgroup.type");
  const bool writable = filesystem.is_writable(own) && filesystem.is_writable(own + "/cgroup.procs");
  if (!own_is_top && writable && lists(own + "/cgroup.controllers")) {
    if (lists(own + "/cgroup.subtree_control")) return accept(own, false);
    const std::vector<int> inside = processes_in(filesystem, own);
    const bool alone = std::all_of(inside.begin(), inside.end(), [](int pid) { return is_ours(pid); });
    if (alone && filesystem.is_writable(own + "/cgroup.subtree_control")) return accept(own, true);
  }
  // The root group itself is never written, so its children have only what it hands out already.
  if (root && !systemd && filesystem.is_writable(mount.point) && lists(mount.point + "/cgroup.subtree_control")) {
    return accept(mount.point, false);
  }
  std::string reason;
  if (!own_is_top && !lists(own + "/cgroup.controllers")) {
    reason = own + ": the controller " + site.controller + " is not handed down to our group";
  } else if (!own_is_top && !writable) {
    reason = own + ": our group is not delegated to this user";
  } else if (!own_is_top) {
    reason = own + ": our group also holds processes of others";
  } else {
    reason = mount.point + "/cgroup.subtree_control: the root group does not hand down " + site.controller;
  }
  site.availability = Availability::unavailable(reason, systemd ? scope : kRootRemedy);
}

}  // namespace

std::string GroupSite::group() const {
  return parent + "/" + kGroupPrefix + kSessionToken;
}

std::vector<PrimitiveWrite> GroupSite::make_and_join() const {
  std::vector<PrimitiveWrite> steps;
  if (vacate) {
    steps.push_back({.action = Action::vacate_group,
                     .target = own,
                     .value = own + "/" + kGroupPrefix + "self-" + kSessionToken,
                     .version = 2});
  }
  for (const std::string& name : enable) {
    steps.push_back({.action = Action::enable_controllers, .target = parent, .value = name, .version = 2});
  }
  steps.push_back({.action = Action::make_group, .target = group(), .controller = controller, .version = version});
  steps.push_back({.action = Action::join_group, .target = group(), .controller = controller, .version = version});
  return steps;
}

CgroupLayout CgroupLayout::discover(std::shared_ptr<const Filesystem> filesystem) {
  CgroupLayout layout;
  layout.filesystem_ = std::move(filesystem);
  const Filesystem& fs = *layout.filesystem_;
  const std::vector<Mount> mounts = cgroup_mounts(fs.try_read("/proc/self/mountinfo").value_or(""));
  const std::map<std::string, std::string> paths = own_paths(fs.try_read("/proc/self/cgroup").value_or(""));
  for (const std::string controller : {"cpuset", "cpu", "memory", "cpuacct"}) {
    GroupSite site;
    site.controller = controller;
    site.availability =
        Availability::unavailable("no cgroup hierarchy has the controller " + controller, "use affinity for CPUs");
    for (const Mount& mount : mounts) {
      const bool has =
          mount.v2 ? controller == "cpuacct" ||
                         words_of(fs.try_read(mount.point + "/cgroup.controllers").value_or("")).contains(controller)
                   : mount.options.contains(controller);
      // A controller is in one hierarchy only; v1 accounting is better than the empty v2 tree of a hybrid machine.
      if (!has || (mount.v2 && site.version == 1)) continue;
      const auto path = paths.find(mount.v2 ? "" : controller);
      const auto own = path == paths.end() ? std::nullopt : directory_of(mount, path->second);
      site.version = mount.v2 ? 2 : 1;
      if (!own) {
        site.availability = Availability::unavailable(mount.point + ": our group lies outside this cgroup namespace");
        continue;
      }
      site.own = *own;
      site.enable.clear();
      site.vacate = false;
      if (mount.v2) {
        locate_v2(fs, mount, site);
      } else {
        locate_v1(fs, site);
      }
    }
    layout.sites_.emplace(controller, std::move(site));
  }
  return layout;
}

const GroupSite& CgroupLayout::site(const std::string& controller) const {
  const auto found = sites_.find(controller);
  if (found == sites_.end()) {
    throw InvalidArgument("controller: " + controller + " is none of cpuset, cpu, memory, cpuacct");
  }
  return found->second;
}

Plan accounting_plan(const CgroupLayout& layout, const std::vector<std::string>& controllers) {
  Plan plan{.knob = "accounting", .value = std::string("on"), .resource = {}, .writes = {}};
  for (const std::string& controller : controllers) {
    const GroupSite& site = layout.site(controller);
    if (!site.availability) continue;
    for (PrimitiveWrite& step : site.make_and_join()) plan.writes.push_back(std::move(step));
  }
  return plan;
}

}  // namespace bayestuner::knob
