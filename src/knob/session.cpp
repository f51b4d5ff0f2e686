#include "bayestuner/knob/session.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <optional>
#include <set>
#include <utility>

#include "bayestuner/core/clock.hpp"
#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/cpu_list.hpp"
#include "bayestuner/knob/journal.hpp"
#include "bayestuner/knob/process_identity.hpp"
#include "bayestuner/knob/resource_lock.hpp"
#include "executor.hpp"
#include "group_ops.hpp"
#include "guardian.hpp"
#include "undo.hpp"

namespace bayestuner::knob {
namespace {

namespace fs = std::filesystem;

/// Numbers sessions of this process apart.
std::uint64_t next_number() {
  static std::atomic<std::uint64_t> count{0};
  return count.fetch_add(1);
}

std::string replace_all(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

bool has_path(Action action) {
  return action == Action::make_group || action == Action::vacate_group || action == Action::enable_controllers ||
         action == Action::write_file || action == Action::replace_file || action == Action::join_group;
}

void add_to_launch(LaunchPlan& launch, const PrimitiveWrite& write) {
  switch (write.action) {
    case Action::set_environment:
      launch.environment[write.target] = write.value;
      break;
    case Action::set_argument:
      launch.arguments[write.target] = write.value;
      break;
    case Action::set_affinity:
      launch.set_affinity = true;
      [[fallthrough]];
    case Action::expect_cpus: {
      const std::set<int> cpus = parse_cpu_list(write.value);
      std::set<int> both;
      std::set_intersection(cpus.begin(), cpus.end(), launch.cpus.begin(), launch.cpus.end(),
                            std::inserter(both, both.end()));
      if (!launch.cpus.empty() && both.empty()) {
        throw DeviceError("CPUs " + write.value + ": another knob leaves only " + format_cpu_list(launch.cpus));
      }
      launch.cpus = launch.cpus.empty() ? cpus : both;
      break;
    }
    case Action::join_group: {
      const GroupRef group{.controller = write.controller, .version = write.version, .path = write.target};
      if (std::find(launch.groups.begin(), launch.groups.end(), group) == launch.groups.end()) {
        launch.groups.push_back(group);
      }
      break;
    }
    default:
      break;
  }
}

/// One knob may hold one placeholder of a file that several knobs share: merge them into one write of the whole file.
void merge_templates(std::vector<std::pair<std::string, PrimitiveWrite>>& writes) {
  std::map<std::string, std::map<std::string, std::string>> values;  // path -> placeholder -> text
  for (const auto& [knob, write] : writes) {
    if (write.action == Action::replace_file) values[write.target][write.placeholder] = write.text;
  }
  std::set<std::string> done;
  std::erase_if(writes, [&](auto& item) {
    PrimitiveWrite& write = item.second;
    if (write.action != Action::replace_file) return false;
    if (!done.insert(write.target).second) return true;
    write.value = render_template(write.value, values[write.target]);
    return false;
  });
}

}  // namespace

struct Session::State {
  SessionOptions options;
  std::shared_ptr<const Filesystem> filesystem;
  std::string identity;
  RestoreReport recovered;
  std::optional<Executor> executor;
  std::vector<ResourceLock> locks;
  std::optional<Guardian> guardian;
  fs::path state_dir;
};

Session::Session(SessionOptions options) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.options = std::move(options);
  state.filesystem = state.options.filesystem ? state.options.filesystem : real_filesystem();
  const bool own_dir = !state.options.state_dir.empty();
  state.state_dir = own_dir ? state.options.state_dir : state_directory();
  const fs::path persistent_dir = own_dir ? state.options.state_dir : persistent_state_directory();
  if (state.options.recover) {
    // A tree given by hand is for what it was given for; other journals name their own.
    state.recovered = restore_all(state.options.state_dir, state.filesystem->is_real() ? nullptr : state.filesystem);
  }
  const std::optional<ProcessIdentity> self = identity_of();
  if (!self) throw DeviceError("/proc/self/stat: cannot be read; sessions need /proc");
  const std::uint64_t number = next_number();
  state.identity = std::to_string(self->pid) + "-" + std::to_string(self->starttime) +
                   (number == 0 ? "" : "-" + std::to_string(number));
  state.executor.emplace(state.filesystem, *self, number, state.state_dir, persistent_dir, state.options.checkpoint);
  if (state.options.guardian) state.guardian.emplace(state.executor->journal_paths(), state.filesystem);
}

Session::~Session() {
  if (!state_) return;
  try {
    restore();
  } catch (...) {
    // What could not be put back is in the journal.
  }
}

LaunchPlan Session::apply(const std::vector<Plan>& plans) {
  State& state = *state_;
  LaunchPlan launch;
  std::vector<std::pair<std::string, PrimitiveWrite>> writes;
  std::vector<std::string> resources;
  for (const Plan& plan : plans) {
    if (!plan.resource.empty()) resources.push_back(plan.resource);
    for (PrimitiveWrite write : plan.writes) {
      if (has_path(write.action)) {
        write.target = replace_all(write.target, kSessionToken, state.identity);
        write.verify = replace_all(write.verify, kSessionToken, state.identity);
        if (write.action == Action::vacate_group) write.value = replace_all(write.value, kSessionToken, state.identity);
      }
      add_to_launch(launch, write);
      writes.emplace_back(plan.knob, std::move(write));
    }
  }
  merge_templates(writes);
  for (const std::string& resource : resources) hold(resource);
  state.executor->execute(writes);
  return launch;
}

void Session::hold(const std::string& resource) {
  State& state = *state_;
  const bool held = std::any_of(state.locks.begin(), state.locks.end(),
                                [&](const ResourceLock& lock) { return lock.resource() == resource; });
  if (state.options.lock && !held && !resource.empty()) state.locks.emplace_back(state.state_dir, resource);
}

void Session::register_process(pid_t pid) {
  state_->executor->register_process(pid);
}

void Session::verify(pid_t pid, const LaunchPlan& plan) const {
  const Filesystem& files = *state_->filesystem;
  for (const GroupRef& group : plan.groups) {
    const std::vector<int> inside = processes_in(files, group.path);
    if (std::find(inside.begin(), inside.end(), pid) == inside.end()) {
      // A short job may be over, and a process that has ended is in no group.
      if (const auto process = identity_of(pid); !process || !is_alive(*process)) return;
      throw DeviceError(group.path + ": process " + std::to_string(pid) + " is not in this group");
    }
  }
  if (plan.cpus.empty()) return;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const std::string& task : files.list(tasks)) {
    const std::string status = files.try_read(tasks + "/" + task + "/status").value_or("");
    const std::string key = "Cpus_allowed_list:";
    const std::size_t at = status.find(key);
    if (at == std::string::npos) continue;  // the thread has ended
    const std::size_t end = std::min(status.find('\n', at), status.size());
    const std::set<int> allowed = parse_cpu_list(status.substr(at + key.size(), end - at - key.size()));
    if (!std::includes(plan.cpus.begin(), plan.cpus.end(), allowed.begin(), allowed.end())) {
      throw DeviceError(tasks + "/" + task + ": may run on CPUs " + format_cpu_list(allowed) + ", not only on " +
                        format_cpu_list(plan.cpus));
    }
  }
}

void Session::kill_workload() {
  state_->executor->kill_workload();
}

RestoreReport Session::restore() {
  return state_->executor->restore();
}

const RestoreReport& Session::recovered() const {
  return state_->recovered;
}
const std::string& Session::identity() const {
  return state_->identity;
}
const fs::path& Session::journal_path() const {
  return state_->executor->journal_path();
}

}  // namespace bayestuner::knob
