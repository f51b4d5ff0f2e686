#pragma once
/// What a controller sets: a place in a validated grid of batch sizes, clock levels and instances.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "bayestuner/core/error.hpp"
#include "bayestuner/core/text.hpp"

namespace bayestuner::control {

/// A place in a KnobGrid: 0-based positions in its lists, and the number of instances itself.
struct Setting {
  std::uint16_t batch_index = 0;
  std::uint16_t clock_index = 0;
  std::uint16_t instances = 1;

  friend constexpr bool operator==(const Setting&, const Setting&) = default;

  template <class Archive>
  void fields(Archive& archive) {
    archive(batch_index, clock_index, instances);
  }
};

/// The lists a controller chooses from, ascending and without repeats, checked once. Fixed storage: copying a grid
/// allocates nothing. An empty list of clocks leaves the clock to the driver and counts as one level.
class KnobGrid {
 public:
  static constexpr std::size_t max_batches = 512;
  static constexpr std::size_t max_clocks = 64;
  static constexpr std::size_t most_instances = 64;

  /// `batches`: sizes, requests a batch, 1 to 512 of them, each >= 1. `clocks_hz`: levels of the clock (or of a power
  /// limit, or of any knob that costs more power the higher it is; the unit is the caller's), at most 64, each > 0.
  /// `max_instances`: 1 to 64 copies of the network. Throws InvalidArgument.
  explicit KnobGrid(std::span<const std::uint32_t> batches, std::span<const double> clocks_hz = {},
                    std::uint16_t max_instances = 1);

  std::size_t batch_count() const noexcept { return batch_count_; }
  /// 1 where the clock is left to the driver.
  std::size_t clock_count() const noexcept { return clock_count_ == 0 ? 1 : clock_count_; }
  bool sets_clock() const noexcept { return clock_count_ > 0; }
  std::uint16_t max_instances() const noexcept { return max_instances_; }
  /// Settings in all.
  std::size_t count() const noexcept { return batch_count() * clock_count() * max_instances_; }

  /// Requests a batch of the setting, which must be in the grid.
  std::uint32_t batch(const Setting& s) const noexcept { return batches_[s.batch_index]; }
  /// NaN where the clock is left to the driver.
  double clock_hz(const Setting& s) const noexcept { return sets_clock() ? clocks_hz_[s.clock_index] : std::nan(""); }

  std::span<const std::uint32_t> batches() const noexcept { return {batches_.data(), batch_count_}; }
  std::span<const double> clocks_hz() const noexcept { return {clocks_hz_.data(), clock_count_}; }

  bool contains(const Setting& s) const noexcept {
    return s.batch_index < batch_count() && s.clock_index < clock_count() && s.instances >= 1 &&
           s.instances <= max_instances_;
  }

  /// Number of the setting, 0 to count() - 1: instances slowest, batch fastest.
  std::size_t index(const Setting& s) const noexcept {
    return ((s.instances - 1u) * clock_count() + s.clock_index) * batch_count() + s.batch_index;
  }
  Setting at(std::size_t index) const noexcept {
    const std::size_t rest = index / batch_count();
    return {static_cast<std::uint16_t>(index % batch_count()), static_cast<std::uint16_t>(rest % clock_count()),
            static_cast<std::uint16_t>(rest / clock_count() + 1)};
  }

  /// The largest batch of the list that is at most `requests`; position 0 if there is none.
  std::uint16_t batch_index_at_most(std::uint32_t requests) const noexcept {
    std::size_t i = 0;
    while (i + 1 < batch_count_ && batches_[i + 1] <= requests) ++i;
    return static_cast<std::uint16_t>(i);
  }

  friend bool operator==(const KnobGrid&, const KnobGrid&) = default;

  template <class Archive>
  void fields(Archive& archive) {
    archive(batch_count_, clock_count_, max_instances_);
    for (std::size_t i = 0; i < batch_count_; ++i) archive(batches_[i]);
    for (std::size_t i = 0; i < clock_count_; ++i) archive(clocks_hz_[i]);
  }

 private:
  std::array<std::uint32_t, max_batches> batches_{};
  std::array<double, max_clocks> clocks_hz_{};
  std::uint32_t batch_count_ = 0, clock_count_ = 0;
  std::uint16_t max_instances_ = 1;
};

inline KnobGrid::KnobGrid(std::span<const std::uint32_t> batches, std::span<const double> clocks_hz,
                          std::uint16_t max_instances) {
  if (batches.empty() || batches.size() > max_batches) {
    throw InvalidArgument("batches: " + std::to_string(batches.size()) + " sizes; 1 to " + std::to_string(max_batches) +
                          " are allowed");
  }
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (batches[i] == 0) throw InvalidArgument("batches: a size of 0; each must be 1 or more");
    if (i > 0 && batches[i] <= batches[i - 1]) {
      throw InvalidArgument("batches: " + std::to_string(batches[i]) + " follows " + std::to_string(batches[i - 1]) +
                            "; sizes must rise");
    }
    batches_[i] = batches[i];
  }
  if (clocks_hz.size() > max_clocks) {
    throw InvalidArgument("clocks_hz: " + std::to_string(clocks_hz.size()) + " levels; at most " +
                          std::to_string(max_clocks) + " are allowed");
  }
  for (std::size_t i = 0; i < clocks_hz.size(); ++i) {
    if (!(clocks_hz[i] > 0.0) || !std::isfinite(clocks_hz[i])) {
      throw InvalidArgument("clocks_hz: " + to_text(clocks_hz[i]) + " is not a finite number above 0");
    }
    if (i > 0 && clocks_hz[i] <= clocks_hz[i - 1]) {
      throw InvalidArgument("clocks_hz: " + to_text(clocks_hz[i]) + " follows " + to_text(clocks_hz[i - 1]) +
                            "; levels must rise");
    }
    clocks_hz_[i] = clocks_hz[i];
  }
  if (max_instances < 1 || max_instances > most_instances) {
    throw InvalidArgument("max_instances: " + std::to_string(max_instances) + " is outside [1, " +
                          std::to_string(most_instances) + "]");
  }
  batch_count_ = static_cast<std::uint32_t>(batches.size());
  clock_count_ = static_cast<std::uint32_t>(clocks_hz.size());
  max_instances_ = max_instances;
}

}  // namespace bayestuner::control
