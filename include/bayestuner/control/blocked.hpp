#pragma once
/// Settings that violated a limit lately.

#include <algorithm>
#include <array>
#include <cstdint>

#include "bayestuner/control/setting.hpp"

namespace bayestuner::control {

/// A violator forbids itself and everything at least as large in all knobs, for a number of windows that doubles each
/// time the same setting violates again. Holds the last 32 violators.
class Blocked {
 public:
  void clear() noexcept { count_ = 0; }

  /// `setting` violated in window `now`: blocked for `windows`, or twice what it was blocked for before.
  void block(const Setting& setting, std::uint32_t now, std::uint32_t windows) noexcept {
    std::size_t place = 0;
    while (place < count_ && !(entries_[place].setting == setting)) ++place;
    if (place < count_) {
      windows = std::min<std::uint32_t>(2 * entries_[place].windows, 1u << 20);
    } else if (count_ < entries_.size()) {
      ++count_;
    } else {
      const auto first_free = std::min_element(entries_.begin(), entries_.end(),
                                               [](const Entry& a, const Entry& b) { return a.until < b.until; });
      place = static_cast<std::size_t>(first_free - entries_.begin());
    }
    entries_[place] = {setting, now + windows, windows};
  }

  bool is_blocked(const Setting& s, std::uint32_t now) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      const Setting& v = entries_[i].setting;
      if (entries_[i].until > now && s.batch_index >= v.batch_index && s.clock_index >= v.clock_index &&
          s.instances >= v.instances) {
        return true;
      }
    }
    return false;
  }

  template <class Archive>
  void fields(Archive& archive) {
    archive(count_, entries_);
  }

 private:
  struct Entry {
    Setting setting;
    std::uint32_t until = 0, windows = 0;
    template <class Archive>
    void fields(Archive& archive) {
      archive(setting, until, windows);
    }
  };
  std::array<Entry, 32> entries_{};
  std::uint32_t count_ = 0;
};

}  // namespace bayestuner::control
