#pragma once

#include <optional>
#include <string>
#include <utility>

namespace bayestuner {

/// Whether a device is there. Missing hardware is a value with a reason, never an exception.
class Availability {
 public:
  static Availability available() { return Availability{}; }
  /// `reason` is one line; `remedy` is the command or right that would make it available, if any.
  static Availability unavailable(std::string reason, std::string remedy = {}) {
    Availability a;
    a.reason_ = std::move(reason);
    a.remedy_ = std::move(remedy);
    a.available_ = false;
    return a;
  }

  explicit operator bool() const { return available_; }
  const std::string& reason() const { return reason_; }
  const std::string& remedy() const { return remedy_; }

 private:
  bool available_ = true;
  std::string reason_;
  std::string remedy_;
};

}  // namespace bayestuner
