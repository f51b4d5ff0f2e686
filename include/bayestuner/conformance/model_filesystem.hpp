#pragma once
/// A tree of files that behaves like the kernel's: it clamps, refuses, and changes other files.

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::conformance {

/// A temporary tree for adapters' tests; removed at the end. A plain folder accepts anything, so hooks make it strict.
/// Hooks are found by the end of the path, the latest first.
class ModelFilesystem : public knob::Filesystem {
 public:
  /// Gets the bytes and may change what is stored; returns 0 or the errno to refuse with.
  using WriteHook = std::function<int(const std::string& path, std::string& bytes)>;
  /// Gets the content and may change what the reader sees; returns 0 or an errno.
  using ReadHook = std::function<int(const std::string& path, std::string& bytes)>;
  /// Runs after a write or mkdir that was accepted.
  using AfterHook = std::function<void(const ModelFilesystem& tree, const std::string& path)>;

  ModelFilesystem() : Filesystem(make_root()) {}
  ~ModelFilesystem() override {
    std::error_code error;
    if (owner_ == ::getpid()) std::filesystem::remove_all(root(), error);
  }

  /// Creates or replaces a file, with its folders.
  void set(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = on_disk(path);
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }
  /// What the file holds, hooks aside; "<none>" where there is none.
  std::string get(const std::string& path) const {
    std::ifstream file(on_disk(path), std::ios::binary);
    if (!file) return "<none>";
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void mkdir(const std::string& path) const { std::filesystem::create_directories(on_disk(path)); }

  void on_write(std::string suffix, WriteHook hook) {
    write_.insert(write_.begin(), {std::move(suffix), std::move(hook)});
  }
  void on_read(std::string suffix, ReadHook hook) { read_.insert(read_.begin(), {std::move(suffix), std::move(hook)}); }
  void after_write(std::string suffix, AfterHook hook) { after_.emplace_back(std::move(suffix), std::move(hook)); }
  /// Fills a new directory as the kernel fills a new control group.
  void after_mkdir(AfterHook hook) { mkdir_ = std::move(hook); }
  /// Refuses writes to paths that end in `suffix`.
  void refuse(std::string suffix, int error) {
    on_write(std::move(suffix), [error](const std::string&, std::string&) { return error; });
  }
  /// Every accepted write, in order: `path=bytes`.
  const std::vector<std::string>& log() const { return log_; }
  void clear_log() { log_.clear(); }

  int read_bytes(const std::string& path, std::string& bytes) const override {
    if (const int error = Filesystem::read_bytes(path, bytes)) return error;
    const auto hook = find(read_, path);
    return hook == read_.end() ? 0 : hook->second(path, bytes);
  }
  int write_bytes(const std::string& path, std::string_view bytes) const override {
    std::string stored(bytes);
    const auto hook = find(write_, path);
    if (hook != write_.end()) {
      if (const int error = hook->second(path, stored)) return error;
    }
    if (const int error = Filesystem::write_bytes(path, stored)) return error;
    log_.push_back(path + "=" + std::string(bytes));
    for (const auto& [suffix, after] : after_) {
      if (path.ends_with(suffix)) after(*this, path);
    }
    return 0;
  }
  int make_dir(const std::string& path) const override {
    if (const int error = Filesystem::make_dir(path)) return error;
    if (mkdir_) mkdir_(*this, path);
    return 0;
  }
  /// As rmdir of a control group: EBUSY with processes or groups inside, and the kernel's files go along.
  int remove_dir(const std::string& path) const override {
    const std::filesystem::path directory = on_disk(path);
    if (!std::filesystem::exists(directory)) return ENOENT;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      if (entry.is_directory()) return EBUSY;
    }
    const std::string inside = get(path + "/cgroup.procs");
    if (inside != "<none>" && inside.find_first_of("0123456789") != std::string::npos) return EBUSY;
    std::error_code error;
    std::filesystem::remove_all(directory, error);
    return error ? EIO : 0;
  }

 private:
  template <class Hooks>
  static typename Hooks::const_iterator find(const Hooks& hooks, const std::string& path) {
    return std::find_if(hooks.begin(), hooks.end(), [&](const auto& hook) { return path.ends_with(hook.first); });
  }
  static std::filesystem::path make_root() {
    std::string name = (std::filesystem::temp_directory_path() / "bayestuner-tree-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    return name;
  }

  std::vector<std::pair<std::string, WriteHook>> write_;
  std::vector<std::pair<std::string, ReadHook>> read_;
  std::vector<std::pair<std::string, AfterHook>> after_;
  AfterHook mkdir_;
  mutable std::vector<std::string> log_;
  pid_t owner_ = ::getpid();
};

}  // namespace bayestuner::conformance
