#pragma once

#include <memory>
#include <string>

#include "bayestuner/knob/concepts.hpp"
#include "bayestuner/knob/filesystem.hpp"

namespace bayestuner::knob {

struct FileValueOptions {
  std::shared_ptr<const Filesystem> filesystem = {};  ///< empty: the machine
  std::string verify = {};                            ///< file that shows the effective value; empty: the same
  double settle_s = 0.0;                              ///< how long that may take
  std::string kind = "sysfs";
  std::string resource = {};  ///< lock; empty: one of this file
};

/// One value in one kernel file below /sys or /proc, for knobs that have no adapter of their own. The value found
/// before comes back afterwards.
class FileValue {
 public:
  /// Throws InvalidArgument for a relative path.
  FileValue(std::string path, space::Parameter parameter, FileValueOptions options = {});

  const std::string& name() const { return parameter_.name(); }
  Description describe() const;
  Availability availability() const { return availability_; }
  space::Parameter parameter() const { return parameter_; }
  /// Throws InvalidArgument for a value that is not allowed, DeviceError where the knob is unavailable.
  Plan plan(const space::Value& value) const;

 private:
  std::string path_;
  space::Parameter parameter_;
  FileValueOptions options_;
  Availability availability_ = Availability::available();
};

}  // namespace bayestuner::knob
