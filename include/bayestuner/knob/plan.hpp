#pragma once
/// What setting a knob would do, as data: nothing here touches the machine.

#include <functional>
#include <string>
#include <vector>

#include "bayestuner/core/text.hpp"
#include "bayestuner/space/value.hpp"

namespace bayestuner::knob {

/// What one primitive write does, and hence how it is undone.
enum class Action {
  make_group,          ///< mkdir of a control group of ours; undone by killing what is inside and rmdir
  vacate_group,        ///< v2: our own processes move from `target` into the leaf `value`; undone by moving them back
  enable_controllers,  ///< v2: `value` names controllers for `target`/cgroup.subtree_control; undone by disabling them
  write_file,          ///< one write(2) of `value` into the kernel file `target`; undone by compare-and-restore
  replace_file,        ///< the text file `target` is rendered from `value`; undone by putting the bytes found back
  set_environment,     ///< at launch: the variable `target` of the child
  set_argument,        ///< at launch: the placeholder {target} in the argument template
  set_affinity,        ///< at launch: the CPU list `value` as the child's affinity
  expect_cpus,         ///< at launch: every thread of the child must be confined to the CPU list `value`
  join_group,          ///< at launch: the child starts inside the group `target`
  call                 ///< `function` runs in this process
};

using bayestuner::to_text;  // numbers, beside the overloads of this area

/// The action's name as the journal and dry runs print it.
std::string to_text(Action action);

/// One step of a plan. Paths are absolute and may hold kSessionToken, which the session replaces by its own identity.
struct PrimitiveWrite {
  Action action = Action::write_file;
  std::string target = {};    ///< path, variable or placeholder
  std::string value = {};     ///< bytes to write
  std::string verify = {};    ///< file that shows the effective value; empty: `target` itself
  std::string expected = {};  ///< what `verify` must read then; empty: `value`
  double settle_s = 0.0;      ///< how long the effective value may take
  int pair = 0;               ///< neighbours with the same number > 0 may go the other way round (min/max, limit/memsw)
  bool optional = false;      ///< a missing file is not an error (swap accounting switched off)
  bool shrinks = false;       ///< a memory limit: below what is used now it needs a restart of the workload
  bool shrink_live = false;   ///< …or may be lowered step by step while the workload runs
  std::string controller = {};          ///< groups: whose hierarchy `target` is in
  int version = 0;                      ///< groups: 1 or 2
  std::string placeholder = {};         ///< replace_file: the name that `text` replaces in the template
  std::string text = {};                ///< replace_file: see `placeholder`
  std::function<void()> function = {};  ///< call
};

/// Stands in a plan's paths for `<pid>-<starttime>[-<n>]` of the session that applies it.
inline constexpr const char* kSessionToken = "{session}";

/// Ordered primitive writes that set one knob to one value.
struct Plan {
  std::string knob = {};
  space::Value value = {};
  std::string resource = {};  ///< who else may not tune at the same time (`host-cpu`); empty: nobody minds
  std::vector<PrimitiveWrite> writes = {};

  /// Dry run: one line a write, in order.
  std::string to_text() const;
};

}  // namespace bayestuner::knob
