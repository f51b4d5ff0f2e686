#pragma once
/// Model machines and small helpers for the knob tests.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bayestuner/conformance/model_filesystem.hpp"
#include "bayestuner/knob/launch.hpp"

namespace bayestuner::knob::test {

using conformance::ModelFilesystem;

/// A private folder that goes away.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "bayestuner-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() {
    std::error_code error;
    if (owner_ == ::getpid()) std::filesystem::remove_all(path_, error);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  pid_t owner_ = ::getpid();
};

inline bool wait_until(const std::function<bool()>& condition, double timeout_s = 120.0) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_s);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::usleep(500);
  }
  return true;
}

/// Runs `body` in a forked child and returns the child.
inline pid_t fork_child(const std::function<void()>& body) {
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  try {
    body();
  } catch (...) {
    ::_exit(99);
  }
  ::_exit(0);
}

inline int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

/// Starts `argv` under `plan`, as a runner does: fork, enter, exec. The process leads a group of its own.
inline pid_t start(const LaunchPlan& plan, std::vector<std::string> argv, const std::function<void(pid_t)>& tell = {}) {
  PreparedLaunch launch(plan);
  std::vector<char*> arguments;
  for (std::string& argument : argv) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  int gate[2];
  if (::pipe2(gate, O_CLOEXEC) != 0) return -1;
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setpgid(0, 0);
    ::close(gate[1]);
    char byte = 0;
    if (::read(gate[0], &byte, 1) != 1) ::_exit(98);  // the parent died before it told the journal
    if (launch.enter() != 0) ::_exit(97);
    ::execvp(arguments[0], arguments.data());
    ::_exit(96);
  }
  ::close(gate[0]);
  if (tell) tell(pid);
  [[maybe_unused]] const ssize_t told = ::write(gate[1], "g", 1);
  ::close(gate[1]);
  return pid;
}

/// Four cores with two threads each: CPU n and n + 4 share core n.
inline void add_cpus(const ModelFilesystem& tree, int cores = 4) {
  tree.set("/sys/devices/system/cpu/online", "0-" + std::to_string(2 * cores - 1) + "\n");
  for (int cpu = 0; cpu < 2 * cores; ++cpu) {
    const std::string topology = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    tree.set(topology + "physical_package_id", "0\n");
    tree.set(topology + "core_id", std::to_string(cpu % cores) + "\n");
  }
  tree.set("/proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n");
}

inline const std::string kCpuset = "/sys/fs/cgroup/cpuset";
inline const std::string kMemory = "/sys/fs/cgroup/memory";
inline const std::string kCpu = "/sys/fs/cgroup/cpu,cpuacct";

