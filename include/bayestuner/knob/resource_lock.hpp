#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "bayestuner/knob/process_identity.hpp"

namespace bayestuner::knob {

/// One tuner per resource: flock on `<state_dir>/lock/<resource>.lock`, which names its holder.
/// The kernel lets go when the holder ends; a lock that only a forked child of a dead holder still has is taken over.
class ResourceLock {
 public:
  /// Throws DeviceError naming the holder where another one has it; InvalidArgument for a name that is no file name.
  ResourceLock(const std::filesystem::path& state_dir, const std::string& resource);
  ~ResourceLock();
  ResourceLock(ResourceLock&& other) noexcept;
  ResourceLock& operator=(ResourceLock&&) = delete;

  const std::string& resource() const { return resource_; }

 private:
  std::string resource_;
  int fd_ = -1;
  pid_t owner_ = 0;
};

}  // namespace bayestuner::knob
