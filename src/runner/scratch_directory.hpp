#pragma once

#include <filesystem>

namespace bayestuner::runner {

/// Folders for the logs of trials: below `keep`, or in a folder of its own that goes with this object.
class ScratchDirectory {
 public:
  /// Throws DeviceError if it cannot be made.
  explicit ScratchDirectory(const std::filesystem::path& keep);
  ~ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  /// A fresh folder for run number `number`.
  std::filesystem::path next(int number);

 private:
  std::filesystem::path root_;
  bool temporary_;
};

}  // namespace bayestuner::runner
