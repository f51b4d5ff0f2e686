#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/knob/process_identity.hpp"

namespace bayestuner::knob {

/// Another process uses the resource now; it is named in the text. Later it may work (Python: OSError).
class BAYESTUNER_EXPORT BusyError : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// One tuner per resource: flock on `<state_dir>/lock/<resource>.lock`, which names its holder.
/// The kernel lets go when the holder ends; a lock that only a forked child of a dead holder still has is taken over.
class ResourceLock {
 public:
  /// `what`: the resource in words for messages; empty: its name.
  /// Throws BusyError naming the holder where another one has it; InvalidArgument for a name that is no file name.
  ResourceLock(const std::filesystem::path& state_dir, const std::string& resource, const std::string& what = {});
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
