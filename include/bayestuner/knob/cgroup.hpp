#pragma once
/// Which cgroup hierarchy holds a controller here, and where we may make a group of our own.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bayestuner/core/availability.hpp"
#include "bayestuner/knob/filesystem.hpp"
#include "bayestuner/knob/plan.hpp"

namespace bayestuner::knob {

/// Where one controller's groups can be made.
struct GroupSite {
  std::string controller;
  int version = 0;                  ///< 1 or 2; 0: no hierarchy has this controller
  std::string own;                  ///< directory of the group this process is in
  std::string parent;               ///< directory our groups go into
  bool vacate = false;              ///< v2: our own processes must move into a leaf of `parent` first
  std::vector<std::string> enable;  ///< v2: controllers that `parent` must enable for its children
  Availability availability = Availability::unavailable("not looked for");

  /// `<parent>/bayestuner-{session}`.
  std::string group() const;
  /// Steps that make the group and put the child into it.
  std::vector<PrimitiveWrite> make_and_join() const;
};

/// The cgroup hierarchies of this machine, decided per controller: v1, v2, or both at once (hybrid).
/// Source of the order in which a place is sought: the kernel's delegation rules and systemd's (own group, delegated
/// scope, root), see docs/knobs.md.
class CgroupLayout {
 public:
  /// Reads /proc/self/mountinfo and /proc/self/cgroup. Never throws for what it finds.
  static CgroupLayout discover(const std::shared_ptr<const Filesystem>& filesystem = real_filesystem());

  /// The site of "cpuset", "cpu", "memory" or "cpuacct" (v2: part of "cpu").
  const GroupSite& site(const std::string& controller) const;

 private:
  std::map<std::string, GroupSite> sites_;
};

/// Group(s) for accounting and for killing the whole workload, with no limit set: the controllers of `controllers` that
/// are available here. Apply it together with the knobs' plans; an empty plan where there is no cgroup.
Plan accounting_plan(const CgroupLayout& layout,
                     const std::vector<std::string>& controllers = {"cpuacct", "cpu", "memory"});

}  // namespace bayestuner::knob