/// A machine with v1 cpuset, memory and co-mounted cpu,cpuacct; our memory group is /job.
inline std::shared_ptr<ModelFilesystem> v1_machine() {
  auto tree = std::make_shared<ModelFilesystem>();
  add_cpus(*tree);
  tree->set("/proc/self/mountinfo",
            "30 29 0:26 / /sys/fs/cgroup/cpuset rw,relatime shared:9 - cgroup cgroup rw,cpuset\n"
            "31 29 0:27 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
            "32 29 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
            "33 29 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
  tree->set("/proc/self/cgroup", "4:cpu,cpuacct:/\n3:memory:/job\n2:cpuset:/\n0::/\n");
  tree->set("/sys/fs/cgroup/unified/cgroup.controllers", "hugetlb\n");
  const auto fill = [](const ModelFilesystem& t, const std::string& path) {
    t.set(path + "/cgroup.procs", "");
    if (path.starts_with(kCpuset)) {
      t.set(path + "/cpuset.cpus", "");
      t.set(path + "/cpuset.mems", "");
      t.set(path + "/cpuset.effective_cpus", "");
    } else if (path.starts_with(kMemory)) {
      t.set(path + "/memory.limit_in_bytes", "9223372036854771712\n");
      t.set(path + "/memory.memsw.limit_in_bytes", "9223372036854771712\n");
      t.set(path + "/memory.swappiness", "60\n");
    } else if (path.starts_with(kCpu)) {
      t.set(path + "/cpu.cfs_quota_us", "-1\n");
      t.set(path + "/cpu.cfs_period_us", "100000\n");
    }
  };
  for (const std::string& group : {kCpuset, kMemory, kMemory + "/job", kCpu}) fill(*tree, group);
  tree->set(kCpuset + "/cpuset.cpus", "0-7\n");
  tree->set(kCpuset + "/cpuset.effective_cpus", "0-7\n");
  tree->set(kCpuset + "/cpuset.mems", "0\n");
  tree->after_mkdir(fill);
  tree->after_write("/cpuset.cpus", [](const ModelFilesystem& t, const std::string& path) {
    t.set(std::filesystem::path(path).parent_path().string() + "/cpuset.effective_cpus", t.get(path) + "\n");
  });
  return tree;
}

inline const std::string kTop = "/sys/fs/cgroup";
inline const std::string kOwn = "/sys/fs/cgroup/user.slice/run-1.scope";

/// A pure v2 machine; our group is a delegated scope that holds `inside`.
inline std::shared_ptr<ModelFilesystem> v2_machine(const std::set<int>& inside) {
  auto tree = std::make_shared<ModelFilesystem>();
  add_cpus(*tree);
  tree->set("/proc/self/mountinfo", "30 29 0:26 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n");
  tree->set("/proc/self/cgroup", "0::/user.slice/run-1.scope\n");
  tree->mkdir("/run/systemd/system");
  const auto add_controllers = [](const ModelFilesystem& t, const std::string& path, const std::string& names) {
    t.set(path + "/cgroup.controllers", names);
    if (names.find("cpuset") != std::string::npos) {
      t.set(path + "/cpuset.cpus", "");
      t.set(path + "/cpuset.cpus.effective", "0-7\n");
    }
    if (names.find("memory") != std::string::npos) {
      t.set(path + "/memory.max", "max\n");
      t.set(path + "/memory.high", "max\n");
      t.set(path + "/memory.swap.max", "max\n");
      t.set(path + "/memory.oom.group", "0\n");
      t.set(path + "/memory.current", "0\n");
    }
    t.set(path + "/cpu.max", "max 100000\n");
  };
  const auto fill = [add_controllers](const ModelFilesystem& t, const std::string& path) {
    t.set(path + "/cgroup.procs", "");
    t.set(path + "/cgroup.type", "domain\n");
    t.set(path + "/cgroup.subtree_control", "");
    const std::string above = std::filesystem::path(path).parent_path().string();
    add_controllers(t, path, t.get(above + "/cgroup.subtree_control"));
  };
  tree->set(kTop + "/cgroup.controllers", "cpuset cpu memory\n");
  tree->set(kTop + "/cgroup.subtree_control", "cpu memory\n");
  tree->set(kTop + "/cgroup.procs", "1\n");
  fill(*tree, kOwn);
  add_controllers(*tree, kOwn, "cpuset cpu memory\n");
  std::string procs;
  for (const int pid : inside) procs += std::to_string(pid) + "\n";
  tree->set(kOwn + "/cgroup.procs", procs);
  tree->after_mkdir(fill);
  // Writing a pid moves it: it leaves its old group.
  tree->on_write("/cgroup.procs", [t = tree.get()](const std::string& path, std::string& bytes) {
    const std::string pid = (bytes == "0" ? std::to_string(::getpid()) : bytes) + "\n";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(t->on_disk(kTop))) {
      if (entry.path().filename() != "cgroup.procs") continue;
      const std::string logical = "/" + std::filesystem::relative(entry.path(), t->root()).string();
      std::string text = t->get(logical);
      if (const std::size_t at = text.find(pid); at != std::string::npos) t->set(logical, text.erase(at, pid.size()));
    }
    bytes = t->get(path) + pid;
    return 0;
  });
  tree->on_write("/cgroup.subtree_control", [t = tree.get()](const std::string& path, std::string& bytes) {
    const std::string group = std::filesystem::path(path).parent_path().string();
    if (bytes.front() == '+' && t->get(group + "/cgroup.procs").find_first_of("0123456789") != std::string::npos) {
      return EBUSY;  // no processes beside controlled groups
    }
    std::string words = t->get(path);
    const std::string name = bytes.substr(1);
    if (bytes.front() == '+') {
      words += (words.empty() ? "" : " ") + name;
    } else if (const std::size_t at = words.find(name); at != std::string::npos) {
      words.erase(at, name.size());
      while (!words.empty() && words.back() == ' ') words.pop_back();
    }
    bytes = words;
    return 0;
  });
  tree->after_write("/cpuset.cpus", [](const ModelFilesystem& t, const std::string& path) {
    t.set(path + ".effective", t.get(path) + "\n");
  });
  // Controllers that are enabled later appear in the groups below.
  tree->after_write("/cgroup.subtree_control", [add_controllers](const ModelFilesystem& t, const std::string& path) {
    const std::filesystem::path group = std::filesystem::path(path).parent_path();
    for (const std::string& name : t.list(group.string())) {
      const std::string below = (group / name).string();
      if (name.starts_with("bayestuner-") && !name.starts_with("bayestuner-self")) {
        const std::string max = t.get(below + "/cpu.max");
        const std::string cpus = t.get(below + "/cpuset.cpus");
        add_controllers(t, below, t.get(path));
        if (max != "<none>") t.set(below + "/cpu.max", max);
        if (cpus != "<none>" && t.exists(below + "/cpuset.cpus")) t.set(below + "/cpuset.cpus", cpus);
      }
    }
  });
  return tree;
}

}  // namespace bayestuner::knob::test
