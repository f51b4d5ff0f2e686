#pragma once

#include <string>

#include "bayestuner/knob/concepts.hpp"

namespace bayestuner::knob {

/// A placeholder {name} in a configuration file that the workload reads when it starts. The file is rendered from a
/// template, written beside the target, flushed and renamed, so that nobody sees half of it; its bytes and mode come
/// back afterwards, even after a power loss. Several knobs may share a file and template. Symlinks are refused.
class ConfigFile {
 public:
  /// `path`: absolute; `text`: the template, whose braces around anything but a name stay (JSON).
  /// Throws InvalidArgument for a relative path or a template without the placeholder.
  ConfigFile(std::string path, std::string text, space::Parameter parameter, std::string kind = "software");

  const std::string& name() const { return parameter_.name(); }
  Description describe() const;
  Availability availability() const { return availability_; }
  space::Parameter parameter() const { return parameter_; }
  /// Throws InvalidArgument for a value that is not allowed, DeviceError where the knob is unavailable.
  Plan plan(const space::Value& value) const;

 private:
  std::string path_;
  std::string text_;
  space::Parameter parameter_;
  std::string kind_;
  Availability availability_;
};

}  // namespace bayestuner::knob
