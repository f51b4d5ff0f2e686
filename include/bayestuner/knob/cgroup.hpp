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
  /// Steps that make the group and start the workload inside it.
  std::vector<PrimitiveWrite> make_and_join() const;
};

/// The cgroup hierarchies of this machine, decided per controller: v1, v2, or both at once (hybrid).
/// A v1 group is made below our own group. A v2 group is made below our own group where that holds nobody but us and
/// our children, who then move into a leaf (no process may sit beside a controlled group); else, as root where no
/// systemd manages the tree, below the mount. Otherwise the remedy is to start in a delegated systemd scope.
class CgroupLayout {
 public:
  /// Reads /proc/self/mountinfo and /proc/self/cgroup. What it finds, however odd, is a value and no exception.
  static CgroupLayout discover(std::shared_ptr<const Filesystem> filesystem = real_filesystem());

  /// The site of "cpuset", "cpu", "memory" or "cpuacct" (which v2 counts in every group). Throws InvalidArgument for
  /// others.
  const GroupSite& site(const std::string& controller) const;
  const std::shared_ptr<const Filesystem>& filesystem() const { return filesystem_; }

 private:
  std::shared_ptr<const Filesystem> filesystem_;
  std::map<std::string, GroupSite> sites_;
};

/// Groups without any limit, for accounting and for killing a workload as a whole: those of `controllers` that are
/// available here. Apply it together with the knobs' plans. No writes where there is no cgroup. "cpu" is not among
/// them: a group of its own there changes how the workload shares CPUs with everybody else.
Plan accounting_plan(const CgroupLayout& layout, const std::vector<std::string>& controllers = {"cpuacct", "memory"});

}  // namespace bayestuner::knob
