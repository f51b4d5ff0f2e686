#include "runner/scratch_directory.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"
#include "bayestuner/knob/process_identity.hpp"

namespace bayestuner::runner {

namespace fs = std::filesystem;

namespace {

constexpr const char* kPrefix = "bayestuner-run-";

/// Removes the folders of runs that were killed: `<prefix><pid>-<starttime>-…` of processes that are gone.
void sweep(const fs::path& parent) {
  std::error_code error;
  for (fs::directory_iterator at(parent, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    knob::ProcessIdentity owner;
    if (name.rfind(kPrefix, 0) != 0) continue;
    const char* const last = name.data() + name.size();
    const auto [dash, no_pid] = std::from_chars(name.data() + std::strlen(kPrefix), last, owner.pid);
    if (no_pid != std::errc{} || dash == last || *dash != '-') continue;
    const auto [rest, no_time] = std::from_chars(dash + 1, last, owner.starttime);
    if (no_time != std::errc{} || rest == last || *rest != '-' || knob::is_alive(owner)) continue;
    struct stat status {};
    if (::lstat(at->path().c_str(), &status) != 0 || status.st_uid != ::geteuid() || !S_ISDIR(status.st_mode)) continue;
    std::error_code ignored;
    fs::remove_all(at->path(), ignored);
  }
}

}  // namespace

ScratchDirectory::ScratchDirectory(const fs::path& keep) : root_(keep), temporary_(keep.empty()) {
  std::error_code error;
  if (temporary_) {
    const fs::path parent = fs::temp_directory_path(error);
    sweep(parent);
    const auto self = knob::identity_of().value_or(knob::ProcessIdentity{});
    std::string name =
        (parent / (kPrefix + std::to_string(self.pid) + "-" + std::to_string(self.starttime) + "-XXXXXX")).string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      throw DeviceError(knob::system_error_text(name, "making a folder for logs", error ? error.value() : errno));
    }
    root_ = name;
  } else if (fs::create_directories(root_, error); error) {
    throw DeviceError(knob::system_error_text(root_.string(), "making a folder for logs", error.value()));
  }
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  if (temporary_) fs::remove_all(root_, ignored);
}

fs::path ScratchDirectory::next(int number) {
  fs::path folder = root_ / ("run-" + std::to_string(number));
  std::error_code error;
  fs::remove_all(folder, error);
  if (temporary_ && number > 0) fs::remove_all(root_ / ("run-" + std::to_string(number - 1)), error);
  fs::create_directories(folder, error);
  if (error) throw DeviceError(knob::system_error_text(folder.string(), "making a folder for logs", error.value()));
  return folder;
}

}  // namespace bayestuner::runner
