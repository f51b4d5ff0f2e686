#include "runner/scratch_directory.hpp"

#include <cerrno>
#include <cstdlib>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::runner {

namespace fs = std::filesystem;

ScratchDirectory::ScratchDirectory(const fs::path& keep) : root_(keep), temporary_(keep.empty()) {
  std::error_code error;
  if (temporary_) {
    std::string name = (fs::temp_directory_path(error) / "bayestuner-run-XXXXXX").string();
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
  const fs::path folder = root_ / ("run-" + std::to_string(number));
  std::error_code error;
  fs::remove_all(folder, error);
  if (temporary_ && number > 0) fs::remove_all(root_ / ("run-" + std::to_string(number - 1)), error);
  fs::create_directories(folder, error);
  if (error) throw DeviceError(knob::system_error_text(folder.string(), "making a folder for logs", error.value()));
  return folder;
}

}  // namespace bayestuner::runner
